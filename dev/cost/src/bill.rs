//! List prices, as they lie in `dev/cost/prices.json`, and quantities times prices.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::quantities::{self, Line};

/// What happens in a month.
#[derive(Debug, Clone, Copy)]
pub struct Month {
    pub workflows: u64,
    /// That an agent works on a step.
    pub agent_seconds: f64,
    /// Kept in the bucket, in GB.
    pub artifacts_gb: f64,
    /// Images of the agents that are kept, in GB.
    pub images_gb: f64,
    /// With alarms and dashboard.
    pub watched: bool,
}

#[derive(Debug, Serialize)]
pub struct Row {
    pub what: &'static str,
    pub quantity: f64,
    pub price: f64,
    pub cost: f64,
}

#[derive(Debug, Serialize)]
pub struct Part {
    pub name: &'static str,
    pub rows: Vec<Row>,
    pub cost: f64,
}

impl Part {
    /// # Errors
    /// Where there is no price for a line.
    pub fn of(name: &'static str, lines: Vec<Line>, prices: &Prices) -> Result<Self> {
        let row = |line: Line| {
            let price = prices.of(line.price)?;
            Ok(Row {
                what: line.what,
                quantity: line.quantity,
                price,
                cost: line.quantity * price,
            })
        };
        let rows: Vec<Row> = lines.into_iter().map(row).collect::<Result<_>>()?;
        let cost = rows.iter().map(|row| row.cost).sum();
        Ok(Self { name, rows, cost })
    }

    fn times(mut self, count: f64) -> Self {
        for row in &mut self.rows {
            row.quantity *= count;
            row.cost *= count;
        }
        self.cost *= count;
        self
    }
}

/// What these come to.
pub fn sum(parts: &[Part]) -> f64 {
    parts.iter().map(|part| part.cost).sum()
}

/// In dollars.
#[derive(Debug, Serialize)]
pub struct Bill {
    pub region: String,
    pub prices_as_of: String,
    pub prices_from: String,
    pub workflows_per_month: u64,
    /// All that AWS asks for one workflow, but the agents' compute and tokens.
    pub per_workflow: f64,
    /// With the agents' compute, for this time on each step.
    pub per_workflow_with_agents: f64,
    pub agent_seconds: f64,
    pub parts: Vec<Part>,
    pub per_month: f64,
}

/// What one workflow costs, but for the agents' compute and tokens.
///
/// # Errors
/// Where there is no price for something.
pub fn of_one_workflow(prices: &Prices) -> Result<Vec<Part>> {
    Ok(vec![
        Part::of("orchestration", quantities::workflow(), prices)?,
        Part::of("artifacts", quantities::artifacts(), prices)?,
        Part::of(
            "sessions until they are stopped",
            quantities::sessions(),
            prices,
        )?,
    ])
}

/// What their agents' compute costs on top.
///
/// # Errors
/// Where there is no price for something.
pub fn of_its_agents(seconds: f64, prices: &Prices) -> Result<Part> {
    Part::of("agents at work", quantities::agents(seconds), prices)
}

impl Bill {
    /// # Errors
    /// Where there is no price for something.
    pub fn of(month: &Month, prices: &Prices) -> Result<Self> {
        let count = month.workflows as f64;
        let mut each = of_one_workflow(prices)?;
        let per_workflow = sum(&each);
        each.push(of_its_agents(month.agent_seconds, prices)?);
        let per_workflow_with_agents = sum(&each);
        let stored = quantities::storage(month.artifacts_gb, month.images_gb);
        let mut parts: Vec<Part> = each.into_iter().map(|part| part.times(count)).collect();
        parts.extend([
            Part::of("an idle stage", quantities::idle(), prices)?,
            // Each in an hour of its own, at worst.
            Part::of("metrics", quantities::metrics(count), prices)?,
            Part::of("storage", stored, prices)?,
        ]);
        if month.watched {
            let watching = quantities::watching();
            parts.push(Part::of("alarms and dashboard", watching, prices)?);
        }
        Ok(Self {
            region: prices.region.clone(),
            prices_as_of: prices.as_of.clone(),
            prices_from: prices.source.clone(),
            workflows_per_month: month.workflows,
            per_workflow,
            per_workflow_with_agents,
            agent_seconds: month.agent_seconds,
            per_month: sum(&parts),
            parts,
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    pub region: String,
    pub currency: String,
    pub as_of: String,
    pub source: String,
    prices: BTreeMap<String, f64>,
}

impl Prices {
    /// # Errors
    /// Where `file` is not readable or not of this form.
    pub fn from_file(file: &std::path::Path) -> Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        Self::parse(&text).with_context(|| format!("{} is no list of prices", file.display()))
    }

    /// # Errors
    /// If the list that this program was built with is none.
    pub fn built_in() -> Result<Self> {
        Self::parse(include_str!("../prices.json"))
    }

    fn parse(text: &str) -> Result<Self> {
        Ok(serde_json::from_str(text)?)
    }

    /// Dollars for one of `name`.
    ///
    /// # Errors
    /// If the list has none of this name.
    pub fn of(&self, name: &str) -> Result<f64> {
        let found = self.prices.get(name).copied();
        found.with_context(|| format!("the list of prices has no `{name}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(workflows: u64) -> Bill {
        let month = Month {
            workflows,
            agent_seconds: 60.0,
            artifacts_gb: 1.0,
            images_gb: 1.0,
            watched: true,
        };
        Bill::of(&month, &Prices::built_in().unwrap()).unwrap()
    }

    #[test]
    fn what_happens_costs_by_how_often_and_the_rest_does_not() {
        let (none, many) = (of(0), of(1_000));
        assert!((none.per_month - sum(&none.parts)).abs() < 1e-9);
        let [of_none, of_many] = [&none, &many].map(|bill| sum(&bill.parts[..4]));
        assert_eq!(of_none, 0.0);
        let more = of_many - many.per_workflow_with_agents * 1_000.0;
        assert!(more.abs() < 1e-9);
        assert_eq!(none.parts[4].cost, many.parts[4].cost);
    }

    #[test]
    fn agents_cost_by_the_time_that_they_work() {
        let bill = of(1);
        assert!(bill.per_workflow_with_agents > bill.per_workflow * 2.0);
        let prices = Prices::built_in().unwrap();
        let [none, minute, two] =
            [0.0, 60.0, 120.0].map(|s| of_its_agents(s, &prices).unwrap().cost);
        assert_eq!(none, 0.0);
        assert!((two - 2.0 * minute).abs() < 1e-12);
    }

    /// What was set out to be kept, since all of it is counted.
    #[test]
    fn a_million_workflows_cost_so_much_at_most() {
        let million = of(1_000_000).per_workflow * 1e6;
        assert!(million <= 230.0, "{million}");
    }

    #[test]
    fn a_price_that_is_missing_is_named() {
        let prices = Prices::built_in().unwrap();
        let error = prices.of("unobtainium").unwrap_err();
        assert!(error.to_string().contains("unobtainium"));
    }
}

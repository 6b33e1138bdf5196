//! Quantities times prices.

use anyhow::Result;
use serde::Serialize;

use crate::prices::Prices;
use crate::quantities::{self, Line};

/// What happens in a month.
#[derive(Debug, Clone, Copy)]
pub struct Month {
    pub workflows: u64,
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
}

/// In dollars.
#[derive(Debug, Serialize)]
pub struct Bill {
    pub region: String,
    pub prices_as_of: String,
    pub prices_from: String,
    pub workflows_per_month: u64,
    /// Without the agents' compute and their artifacts.
    pub orchestration_per_workflow: f64,
    pub artifacts_per_workflow: f64,
    pub parts: Vec<Part>,
    pub per_month: f64,
}

impl Bill {
    /// # Errors
    /// Where there is no price for something.
    pub fn of(month: &Month, prices: &Prices) -> Result<Self> {
        let count = month.workflows as f64;
        let each = |lines: Vec<Line>| -> Vec<Line> {
            let times = |line: Line| Line {
                quantity: line.quantity * count,
                ..line
            };
            lines.into_iter().map(times).collect()
        };
        let stored = quantities::storage(month.artifacts_gb, month.images_gb);
        let mut parts = vec![
            Part::of("workflows", each(quantities::workflow()), prices)?,
            Part::of("their artifacts", each(quantities::artifacts()), prices)?,
            Part::of("an idle stage", quantities::idle(), prices)?,
            // Each in an hour of its own, at worst.
            Part::of("metrics", quantities::metrics(count), prices)?,
            Part::of("storage", stored, prices)?,
        ];
        if month.watched {
            let watching = quantities::watching();
            parts.push(Part::of("alarms and dashboard", watching, prices)?);
        }
        Ok(Self {
            region: prices.region.clone(),
            prices_as_of: prices.as_of.clone(),
            prices_from: prices.source.clone(),
            workflows_per_month: month.workflows,
            orchestration_per_workflow: Part::of("", quantities::workflow(), prices)?.cost,
            artifacts_per_workflow: Part::of("", quantities::artifacts(), prices)?.cost,
            per_month: parts.iter().map(|part| part.cost).sum(),
            parts,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(workflows: u64) -> Bill {
        let month = Month {
            workflows,
            artifacts_gb: 1.0,
            images_gb: 1.0,
            watched: true,
        };
        Bill::of(&month, &Prices::built_in().unwrap()).unwrap()
    }

    #[test]
    fn what_happens_costs_by_how_often_and_the_rest_does_not() {
        let (none, many) = (of(0), of(1_000));
        let idle: f64 = none.parts.iter().map(|part| part.cost).sum();
        assert!((none.per_month - idle).abs() < 1e-9);
        assert_eq!(none.parts[0].cost, 0.0);
        let more = many.parts[0].cost - many.orchestration_per_workflow * 1_000.0;
        assert!(more.abs() < 1e-9);
        assert_eq!(none.parts[2].cost, many.parts[2].cost);
    }

    /// What was set out to be kept.
    #[test]
    fn a_million_workflows_cost_sixty_dollars_at_most() {
        let million = of(1_000_000);
        assert!(million.parts[0].cost <= 60.0, "{}", million.parts[0].cost);
    }

    #[test]
    fn a_price_that_is_missing_is_named() {
        let prices = Prices::built_in().unwrap();
        let error = prices.of("unobtainium").unwrap_err();
        assert!(error.to_string().contains("unobtainium"));
    }
}

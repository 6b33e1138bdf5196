//! `aegis cost`: what workflows cost, from counted calls and list prices.

mod prices;
mod quantities;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;

use self::prices::Prices;
use self::quantities::Line;
use crate::client::text::columns;
use crate::context::Context;

/// Say what workflows cost on AWS, from counted calls and list prices.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Workflows in a month.
    #[arg(long, default_value_t = 100, value_name = "N")]
    workflows: u64,
    /// Artifacts that are kept, in GB.
    #[arg(long, default_value_t = 1.0, value_name = "GB")]
    artifacts: f64,
    /// Images of the agents that are kept, in GB.
    #[arg(long, default_value_t = 1.0, value_name = "GB")]
    images: f64,
    /// Without alarms and dashboard: `alarms = false` in Terraform.
    #[arg(long)]
    no_alarms: bool,
    /// Another list of prices, in the form of cli/assets/prices.json.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Row {
    what: &'static str,
    quantity: f64,
    price: f64,
    cost: f64,
}

#[derive(Debug, Serialize)]
struct Part {
    name: &'static str,
    rows: Vec<Row>,
    cost: f64,
}

/// In dollars.
#[derive(Debug, Serialize)]
pub struct Bill {
    region: String,
    prices_as_of: String,
    prices_from: String,
    workflows_per_month: u64,
    /// Without the agents' compute and their artifacts.
    orchestration_per_workflow: f64,
    artifacts_per_workflow: f64,
    parts: Vec<Part>,
    per_month: f64,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<ExitCode> {
    let prices = match &arguments.prices {
        Some(file) => Prices::from_file(file)?,
        None => Prices::built_in()?,
    };
    let bill = bill(arguments, &prices)?;
    if context.json {
        println!("{}", serde_json::to_string_pretty(&bill)?);
    } else {
        print(&bill, &prices);
    }
    Ok(ExitCode::SUCCESS)
}

fn bill(arguments: &Arguments, prices: &Prices) -> Result<Bill> {
    let count = arguments.workflows as f64;
    let each = |lines: Vec<Line>| -> Vec<Line> {
        let times = |line: Line| Line {
            quantity: line.quantity * count,
            ..line
        };
        lines.into_iter().map(times).collect()
    };
    let mut parts = vec![
        part("workflows", each(quantities::workflow()), prices)?,
        part("their artifacts", each(quantities::artifacts()), prices)?,
        part("an idle stage", quantities::idle(), prices)?,
        // Each in an hour of its own, at worst.
        part("metrics", quantities::metrics(count), prices)?,
        part(
            "storage",
            quantities::storage(arguments.artifacts, arguments.images),
            prices,
        )?,
    ];
    if !arguments.no_alarms {
        parts.push(part(
            "alarms and dashboard",
            quantities::watching(),
            prices,
        )?);
    }
    Ok(Bill {
        region: prices.region.clone(),
        prices_as_of: prices.as_of.clone(),
        prices_from: prices.source.clone(),
        workflows_per_month: arguments.workflows,
        orchestration_per_workflow: part("", quantities::workflow(), prices)?.cost,
        artifacts_per_workflow: part("", quantities::artifacts(), prices)?.cost,
        per_month: parts.iter().map(|part| part.cost).sum(),
        parts,
    })
}

fn part(name: &'static str, lines: Vec<Line>, prices: &Prices) -> Result<Part> {
    let rows: Vec<Row> = lines
        .into_iter()
        .map(|line| {
            let price = prices.of(line.price)?;
            Ok(Row {
                what: line.what,
                quantity: line.quantity,
                price,
                cost: line.quantity * price,
            })
        })
        .collect::<Result<_>>()?;
    let cost = rows.iter().map(|row| row.cost).sum();
    Ok(Part { name, rows, cost })
}

fn print(bill: &Bill, prices: &Prices) {
    let mut table = Vec::new();
    for part in &bill.parts {
        table.push(vec![
            part.name.to_owned(),
            String::new(),
            dollars(part.cost),
        ]);
        for row in &part.rows {
            let what = format!("  {}", row.what);
            table.push(vec![what, amount(row.quantity), dollars(row.cost)]);
        }
    }
    for line in columns(&table) {
        println!("{line}");
    }
    println!();
    println!(
        "{} workflows a month: {} {}",
        bill.workflows_per_month,
        dollars(bill.per_month).trim(),
        prices.currency
    );
    println!(
        "a million workflows: {} for orchestration, {} for their artifacts",
        dollars(bill.orchestration_per_workflow * 1e6).trim(),
        dollars(bill.artifacts_per_workflow * 1e6).trim(),
    );
    println!(
        "Without the agents' compute and models, data transfer, taxes and any free tier. Prices of {}, {}: {}",
        bill.region, bill.prices_as_of, bill.prices_from
    );
}

fn dollars(cost: f64) -> String {
    format!("{cost:>9.2}")
}

fn amount(quantity: f64) -> String {
    if quantity >= 10.0 {
        format!("{quantity:>11.0}")
    } else {
        format!("{quantity:>11.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(workflows: u64) -> Bill {
        let arguments = Arguments {
            workflows,
            artifacts: 1.0,
            images: 1.0,
            no_alarms: false,
            prices: None,
        };
        bill(&arguments, &Prices::built_in().unwrap()).unwrap()
    }

    /// ARCHITECTURE.md and this program say the same.
    #[test]
    fn the_documents_state_what_is_computed() {
        let bill = of(1_000_000);
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../ARCHITECTURE.md");
        let text = std::fs::read_to_string(file).unwrap();
        for row in &bill.parts[0].rows {
            let cost = format!("| {:.2} |", row.cost);
            assert!(text.contains(&cost), "no line of {cost} for {}", row.what);
        }
        let sum = format!("| **orchestration** | | | **{:.2}** |", bill.parts[0].cost);
        assert!(text.contains(&sum), "{sum}");
    }

    #[test]
    fn the_month_of_a_dev_stage_is_in_the_guide() {
        let bill = of(100);
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../terraform/README.md");
        let text = std::fs::read_to_string(file).unwrap();
        let (_, table) = text.split_once("## What it costs").unwrap();
        for part in &bill.parts {
            let cost = format!("| {:.2} |", part.cost);
            assert!(table.contains(&cost), "no line of {cost} for {}", part.name);
        }
        let all = format!("| **all** | **{:.2}** |", bill.per_month);
        assert!(table.contains(&all), "{all}");
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

    #[test]
    fn a_price_that_is_missing_is_named() {
        let prices = Prices::built_in().unwrap();
        let error = prices.of("unobtainium").unwrap_err();
        assert!(error.to_string().contains("unobtainium"));
    }
}

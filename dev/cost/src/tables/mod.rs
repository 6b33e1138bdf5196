//! The tables of the documents.

pub mod scale;

use std::fmt::Write as _;

use anyhow::Result;

use crate::bill::{Bill, Month, Part, of_its_agents, of_one_workflow, sum};
use crate::prices::Prices;
use crate::scale::WORK_SECONDS;

/// What a million workflows cost.
///
/// # Errors
/// Where a price is missing.
pub fn prices(prices: &Prices) -> Result<String> {
    let mut table =
        "| | quantity | price each | USD per million workflows |\n|---|---|---|---|\n".to_owned();
    let mut parts = of_one_workflow(prices)?;
    for part in &parts {
        lines(&mut table, part);
    }
    let all = sum(&parts);
    total(&mut table, "all but the agents' compute and tokens", all);
    let agents = of_its_agents(WORK_SECONDS, prices)?;
    lines(&mut table, &agents);
    parts.push(agents);
    let name = format!("with agents that work for {WORK_SECONDS} s on each step");
    total(&mut table, &name, sum(&parts));
    Ok(table)
}

fn lines(table: &mut String, part: &Part) {
    for line in &part.rows {
        let (quantity, price) = (plain(line.quantity), format!("${}", plain(line.price)));
        let cost = format!("{:.2}", line.cost * 1e6);
        row(table, &[line.what, &quantity, &price, &cost]);
    }
    total(table, part.name, part.cost);
}

fn total(table: &mut String, name: &str, cost: f64) {
    let (name, cost) = (format!("**{name}**"), format!("**{:.2}**", cost * 1e6));
    row(table, &[&name, "", "", &cost]);
}

/// What a month costs at several volumes, with a GB of artifacts and one of images.
///
/// # Errors
/// Where a price is missing.
pub fn months(prices: &Prices, volumes: &[u64]) -> Result<String> {
    let bills: Vec<Bill> = volumes
        .iter()
        .map(|workflows| {
            let month = Month {
                workflows: *workflows,
                agent_seconds: WORK_SECONDS,
                artifacts_gb: 1.0,
                images_gb: 1.0,
                watched: true,
            };
            Bill::of(&month, prices)
        })
        .collect::<Result<_>>()?;
    let mut table = String::from("| USD a month |");
    for bill in &bills {
        let _ = write!(table, " {} workflows |", bill.workflows_per_month);
    }
    let _ = writeln!(table, "\n|---|{}", "---|".repeat(bills.len()));
    let Some(first) = bills.first() else {
        return Ok(table);
    };
    for (index, part) in first.parts.iter().enumerate() {
        let costs = bills.iter().filter_map(|bill| bill.parts.get(index));
        let costs: Vec<String> = costs.map(|part| format!("{:.2}", part.cost)).collect();
        let _ = writeln!(table, "| {} | {} |", part.name, costs.join(" | "));
    }
    let all = bills
        .iter()
        .map(|bill| format!("**{:.2}**", bill.per_month));
    let all: Vec<String> = all.collect();
    let _ = writeln!(table, "| **all** | {} |", all.join(" | "));
    Ok(table)
}

fn row(table: &mut String, cells: &[&str]) {
    let _ = writeln!(table, "| {} |", cells.join(" | "));
}

/// Without an exponent, and without zeros at the end.
fn plain(number: f64) -> String {
    let text = format!("{number:.10}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

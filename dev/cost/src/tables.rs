//! The tables of the documents.

use std::fmt::Write as _;

use anyhow::Result;

use crate::bill::{Bill, Month, Part, Prices, of_its_agents, of_one_workflow, sum};
use crate::scale::{Passage, Stage, WORK_SECONDS, first, limits, pass};

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

/// Rates that are looked at, in workflows a minute.
pub const RATES: [f64; 3] = [10.0, 1_000.0, 100_000.0];
const MILLION: f64 = 1e6;
/// A million of the slowest would take two months.
const A_DAY: f64 = 24.0 * 60.0;

/// What limits a stage of default settings, the narrowest first.
pub fn limit_table() -> String {
    let mut table = concat!(
        "| what | one workflow takes | allowed in a second | workflows a minute | moved by | more than that |\n",
        "|---|---|---|---|---|---|\n"
    )
    .to_owned();
    for limit in limits(&Stage::default()) {
        let what = match limit.source {
            "" => limit.what.to_owned(),
            source => format!("[{}]({source})", limit.what),
        };
        let rate = thousands(limit.per_minute());
        let (takes, allowed) = (plain(limit.per_workflow), thousands(limit.allowed));
        row(
            &mut table,
            &[&what, &takes, &allowed, &rate, limit.moved_by, limit.beyond],
        );
    }
    table
}

/// Stages for which it is worked out what becomes of each rate.
pub fn stages() -> [(&'static str, Stage); 3] {
    let all_moved = Stage {
        status_shards: 4.0,
        deadline_shards: 100.0,
        dispatch_concurrency: 200.0,
        relay_parallelization: 10.0,
        api_throttle_rate: 10_000.0,
        start_throttle_rate: 10_000.0,
        new_sessions: 6_000.0,
        sessions: 1_000_000.0,
        agent_calls: 6_000.0,
        table_writes: 60_000.0,
        partitions: 60.0,
        ..Stage::default()
    };
    let no_door = Stage {
        start_throttle_rate: 10_000.0,
        ..Stage::default()
    };
    [
        ("as it is", Stage::default()),
        ("`start_throttle_rate = 10000`", no_door),
        ("all moved", all_moved),
    ]
}

/// A million workflows, or a day of them, through these stages.
pub fn passages() -> String {
    let mut table = concat!(
        "| stage | started a minute | first limit | longest wait for an agent | waiting at most | ",
        "failed as `agent_capacity` | all ended after |\n|---|---|---|---|---|---|---|\n"
    )
    .to_owned();
    for (name, stage) in stages() {
        for rate in RATES {
            let Passage {
                given_up,
                seconds,
                most_waiting,
                longest_wait,
                ..
            } = pass(&stage, MILLION.min(rate * A_DAY), rate);
            let narrow = first(&stage).filter(|limit| limit.per_minute() < rate);
            let narrow = narrow.map_or("none", |limit| limit.what);
            let cells = [
                name.to_owned(),
                thousands(rate),
                narrow.to_owned(),
                lasting(longest_wait),
                thousands(most_waiting),
                thousands(given_up),
                lasting(seconds),
            ];
            row(&mut table, &cells.each_ref().map(String::as_str));
        }
    }
    table
}

fn lasting(seconds: f64) -> String {
    if seconds < 120.0 {
        format!("{seconds:.0} s")
    } else if seconds < 7_200.0 {
        format!("{:.0} min", seconds / 60.0)
    } else {
        format!("{:.1} h", seconds / 3_600.0)
    }
}

/// Rounded, in groups of three digits.
pub fn thousands(number: f64) -> String {
    if number < 100.0 {
        return plain((number * 10.0).round() / 10.0);
    }
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_can_be_read() {
        assert_eq!(thousands(8.333), "8.3");
        assert_eq!(thousands(1_234_567.4), "1,234,567");
        assert_eq!(lasting(119.0), "119 s");
        assert_eq!(lasting(3_600.0 * 33.0), "33.0 h");
    }
}

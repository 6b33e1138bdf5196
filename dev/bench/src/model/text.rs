//! The model's figures as tables.

use super::inputs::Side;
use super::report::{Account, Model};
use crate::text::{number, table};

impl Side {
    fn name(self) -> &'static str {
        match self {
            Self::Aegis => "aegis",
            Self::StepFunctions => "Step Functions",
        }
    }
}

/// By rate, by hop, what quotas allow, and how much hangs on what is assumed.
pub fn text(model: &Model) -> String {
    [rates(model), limits(model), hops(model), sensitivity(model)].join("\n")
}

fn rates(model: &Model) -> String {
    let rows = model.rates.iter().map(|rate| {
        let cells = match rate.took {
            Some(took) => [took.p50, took.p95, took.p99].map(number),
            None => ["too many", "", ""].map(str::to_owned),
        };
        let quotas = match rate.account {
            Account::Default => "default",
            Account::AgentsRaised => "agents' raised",
            Account::RatesRaised => "all rates raised",
        };
        let mut row = vec![
            rate.side.name().to_owned(),
            rate.per_second.to_string(),
            quotas.to_owned(),
        ];
        row.extend(cells);
        row.push(rate.most_functions.to_string());
        row
    });
    let head = [
        "milliseconds",
        "workflows/s",
        "quotas",
        "p50",
        "p95",
        "p99",
        "functions at once",
    ];
    table(&head, &rows.collect::<Vec<_>>())
}

fn limits(model: &Model) -> String {
    let rows = model.limits.iter().map(|limit| {
        vec![
            limit.side.name().to_owned(),
            limit.quota.replace('_', " "),
            number(limit.per_second),
        ]
    });
    table(
        &["what lets through how many", "quota", "workflows/s"],
        &rows.collect::<Vec<_>>(),
    )
}

fn hops(model: &Model) -> String {
    let rows = model.hops.iter().map(|hop| {
        let source = if hop.source == "assumed" {
            "assumed"
        } else {
            "published"
        };
        vec![
            hop.side.name().to_owned(),
            hop.hop.clone(),
            hop.times.to_string(),
            number(hop.milliseconds),
            source.to_owned(),
        ]
    });
    table(
        &[
            "hops of one workflow",
            "hop",
            "times",
            "ms, at its median",
            "figure",
        ],
        &rows.collect::<Vec<_>>(),
    )
}

fn sensitivity(model: &Model) -> String {
    let rows = model.sensitivity.iter().map(|one| {
        vec![
            one.hop.clone(),
            number(one.factor),
            number(one.aegis_ms),
            number(one.step_functions_ms),
            number(one.ratio()),
        ]
    });
    let head = [
        "assumed figure",
        "times",
        "aegis p50",
        "Step Functions p50",
        "ratio",
    ];
    table(&head, &rows.collect::<Vec<_>>())
}

//! `cargo xtask cost`: what workflows cost, from counted calls and list prices.

use std::path::PathBuf;
use std::process::ExitCode;

use aegis_cost::scale::{Stage, WORK_SECONDS, limits};
use aegis_cost::{Bill, Month, Prices};
use anyhow::Result;

use aegis_local_aws::Context;
use aegis_terminal::out;
use aegis_terminal::style::dim;
use aegis_terminal::text::{columns, counted};

/// Say what workflows cost on AWS, from counted calls and list prices.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Workflows in a month.
    #[arg(long, default_value_t = 100, value_name = "N")]
    workflows: u64,
    /// Time that an agent works on a step, in seconds.
    #[arg(long, default_value_t = WORK_SECONDS, value_name = "SECONDS")]
    agents: f64,
    /// Artifacts that are kept, in GB.
    #[arg(long, default_value_t = 1.0, value_name = "GB")]
    artifacts: f64,
    /// Images of the agents that are kept, in GB.
    #[arg(long, default_value_t = 1.0, value_name = "GB")]
    images: f64,
    /// Without alarms and dashboard: `alarms = false` in Terraform.
    #[arg(long)]
    no_alarms: bool,
    /// Instead of prices: what limits a stage of default settings that so many workflows a minute are started on.
    #[arg(long, value_name = "N", conflicts_with_all = ["workflows", "agents", "artifacts", "images", "no_alarms", "prices"])]
    rate: Option<f64>,
    /// Another list of prices, in the form of dev/cost/prices.json.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<ExitCode> {
    if let Some(rate) = arguments.rate {
        return limit(rate, context);
    }
    let prices = match &arguments.prices {
        Some(file) => Prices::from_file(file)?,
        None => Prices::built_in()?,
    };
    let month = Month {
        workflows: arguments.workflows,
        agent_seconds: arguments.agents,
        artifacts_gb: arguments.artifacts,
        images_gb: arguments.images,
        watched: !arguments.no_alarms,
    };
    let bill = Bill::of(&month, &prices)?;
    if context.json {
        out::json(serde_json::to_string_pretty(&bill)?);
    } else {
        print(&bill, &prices);
    }
    Ok(ExitCode::SUCCESS)
}

/// Which limits such a rate meets, the narrowest first.
fn limit(rate: f64, context: &Context) -> Result<ExitCode> {
    let all = limits(&Stage::default());
    if context.json {
        out::json(serde_json::to_string_pretty(&all)?);
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|limit| {
            let fits = limit.per_minute() >= rate;
            vec![
                if fits { "fits" } else { "short" }.to_owned(),
                limit.what.to_owned(),
                format!("{:>9.0} a minute", limit.per_minute()),
                format!("moved by {}", limit.moved_by.replace('`', "")),
            ]
        })
        .collect();
    for line in columns(&rows) {
        outln!("{line}");
    }
    outln!("");
    outln!(
        "{} a minute. Computed, not measured; what is assumed, and what becomes of too much: docs/scaling.md",
        counted(rate, "workflow")
    );
    Ok(ExitCode::SUCCESS)
}

fn print(bill: &Bill, prices: &Prices) {
    let heads = ["part", "counted in a month", prices.currency.as_str()];
    let mut table = vec![heads.map(|head| dim(head).to_string()).to_vec()];
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
        outln!("{line}");
    }
    outln!("");
    outln!(
        "{} a month: {} {}",
        counted(bill.workflows_per_month, "workflow"),
        dollars(bill.per_month).trim(),
        prices.currency
    );
    outln!(
        "a million workflows: {} for all but the agents' compute and models, {} with agents that compute for {} s on each step",
        dollars(bill.per_workflow * 1e6).trim(),
        dollars(bill.per_workflow_with_agents * 1e6).trim(),
        bill.agent_seconds,
    );
    outln!(
        "Without the agents' models, data transfer, taxes and any free tier. Prices of {}, {}: {}",
        bill.region,
        bill.prices_as_of,
        bill.prices_from
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

//! `cargo xtask chaos`: whole workflows on a stack of its own while things go wrong, and an oracle that
//! reads every one of them back.
//!
//! - `faults`: what the calls to AWS suffer; `proxy`: the program that makes them suffer
//! - `turmoil`: when what happens, processes that are ended included
//! - `scenario`, `driver`: what each workflow is put through, as its clients would
//! - `bus`, `letters`, and the oracle of `aegis_client`: what must be true in the end
//! - `report`: what is printed
//!
//! It decides nothing about a workflow: it only compares what the API, the bucket, the bus and the
//! dead-letter queues say with what each scenario demands.

#![deny(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what is printed goes through `aegis_terminal`"
)]

// For its macros.
#[macro_use]
extern crate aegis_terminal;

mod bus;
mod driver;
mod faults;
mod letters;
mod proxy;
mod report;
mod run;
mod scenario;
mod turmoil;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use aegis_local_aws::Context;
use aegis_local_aws::down;
use aegis_local_aws::signals::{Interrupted, interrupted};
use aegis_terminal::out::{self, Stream};

use run::Plan;

/// Run many workflows on a stack of their own while calls to AWS fail and processes are killed, then check each.
///
/// A proxy between services, agents and the local AWS throttles, delays, refuses and cuts calls, and
/// loses answers of calls that took effect. Processes of functions and agents are ended without a
/// warning, and the emulator is stopped and started once. The exit code is 0 only if every workflow
/// ended as its scenario demands and nothing was lost or done twice.
#[derive(Debug, Args)]
pub struct Arguments {
    /// How many workflows.
    #[arg(long, value_name = "N", default_value_t = 200)]
    workflows: usize,
    /// How long faults are injected at most; they end sooner once most workflows have ended.
    #[arg(long, value_name = "M", default_value_t = 10.0, value_parser = positive)]
    minutes: f64,
    /// The seed that decides which faults happen to whom, as far as the machine's own timing allows [default: a new one].
    #[arg(long, value_name = "S")]
    seed: Option<u32>,
    /// Leave the stack running, for a closer look.
    #[arg(long)]
    keep: bool,
}

/// What `cargo xtask test chaos` runs.
const SHORT_WORKFLOWS: usize = 24;
const SHORT_TURMOIL: Duration = Duration::from_secs(60);

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(minutes) if minutes > 0.0 && minutes <= 600.0 => Ok(minutes),
        _ => Err("must be a number of minutes above 0, at most 600".to_owned()),
    }
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let plan = Plan {
        workflows: arguments.workflows,
        turmoil: Duration::from_secs_f64(arguments.minutes * 60.0),
        seed: arguments.seed.unwrap_or_else(rand::random),
    };
    let report = on_a_stack_of_its_own(&plan, arguments.keep, context).await?;
    if context.json {
        out::json(serde_json::to_string_pretty(&report)?);
    } else {
        out::write(Stream::Out, &report.page());
    }
    Ok(if report.is_well() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The short form, for the tests of this repository.
///
/// # Errors
/// What was found wrong, or why it could not be found out.
pub async fn test(context: &Context, keep: bool) -> Result<()> {
    let plan = Plan {
        workflows: SHORT_WORKFLOWS,
        turmoil: SHORT_TURMOIL,
        seed: rand::random(),
    };
    let report = on_a_stack_of_its_own(&plan, keep, context).await?;
    out::write(Stream::Err, &report.page());
    anyhow::ensure!(report.is_well(), "{}", report.verdict());
    Ok(())
}

async fn on_a_stack_of_its_own(
    plan: &Plan,
    keep: bool,
    context: &Context,
) -> Result<report::Report> {
    let own = context.below("chaos");
    let outcome = tokio::select! {
        outcome = run::all(plan, &own) => outcome,
        name = interrupted() => name.and_then(|name| Err(Interrupted(name).into())),
    };
    proxy::end(&own.folder).await?;
    if keep {
        let file = own.folder.stack_file();
        errln!(
            "The stack stays, without its fault proxy: {}",
            file.display()
        );
        return outcome;
    }
    let down = down::take_down(&own.folder, true).await;
    outcome.and_then(|report| down.map(|()| report))
}

//! `cargo xtask loadtest`: a load test on a local stack, with the stack's own agents or with some that wait instead of
//! working, on a stack of its own. `cargo xtask chaos`: the same while things go wrong.
//!
//! - `chaos`: what goes wrong when; `proxy`: calls to AWS that fail
//! - `stand_in`: agents without work in the place of the agent host, and a stack of their own
//! - `spent`: the processor time that a run takes on this machine
//!
//! Clients, oracle and report are `aegis_loadtest`'s, which also loads stages that are not on this machine.

#![deny(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what is printed goes through `aegis_terminal`"
)]

pub mod chaos;
mod proxy;
mod spent;
mod stand_in;

use std::process::ExitCode;

use aegis_client::api::Api;
use aegis_client::local::StackFolder;
use aegis_client::stage::Stage;
use aegis_loadtest::agents::Latency;
use aegis_loadtest::command::{Options, Order, show, typed};
use aegis_loadtest::report::Report;
use aegis_loadtest::scenario::Wanted;
use aegis_loadtest::{Ground, against};
use aegis_local_aws::signals::or_interrupted;
use aegis_local_aws::{Context, down};
use aegis_terminal::out::{self, Stream};
use anyhow::{Result, bail};

use spent::Spent;
use stand_in::{OwnStack, StandIn};

/// Run many workflows on a local stack and check each: how fast, how many, at what cost, and whether any was lost.
///
/// Workflows arrive as the scenario says, whatever the stack makes of it. Afterwards every one is read back. The exit
/// code is 0 only if every workflow ended as the scenario demands, and nothing was lost or done twice. Another stage is
/// loaded with `cargo run --bin aegis-loadtest -- --stage FILE`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    options: Options,
    /// Agents that wait instead of working, on a stack of their own: `instant`, `fixed:1s` or
    /// `lognormal:p50=2s,p99=10s` [default: those of the scenario, else the agents of the running stack].
    #[arg(long, value_name = "KIND")]
    agents: Option<Latency>,
    /// Leave the stack of its own running, and begin with it as it is the next time.
    #[arg(long)]
    keep: bool,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let order = Order::of(&arguments.options)?;
    let report = match arguments.agents.or(order.scenario.agents) {
        Some(latency) => {
            let conduct = order.conduct(latency);
            let (stack, keep) = (OwnStack::below(context), arguments.keep);
            let outcome = or_interrupted(stack.with_stand_in(&order, conduct, keep)).await;
            down::after_use(stack.folder(), keep, outcome).await?
        }
        None if arguments.keep => bail!(
            "--keep leaves the stack that a run has for itself, which this one has not: `--agents` gives it one"
        ),
        None => or_interrupted(on_stack(&order, None, false, &context.folder)).await?,
    };
    show(&report, arguments.options.html.as_deref(), context.json)
}

/// A few of every kind on a stack of their own, for the tests of this repository: what other tests leave behind in a
/// stack would count as lost here. Once with agents in this program, once with those that Terraform deploys as a function.
///
/// # Errors
/// What was found wrong, or why it could not be found out.
pub async fn test(context: &Context, keep: bool) -> Result<()> {
    let order = Order::named("smoke", Wanted::default(), None)?;
    let conduct = order.conduct(Latency::Instant);
    let stack = OwnStack::below(context);
    let outcome = or_interrupted(async {
        good(&stack.with_stand_in(&order, conduct, keep).await?)?;
        good(&stack.with_function(&order).await?)
    });
    let outcome = outcome.await;
    down::after_use(stack.folder(), keep, outcome).await
}

fn good(report: &Report) -> Result<()> {
    out::write(Stream::Err, &report.page());
    anyhow::ensure!(report.well, "{}", report.verdict());
    Ok(())
}

/// `alone`: the stack holds nothing but this run.
async fn on_stack(
    order: &Order,
    agents: Option<&StandIn>,
    alone: bool,
    folder: &StackFolder,
) -> Result<Report> {
    let file = folder.stack_file();
    if !file.exists() {
        bail!(
            "no local stack is running: start it with `cargo xtask up`, or load another stage with \
             `cargo run --bin aegis-loadtest -- --stage FILE`"
        );
    }
    let stage = Stage::read(&file)?;
    let hint = "\n  the local stack may have stopped: see `cargo xtask status`; `cargo xtask up` starts it";
    let ground = Ground {
        api: Api::of(&stage, None, hint).await?,
        stage,
        agents: agents.map(|agents| (agents.worker(), agents.told())),
        alone,
        faults: None,
        command: typed("cargo xtask"),
    };
    let before = Spent::so_far(folder);
    let mut report = against(order, ground).await?;
    report.processes = Spent::so_far(folder).since(&before);
    Ok(report)
}

//! `aegis loadtest`: many workflows against any stage, how long they took, what they cost, and whether any was lost.
//!
//! - `stand_in`: agents without work in the place of the agent host, and a stack of their own
//! - `watching`: how far a run is, and the processor time that it takes on this machine
//!
//! Clients, oracle and report are `aegis_loadtest`'s; this only chooses the stage and prints.

mod stand_in;
mod watching;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use aegis_loadtest::agents::{Conduct, Latency};
use aegis_loadtest::drive::Book;
use aegis_loadtest::report::{Report, Setup};
use aegis_loadtest::scenario::{Arrival, Scenario, Wanted};
use aegis_loadtest::target::{Target, is_prod};
use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::client::session::{Session, program};
use crate::client::text::now;
use crate::context::Context;
use crate::out::{self, Stream};
use crate::stack::signals::{Interrupted, interrupted};
use stand_in::{OwnStack, StandIn};

/// Run many workflows against a stage and check each: how fast, how many, at what cost, and whether any was lost.
///
/// Workflows arrive as the scenario says, whatever the stage makes of it. Afterwards every one is read back. The exit
/// code is 0 only if every workflow ended as the scenario demands, and nothing was lost or done twice.
#[derive(Debug, Args)]
pub struct Arguments {
    /// smoke, steady, ramp, burst, soak, events, late, duplicates, artifacts or throttled, or a file in the form of loadtest/scenarios.
    #[arg(default_value = "steady")]
    scenario: String,
    /// How many workflows.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    workflows: Option<u32>,
    /// How many arrive per second, in a scenario of one rate.
    #[arg(long, value_name = "R", value_parser = positive)]
    rate: Option<f64>,
    /// Agents that wait instead of working, on a local stack of its own: `instant`, `fixed:1s` or
    /// `lognormal:p50=2s,p99=10s` [default: the agents that the stage has].
    #[arg(long, value_name = "KIND", conflicts_with = "stage")]
    agents: Option<Latency>,
    /// Where chance begins: when workflows arrive, where the scenario leaves it open [default: a new one].
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Also write the report as one HTML file.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// The source that events of this run name. The stage must take events of it.
    #[arg(long, value_name = "SOURCE", default_value = "partner.loadtest")]
    event_source: String,
    /// Load a stage that is prod.
    #[arg(long)]
    allow_prod: bool,
    /// Leave the stack of its own running, and begin with it as it is the next time.
    #[arg(long, conflicts_with = "stage")]
    keep: bool,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= 10_000.0 => Ok(rate),
        _ => Err("must be a number above 0, at most 10000".to_owned()),
    }
}

/// What is to be done, whatever the stage.
struct Order {
    name: String,
    scenario: Scenario,
    plan: Vec<Arrival>,
    seed: u64,
    event_source: String,
    allow_prod: bool,
}

impl Order {
    fn of(arguments: &Arguments) -> Result<Self> {
        let scenario = Scenario::named(&arguments.scenario).map_err(anyhow::Error::msg)?;
        let seed = arguments
            .seed
            .unwrap_or_else(|| rand::random::<u32>().into());
        let wanted = Wanted {
            workflows: arguments.workflows.map(|count| count as usize),
            rate: arguments.rate,
        };
        let plan = scenario.plan(wanted, seed).map_err(anyhow::Error::msg)?;
        Ok(Self {
            name: arguments.scenario.clone(),
            scenario,
            plan,
            seed,
            event_source: arguments.event_source.clone(),
            allow_prod: arguments.allow_prod,
        })
    }

    fn conduct(&self, latency: Latency) -> Conduct {
        Conduct {
            latency,
            artifact_bytes: self.scenario.artifact_bytes,
            new_sessions: self.scenario.new_sessions,
            ..Conduct::default()
        }
    }
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let order = Order::of(&arguments)?;
    let of_scenario = order.scenario.agents.filter(|_| context.stage.is_none());
    let report = match arguments.agents.or(of_scenario) {
        Some(latency) => {
            let conduct = order.conduct(latency);
            let (stack, keep) = (OwnStack::below(context), arguments.keep);
            let outcome = or_interrupted(stack.with_stand_in(&order, conduct, keep)).await;
            stack.end(outcome, keep).await?
        }
        None if arguments.keep => bail!(
            "--keep leaves the stack that a run has for itself, which this one has not: `--agents` gives it one"
        ),
        None => or_interrupted(against(&order, None, false, context)).await?,
    };
    if let Some(file) = &arguments.html {
        write_html(&report, file)?;
    }
    if context.json {
        out::json(serde_json::to_string_pretty(&report)?);
    } else {
        out::write(Stream::Out, &report.page());
    }
    Ok(if report.well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A few of every kind on a stack of their own, for the tests of this repository: what other tests leave behind in a
/// stack would count as lost here. Once with agents in this program, once with those that Terraform deploys as a function.
///
/// # Errors
/// What was found wrong, or why it could not be found out.
pub async fn test(context: &Context, keep: bool) -> Result<()> {
    let order = Order {
        name: "smoke".to_owned(),
        scenario: Scenario::named("smoke").map_err(anyhow::Error::msg)?,
        plan: Vec::new(),
        seed: rand::random::<u32>().into(),
        event_source: "partner.loadtest".to_owned(),
        allow_prod: false,
    };
    let plan = order.scenario.plan(Wanted::default(), order.seed);
    let order = Order {
        plan: plan.map_err(anyhow::Error::msg)?,
        ..order
    };
    let conduct = order.conduct(Latency::Instant);
    let stack = OwnStack::below(context);
    let outcome = or_interrupted(async {
        good(&stack.with_stand_in(&order, conduct, keep).await?)?;
        good(&stack.with_function(&order).await?)
    });
    let outcome = outcome.await;
    stack.end(outcome, keep).await
}

fn good(report: &Report) -> Result<()> {
    out::write(Stream::Err, &report.page());
    anyhow::ensure!(report.well, "{}", report.verdict());
    Ok(())
}

async fn or_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        result = work => result,
        name = interrupted() => Err(Interrupted(name?).into()),
    }
}

/// `alone`: the stage holds nothing but this run.
async fn against(
    order: &Order,
    agents: Option<&StandIn>,
    alone: bool,
    context: &Context,
) -> Result<Report> {
    let session = Session::open(context).await?;
    if is_prod(&session.stage) && !order.allow_prod {
        bail!(
            "this stage is prod: workflows of a load test cost money there and are real to whoever \
             listens; `{} loadtest --allow-prod` does it all the same",
            program()
        );
    }
    let endpoint = session.stage.api_endpoint.clone();
    let source = order.event_source.clone();
    let target = Target::new(session.stage, session.api, source).await?;
    let before = target.probe(&order.plan).await?;
    let setup = Setup {
        at: now(),
        command: typed(),
        scenario: order.name.clone(),
        description: order.scenario.description.clone(),
        endpoint,
        agents: agents.map_or_else(|| own_agents(&order.scenario), StandIn::told),
        mark: target.mark.clone(),
        seed: order.seed,
        alone,
    };
    let (target, book) = (Arc::new(target), Arc::new(Book::default()));
    let local = context.stage.is_none().then_some(&context.folder);
    let spent = local.map(watching::Spent::so_far);
    let (scenario, plan) = (&order.scenario, &order.plan);
    let running = aegis_loadtest::run(
        &target,
        scenario,
        plan,
        setup,
        &before,
        &book,
        agents.map(StandIn::worker),
    );
    let mut report = watching::told(running, &book, plan.len()).await?;
    if let (Some(folder), Some(spent)) = (local, spent) {
        report.processes = watching::Spent::so_far(folder).since(&spent);
    }
    Ok(report)
}

/// What the report says of agents that are not ours to choose.
fn own_agents(scenario: &Scenario) -> String {
    let passed_over = [
        scenario.agents.map(|_| "`agents`"),
        (scenario.artifact_bytes > 0).then_some("`artifact_bytes`"),
        scenario.new_sessions.map(|_| "`new_sessions`"),
    ];
    let passed_over: Vec<&str> = passed_over.into_iter().flatten().collect();
    if passed_over.is_empty() {
        return "the stage's own".to_owned();
    }
    let what = passed_over.join(" and ");
    format!("the stage's own, so {what} of the scenario did not apply")
}

/// This call, with the name of the program alone.
fn typed() -> String {
    let words = std::env::args().skip(1);
    std::iter::once("aegis".to_owned())
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}

fn write_html(report: &Report, file: &Path) -> Result<()> {
    std::fs::write(file, report.html())
        .with_context(|| format!("cannot write {}", file.display()))?;
    errln!("The report: {}", file.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_says_what_of_the_scenario_did_not_apply() {
        let of = |name: &str| own_agents(&Scenario::named(name).unwrap());
        assert_eq!(of("steady"), "the stage's own");
        let throttled = of("throttled");
        assert!(throttled.contains("`agents` and `new_sessions` of the scenario did not apply"));
        assert!(of("artifacts").contains("`agents` and `artifact_bytes`"));
    }
}

//! What is typed to load a stage, and how it is shown: for `aegis-loadtest`, and for the developers' command that gives a
//! run a local stack of its own.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use aegis_client::api::Api;
use aegis_client::stage::Stage;
use aegis_terminal::out::{self, Stream};
use aegis_terminal::progress::Step;
use aegis_terminal::text::now;
use anyhow::{Context as _, Result, bail};

use crate::agents::{Conduct, Latency, Worker};
use crate::drive::Book;
use crate::report::{Report, Setup};
use crate::scenario::{Arrival, Scenario, Wanted};
use crate::target::{Target, is_prod};

const EVENT_SOURCE: &str = "partner.loadtest";
/// Between two lines about how far a run is.
const INTERVAL: Duration = Duration::from_millis(500);

/// Run many workflows against a stage and check each: how fast, how many, at what cost, and whether any was lost.
///
/// Workflows arrive as the scenario says, whatever the stage makes of it. Afterwards every one is read back. The exit
/// code is 0 only if every workflow ended as the scenario demands, and nothing was lost or done twice.
#[derive(Debug, clap::Parser)]
#[command(name = "aegis-loadtest", version)]
pub struct Command {
    #[command(flatten)]
    pub options: Options,
    /// The file that describes the stage [default: the local stack, which has to run].
    #[arg(long, env = "AEGIS_STAGE", value_name = "FILE")]
    pub stage: Option<PathBuf>,
    /// Folder that holds the local stack [default: .aegis at the workspace root].
    #[arg(long, env = "AEGIS_DIR", value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
    /// File with a bearer token, for stages that ask for one; AEGIS_TOKEN holds the token itself.
    #[arg(long, env = "AEGIS_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Print JSON on standard output.
    #[arg(long)]
    pub json: bool,
}

/// Also of the developers' command.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// smoke, steady, ramp, burst, soak, events, late, duplicates, artifacts or throttled, or a file in the form of loadtest/scenarios.
    #[arg(default_value = "steady")]
    scenario: String,
    /// How many workflows.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    workflows: Option<u32>,
    /// How many arrive per second, in a scenario of one rate.
    #[arg(long, value_name = "R", value_parser = positive)]
    rate: Option<f64>,
    /// Where chance begins: when workflows arrive, where the scenario leaves it open [default: a new one].
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Also write the report as one HTML file.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// The source that events of this run name. The stage must take events of it.
    #[arg(long, value_name = "SOURCE", default_value = EVENT_SOURCE)]
    event_source: String,
    /// Load a stage that is prod.
    #[arg(long)]
    allow_prod: bool,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= 10_000.0 => Ok(rate),
        _ => Err("must be a number above 0, at most 10000".to_owned()),
    }
}

/// What is to be done, whatever the stage.
pub struct Order {
    name: String,
    pub scenario: Scenario,
    plan: Vec<Arrival>,
    seed: u64,
    event_source: String,
    allow_prod: bool,
}

impl Order {
    /// # Errors
    /// Where there is no such scenario, or it cannot be run so.
    pub fn of(arguments: &Options) -> Result<Self> {
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

    /// A few workflows of every kind, for the tests of this repository.
    ///
    /// # Errors
    /// Where the scenario cannot be read.
    pub fn smoke() -> Result<Self> {
        let name = "smoke".to_owned();
        let scenario = Scenario::named(&name).map_err(anyhow::Error::msg)?;
        let seed = rand::random::<u32>().into();
        let plan = scenario.plan(Wanted::default(), seed);
        Ok(Self {
            name,
            scenario,
            plan: plan.map_err(anyhow::Error::msg)?,
            seed,
            event_source: EVENT_SOURCE.to_owned(),
            allow_prod: false,
        })
    }

    pub fn conduct(&self, latency: Latency) -> Conduct {
        Conduct {
            latency,
            artifact_bytes: self.scenario.artifact_bytes,
            new_sessions: self.scenario.new_sessions,
            ..Conduct::default()
        }
    }
}

/// The stage, and what is known of it beside what its file says.
pub struct Ground<'a> {
    pub stage: Stage,
    pub api: Api,
    /// Agents that stand in for the stage's own, and what the report says of them.
    pub agents: Option<(&'a Worker, String)>,
    /// The stage holds nothing but this run.
    pub alone: bool,
    /// What the report says was typed.
    pub command: String,
}

/// Runs the workflows, says how far it is, and reads every one back.
///
/// # Errors
/// Where the stage may not be loaded, or cannot be looked at.
pub async fn against(order: &Order, ground: Ground<'_>) -> Result<Report> {
    if is_prod(&ground.stage) && !order.allow_prod {
        bail!(
            "this stage is prod: workflows of a load test cost money there and are real to whoever \
             listens; `--allow-prod` does it all the same"
        );
    }
    let endpoint = ground.stage.api_endpoint.clone();
    let source = order.event_source.clone();
    let target = Target::new(ground.stage, ground.api, source).await?;
    let before = target.probe(&order.plan).await?;
    let (worker, told) = ground.agents.unzip();
    let setup = Setup {
        at: now(),
        command: ground.command,
        scenario: order.name.clone(),
        description: order.scenario.description.clone(),
        endpoint,
        agents: told.unwrap_or_else(|| own_agents(&order.scenario)),
        mark: target.mark.clone(),
        seed: order.seed,
        alone: ground.alone,
    };
    let (target, book) = (Arc::new(target), Arc::new(Book::default()));
    let (scenario, plan) = (&order.scenario, &order.plan);
    let running = crate::run(&target, scenario, plan, setup, &before, &book, worker);
    watched(running, &book, plan.len()).await
}

/// Says how far `running` is until it is done.
async fn watched(
    running: impl Future<Output = Result<Report>>,
    book: &Book,
    workflows: usize,
) -> Result<Report> {
    let step = Step::begin("Run the workflows and read them back");
    let mut interval = tokio::time::interval(INTERVAL);
    tokio::pin!(running);
    loop {
        tokio::select! {
            report = &mut running => {
                step.done(if report.is_ok() { "done" } else { "failed" });
                return report;
            }
            _ = interval.tick() => {
                let seen = book.seen();
                let (accepted, decided, ended) = (seen.accepted, seen.decided, seen.ended);
                step.waiting_for(&format!(
                    "of {workflows} workflows {accepted} accepted, {decided} decided, {ended} seen to end"
                ));
            }
        }
    }
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

/// Shows the report, and writes it where it was asked for; the code is 0 only if nothing was found wrong.
///
/// # Errors
/// Where the file cannot be written.
pub fn show(report: &Report, html: Option<&Path>, as_json: bool) -> Result<ExitCode> {
    if let Some(file) = html {
        std::fs::write(file, report.html())
            .with_context(|| format!("cannot write {}", file.display()))?;
        errln!("The report: {}", file.display());
    }
    if as_json {
        out::json(serde_json::to_string_pretty(report)?);
    } else {
        out::write(Stream::Out, &report.page());
    }
    Ok(if report.well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// This call, by the name that it is typed with.
pub fn typed(program: &str) -> String {
    let words = std::env::args().skip(1);
    std::iter::once(program.to_owned())
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
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

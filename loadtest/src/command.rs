//! What is typed to load a stage, and how it is shown: for `aegis-loadtest`, and for the developers' command that gives a
//! run a local stack of its own.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use aegis_terminal::out::{self, Stream};
use anyhow::{Context as _, Result};

use crate::agents::{Conduct, Latency};
use crate::report::Report;
use crate::scenario::{Arrival, Scenario, Wanted};

const EVENT_SOURCE: &str = "partner.loadtest";

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
    /// smoke, steady, ramp, burst, soak, events, late, duplicates, artifacts, throttled or chaos, or a file in the form of loadtest/scenarios.
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
    pub(crate) name: String,
    pub scenario: Scenario,
    pub(crate) plan: Vec<Arrival>,
    pub seed: u64,
    pub(crate) event_source: String,
    pub(crate) allow_prod: bool,
}

impl Order {
    /// # Errors
    /// Where there is no such scenario, or it cannot be run so.
    pub fn of(arguments: &Options) -> Result<Self> {
        let wanted = Wanted {
            workflows: arguments.workflows.map(|count| count as usize),
            rate: arguments.rate,
        };
        let order = Self::named(&arguments.scenario, wanted, arguments.seed)?;
        Ok(Self {
            event_source: arguments.event_source.clone(),
            allow_prod: arguments.allow_prod,
            ..order
        })
    }

    /// With all else as it is by default.
    ///
    /// # Errors
    /// Like [`Self::of`].
    pub fn named(name: &str, wanted: Wanted, seed: Option<u64>) -> Result<Self> {
        let scenario = Scenario::named(name).map_err(anyhow::Error::msg)?;
        let seed = seed.unwrap_or_else(|| rand::random::<u32>().into());
        let plan = scenario.plan(wanted, seed).map_err(anyhow::Error::msg)?;
        Ok(Self {
            name: name.to_owned(),
            scenario,
            plan,
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

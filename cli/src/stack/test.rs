//! `aegis test`: every test of this repository, the end-to-end ones against a stack of their own.

use std::process::{ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::chaos;
use crate::context::Context;
use crate::stack::folder::StackFolder;
use crate::stack::settings::Settings;
use crate::stack::signals::{Interrupted, interrupted};
use crate::stack::terraform::check;
use crate::stack::{
    checks, down, environment, foreground, prerequisites, rehearsal, up, workspace,
};

/// The package whose tests need a running stack.
const END_TO_END: &str = "aegis-e2e";
/// Test programs that need the stack: the contract tests of the real ports, and whole workflows.
const ON_THE_STACK: [&str; 2] = ["contract", "e2e"];
/// Where tests find the stack's description.
const STACK_VARIABLE: &str = "AEGIS_STACK";
/// How many tests run side by side. On a stack they wait more than they work.
const THREADS: &str = "RUST_TEST_THREADS";
const MANY: &str = "24";

/// So that what waits in real life does not keep a test waiting. Reminders come after 90 s: no test but theirs lets
/// an approval wait that long.
const SHORT_TIMES: [&str; 5] = [
    "pickup_timeout_seconds=10",
    "start_timeout_seconds=20",
    "heartbeat_timeout_seconds=30",
    "max_sends=3",
    "approval_reminder_hours=0.025",
];

/// What a local stack leaves out to be up sooner, and what it leaves at its default: here it is made and read back.
const SWITCHED_ON: [&str; 5] = [
    "alarms=true",
    "alarm_emails=[\"ops@example.com\"]",
    "artifact_lifecycle=true",
    "function_settings={relay={memory_mb=512,reserved_concurrency=20}}",
    "tags={cost_center=\"tests\"}",
];

/// What the tests of authorisation may have left in a stack that was kept.
const OPEN: [&str; 3] = [
    "api_authorization=none",
    "api_authorization_overrides={}",
    "external_sources=[]",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Everything that needs no stack: unit, property, contract, golden and drift tests.
    Unit,
    /// Formatting, validity, tests and a scan of the Terraform sources, and the log of events on a second emulator.
    Terraform,
    /// Whole workflows, and the contract tests of the real ports, on a stack of their own.
    E2e,
    /// Who may call what, with signatures and with tokens, on the stack of the end-to-end tests.
    Auth,
    /// deploy.sh as it is typed, from check to destroy, in dev and in a rehearsal of prod.
    Deploy,
    /// Licences, sources and advisories of all dependencies.
    Dependencies,
    /// A few workflows on another stack of their own, while calls to AWS fail and processes are killed.
    Chaos,
}

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Parts to run [default: all].
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Leave the stack of the end-to-end tests running, for a closer look and a quick next run;
    /// otherwise they begin with an empty one and stop it at the end.
    #[arg(long)]
    keep: bool,
    /// Passed on to the test programs, after `--`.
    #[arg(last = true)]
    rest: Vec<String>,
}

struct Report {
    name: &'static str,
    took: Duration,
    /// Nothing when the part passed.
    failure: Option<String>,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let mut reports = Vec::new();
    for (part, name) in [
        (Part::Unit, "unit"),
        (Part::Terraform, "terraform"),
        (Part::Dependencies, "dependencies"),
        (Part::Deploy, "deploy"),
        (Part::E2e, "e2e"),
        (Part::Auth, "auth"),
        (Part::Chaos, "chaos"),
    ] {
        if !arguments.parts.is_empty() && !arguments.parts.contains(&part) {
            continue;
        }
        let began = Instant::now();
        let (failure, interrupted) = match run_part(part, &arguments, context).await {
            Ok(()) => (None, false),
            Err(error) => (Some(format!("{error:#}")), error.is::<Interrupted>()),
        };
        reports.push(Report {
            name,
            took: began.elapsed(),
            failure,
        });
        if interrupted {
            break;
        }
    }
    Ok(summary(&reports))
}

async fn run_part(part: Part, arguments: &Arguments, context: &Context) -> Result<()> {
    match part {
        Part::Unit => or_interrupted(unit(&arguments.rest)).await,
        Part::Terraform => or_interrupted(sources(&context.folder)).await,
        Part::Dependencies => or_interrupted(checks::dependencies()).await,
        Part::Deploy => or_interrupted(rehearsal::test(&context.folder, arguments.keep)).await,
        Part::E2e => end_to_end(arguments, &context.folder).await,
        Part::Auth => authorisation(arguments, &context.folder).await,
        Part::Chaos => chaos::test(context, arguments.keep).await,
    }
}

async fn or_interrupted(work: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::select! {
        result = work => result,
        name = interrupted() => Err(Interrupted(name?).into()),
    }
}

async fn unit(rest: &[String]) -> Result<()> {
    let mut arguments = vec!["--workspace", "--exclude", END_TO_END];
    arguments.extend(rest_after_dashes(rest));
    cargo_test(&arguments, None).await
}

async fn end_to_end(arguments: &Arguments, folder: &StackFolder) -> Result<()> {
    let folder = StackFolder::new(folder.root().join("test"));
    let guard = TestStack {
        folder: &folder,
        keep: arguments.keep,
    };
    if !guard.keep && folder.root().exists() {
        down::take_down(&folder, true).await?;
    }
    let outcome = or_interrupted(async {
        let variables = [&SHORT_TIMES[..], &SWITCHED_ON, &OPEN].concat();
        guard.bring_up(&variables).await?;
        guard.tests(&ON_THE_STACK, MANY, &arguments.rest).await
    });
    guard.finish(outcome.await).await
}

/// The tests set variables of the stack: they run alone, and one after the other.
async fn authorisation(arguments: &Arguments, folder: &StackFolder) -> Result<()> {
    let folder = StackFolder::new(folder.root().join("test"));
    let guard = TestStack {
        folder: &folder,
        keep: arguments.keep,
    };
    let outcome = or_interrupted(async {
        let variables = [&SHORT_TIMES[..], &SWITCHED_ON, &["api_authorization=iam"]].concat();
        guard.bring_up(&variables).await?;
        guard.tests(&["auth"], "1", &arguments.rest).await
    });
    guard.finish(outcome.await).await
}

struct TestStack<'a> {
    folder: &'a StackFolder,
    keep: bool,
}

impl TestStack<'_> {
    async fn bring_up(&self, variables: &[&str]) -> Result<()> {
        let settings = Settings::load_or_create(self.folder)?;
        let traces = format!("http://127.0.0.1:{}", settings.trace_port());
        let wanted = up::Arguments {
            variables: variables.iter().map(|pair| (*pair).to_owned()).collect(),
            traces: Some(traces),
        };
        up::bring_up(&wanted, self.folder)
            .await
            .context("the stack for the tests")?;
        Ok(())
    }

    async fn tests(&self, programs: &[&str], threads: &str, rest: &[String]) -> Result<()> {
        // The whole workspace, so that features are the ones that all else was compiled with.
        let mut arguments = vec!["--workspace", "--no-fail-fast"];
        arguments.extend(programs.iter().flat_map(|name| ["--test", *name]));
        arguments.extend(rest_after_dashes(rest));
        cargo_test(&arguments, Some((self.folder, threads))).await
    }

    /// Takes the stack down whatever came of the tests.
    async fn finish(&self, outcome: Result<()>) -> Result<()> {
        if self.keep {
            eprintln!("The stack stays: {}", self.folder.stack_file().display());
            return outcome;
        }
        let down = down::take_down(self.folder, false).await;
        outcome.and(down)
    }
}

fn rest_after_dashes(rest: &[String]) -> Vec<&str> {
    let dashes = (!rest.is_empty()).then_some("--");
    dashes
        .into_iter()
        .chain(rest.iter().map(String::as_str))
        .collect()
}

async fn cargo_test(arguments: &[&str], stack: Option<(&StackFolder, &str)>) -> Result<()> {
    let cargo = prerequisites::cargo();
    let mut command = environment::cargo(&cargo, &workspace::root()?);
    command.arg("test").args(arguments);
    if let Some((folder, threads)) = stack {
        command
            .env(STACK_VARIABLE, folder.stack_file())
            .env("AEGIS_DIR", folder.root());
        let own = std::env::var(THREADS).ok().filter(|_| threads == MANY);
        command.env(THREADS, own.as_deref().unwrap_or(threads));
    }
    judge("cargo test", foreground::run_visibly(command).await?)
}

async fn sources(folder: &StackFolder) -> Result<()> {
    check::sources(folder).await?;
    checks::scripts().await
}

/// An error where a program did not end well.
pub fn judge(name: &str, status: ExitStatus) -> Result<()> {
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => bail!("{name} failed with exit code {code}"),
        None => bail!("{name} was ended by a signal"),
    }
}

fn summary(reports: &[Report]) -> ExitCode {
    eprintln!();
    for report in reports {
        let seconds = report.took.as_secs();
        match &report.failure {
            None => eprintln!("{:<12} passed in {seconds} s", report.name),
            Some(why) => eprintln!("{:<12} FAILED in {seconds} s: {why}", report.name),
        }
    }
    let failed = reports
        .iter()
        .filter(|report| report.failure.is_some())
        .count();
    eprintln!("parts: {} passed, {failed} failed", reports.len() - failed);
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

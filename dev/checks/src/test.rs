//! `cargo xtask test`: every test of this repository, the end-to-end ones against a stack of their own.

use std::process::{ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::terraform;
use crate::test_stack::TestStack;
use crate::{agent_image, deploy_test, others};
use aegis_client::local::{self, StackFolder};
use aegis_local_aws::Context;
use aegis_local_aws::foreground::{self, Line};
use aegis_local_aws::signals::{Interrupted, or_interrupted};
use aegis_local_aws::{environment, prerequisites, venv};

/// The package whose tests need a running stack.
const END_TO_END: &str = "aegis-e2e";
/// Where tests find the stack's description.
const STACK_VARIABLE: &str = "AEGIS_STACK";
/// How many tests run side by side. On a stack they wait more than they work.
const THREADS: &str = "RUST_TEST_THREADS";
pub(super) const MANY: &str = "24";

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Everything that needs no stack: unit, property, contract, golden and drift tests.
    Unit,
    /// Formatting, validity, tests, templates and a scan of the Terraform sources, and the log of events on a second emulator.
    Terraform,
    /// Whole workflows, and the contract tests of the real ports, on a stack of their own; then every call of one is counted.
    E2e,
    /// Who may call what, with signatures and with tokens, on the stack of the end-to-end tests.
    Auth,
    /// The agents' image from its Dockerfile, by a builder without a daemon where there is one.
    Image,
    /// deploy.sh as it is typed, from check to destroy, in dev and in a rehearsal of prod.
    Deploy,
    /// Whole workflows and the real ports on two stages that deploy.sh deployed, one for development and one as in
    /// production. Runs only when named.
    Deployed,
    /// Licences, sources and advisories of all dependencies.
    Dependencies,
    /// A thousand requests as the API's own description has them, valid and not, on the stack of the part before.
    Api,
    /// Takes each permission from each role, and sees which test misses it. Takes an hour, so it runs only when named;
    /// after `--`, parts of `role statement action`.
    Iam,
    /// A few workflows of every kind, with agents that wait instead of working, on another stack of their own.
    Load,
    /// A few workflows on another stack of their own, while calls to AWS fail and processes are killed.
    Chaos,
}

/// They take too long for every change.
const ONLY_WHEN_NAMED: [Part; 2] = [Part::Iam, Part::Deployed];

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Parts to run [default: all but iam and deployed].
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Leave the stack of the end-to-end tests running, for a closer look and a quick next run;
    /// otherwise they begin with an empty one and stop it at the end.
    #[arg(long)]
    keep: bool,
    /// In the part `api`: so many requests for each route in each phase, from a new seed [default: a few, always the
    /// same ones].
    #[arg(long, value_name = "N")]
    examples: Option<u32>,
    /// In the part `deployed`: only the stage of this environment, dev or prod [default: one after the other].
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Passed on to the test programs, after `--`.
    #[arg(last = true)]
    rest: Vec<String>,
}

impl Arguments {
    /// The sources of Terraform are tested beside deploy.sh, where both are: the one computes, the other waits.
    fn side_by_side(&self) -> bool {
        self.wants(Part::Terraform) && self.wants(Part::Deploy)
    }

    fn wants(&self, part: Part) -> bool {
        let by_default = self.parts.is_empty() && !ONLY_WHEN_NAMED.contains(&part);
        by_default || self.parts.contains(&part)
    }
}

struct Report {
    name: &'static str,
    took: Duration,
    /// Nothing when the part passed.
    failure: Option<String>,
    interrupted: bool,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let mut reports = Vec::new();
    for (part, name) in [
        (Part::Unit, "unit"),
        (Part::Terraform, "terraform"),
        (Part::Dependencies, "dependencies"),
        (Part::Image, "image"),
        (Part::Deploy, "deploy"),
        (Part::Deployed, "deployed"),
        (Part::E2e, "e2e"),
        (Part::Api, "api"),
        (Part::Auth, "auth"),
        (Part::Load, "load"),
        (Part::Iam, "iam"),
        (Part::Chaos, "chaos"),
    ] {
        let later = part == Part::Terraform && arguments.side_by_side();
        if !arguments.wants(part) || later {
            continue;
        }
        let part_run = timed(name, run_part(part, &arguments, context));
        let ended = if part == Part::Deploy && arguments.side_by_side() {
            let sources = timed("terraform", or_interrupted(apart("terraform", context)));
            let (sources, deploy) = tokio::join!(sources, part_run);
            vec![sources, deploy]
        } else {
            vec![part_run.await]
        };
        let interrupted = ended.iter().any(|report| report.interrupted);
        reports.extend(ended);
        if interrupted {
            break;
        }
    }
    Ok(summary(&reports))
}

async fn timed(name: &'static str, part: impl Future<Output = Result<()>>) -> Report {
    let began = Instant::now();
    let (failure, interrupted) = match part.await {
        Ok(()) => (None, false),
        Err(error) => (Some(format!("{error:#}")), error.is::<Interrupted>()),
    };
    Report {
        name,
        took: began.elapsed(),
        failure,
        interrupted,
    }
}

/// A part in a process of its own, whose output is shown once it has ended. Through cargo, because a part before may
/// have built this command anew.
async fn apart(part: &str, context: &Context) -> Result<()> {
    let mut command = environment::cargo(&prerequisites::cargo(), &local::root()?);
    command.args(["run", "--quiet", "--bin", "xtask", "--", "--dir"]);
    command.arg(context.folder.root()).args(["test", part]);
    let mut told = Vec::new();
    let finished = foreground::run(command, |line| {
        let (Line::Output(line) | Line::Error(line)) = line;
        told.push(line.to_owned());
    });
    let status = finished.await?.status;
    errln!("{}", told.join("\n"));
    judge(&format!("cargo xtask test {part}"), status)
}

async fn run_part(part: Part, arguments: &Arguments, context: &Context) -> Result<()> {
    match part {
        Part::Unit => or_interrupted(unit(&arguments.rest)).await,
        Part::Terraform => or_interrupted(sources(&context.folder)).await,
        Part::Dependencies => or_interrupted(others::dependencies()).await,
        Part::Image => or_interrupted(agent_image::test()).await,
        Part::Deploy => or_interrupted(deploy_test::test(&context.folder, arguments.keep)).await,
        Part::Deployed => {
            let only = arguments.environment.as_deref();
            let folder = &context.folder;
            let tests = deploy_test::deployed::test(folder, arguments.keep, only, &arguments.rest);
            or_interrupted(tests).await
        }
        Part::E2e => {
            let goes_on = wants_any(arguments, &[Part::Api, Part::Auth]);
            let stack = TestStack::of(&context.folder, arguments.keep, goes_on);
            let tests = stack.end_to_end(&arguments.rest);
            stack.finish(or_interrupted(tests).await).await
        }
        Part::Api => {
            let goes_on = arguments.wants(Part::Auth);
            let stack = TestStack::of(&context.folder, arguments.keep, goes_on);
            let fuzzed = stack.fuzzed(arguments.examples);
            stack.finish(or_interrupted(fuzzed).await).await
        }
        Part::Load => aegis_load::test(context, arguments.keep).await,
        Part::Auth => {
            let stack = TestStack::of(&context.folder, arguments.keep, false);
            let tests = stack.authorisation(&arguments.rest);
            stack.finish(or_interrupted(tests).await).await
        }
        Part::Iam => {
            let stack = TestStack::of(&context.folder, arguments.keep, false);
            let tests = stack.least_privilege(&arguments.rest, context.json);
            stack.finish(or_interrupted(tests).await).await
        }
        Part::Chaos => aegis_load::chaos::test(context, arguments.keep).await,
    }
}

fn wants_any(arguments: &Arguments, parts: &[Part]) -> bool {
    parts.iter().any(|part| arguments.wants(*part))
}

async fn unit(rest: &[String]) -> Result<()> {
    let mut arguments = vec!["--workspace", "--exclude", END_TO_END];
    arguments.extend(rest_after_dashes(rest));
    cargo_test(&arguments, None).await
}

pub(super) fn rest_after_dashes(rest: &[String]) -> Vec<&str> {
    let dashes = (!rest.is_empty()).then_some("--");
    dashes
        .into_iter()
        .chain(rest.iter().map(String::as_str))
        .collect()
}

pub(super) async fn cargo_test(
    arguments: &[&str],
    stack: Option<(&StackFolder, &str)>,
) -> Result<()> {
    let cargo = prerequisites::cargo();
    let mut command = environment::cargo(&cargo, &local::root()?);
    command.arg("test").args(arguments);
    if let Some((folder, threads)) = stack {
        command
            .env(STACK_VARIABLE, folder.stack_file())
            .env("AEGIS_DIR", folder.root())
            .env(
                "AEGIS_PYTHON",
                venv::EMULATOR.python(&local::default_stack_folder()?),
            );
        let own = std::env::var(THREADS).ok().filter(|_| threads == MANY);
        command.env(THREADS, own.as_deref().unwrap_or(threads));
    }
    judge("cargo test", foreground::run_visibly(command).await?)
}

async fn sources(folder: &StackFolder) -> Result<()> {
    terraform::sources(folder).await?;
    others::scripts().await
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
    errln!("");
    for report in reports {
        let seconds = report.took.as_secs();
        match &report.failure {
            None => errln!("{:<12} passed in {seconds} s", report.name),
            Some(why) => errln!("{:<12} FAILED in {seconds} s: {why}", report.name),
        }
    }
    let failed = reports
        .iter()
        .filter(|report| report.failure.is_some())
        .count();
    errln!("parts: {} passed, {failed} failed", reports.len() - failed);
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

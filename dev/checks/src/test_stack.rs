//! The stack of the tests: brought up before them, taken down after, whatever came of them.

use anyhow::{Context as _, Result};

use crate::test::{MANY, cargo_test, rest_after_dashes};
use crate::{fuzzing, least_privilege};
use aegis_client::local::StackFolder;
use aegis_local_aws::description::Description;
use aegis_local_aws::settings::Settings;
use aegis_local_aws::signals::Interrupted;
use aegis_local_aws::terraform::command::Terraform;
use aegis_local_aws::terraform::mirror;
use aegis_local_aws::terraform::module::Module;
use aegis_local_aws::{down, up};

/// Test programs that need the stack: the contract tests of the real ports, and whole workflows.
pub(super) const ON_THE_STACK: [&str; 2] = ["contract", "e2e"];

/// Counts every call of a workflow, so it runs alone on the stack, after the others.
const COUNTS: &str = "counts";

/// Brings the stack up with other flows and agents: whoever goes on with it brings it up again.
const HTTP_AGENTS: &str = "http_agents";

/// Shorter waits than in production, so that a test does not wait for them. Reminders come after 90 s: no test but
/// theirs lets an approval wait that long.
pub(super) const SHORT_TIMES: [&str; 5] = [
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

pub struct TestStack {
    folder: StackFolder,
    /// It stays, for a closer look.
    keep: bool,
    /// Another part goes on with it.
    goes_on: bool,
}

impl TestStack {
    /// Below the folder of the stack that people use.
    pub fn of(folder: &StackFolder, keep: bool, goes_on: bool) -> Self {
        Self {
            folder: StackFolder::new(folder.root().join("test")),
            keep,
            goes_on,
        }
    }

    pub async fn end_to_end(&self, rest: &[String]) -> Result<()> {
        if !self.keep && self.folder.root().exists() {
            down::take_down(&self.folder, true).await?;
        }
        self.bring_up(&OPEN).await?;
        self.tests(&ON_THE_STACK, MANY, rest).await?;
        self.tests(&[COUNTS], "1", rest).await?;
        self.tests(&[HTTP_AGENTS], "1", rest).await
    }

    /// Requests as the API's description has them.
    pub async fn fuzzed(&self, examples: Option<u32>) -> Result<()> {
        let stack = self.bring_up(&OPEN).await?;
        fuzzing::run(&self.folder, &stack, examples).await
    }

    /// The tests set variables of the stack: they run alone, and one after the other.
    pub async fn authorisation(&self, rest: &[String]) -> Result<()> {
        self.bring_up(&["api_authorization=iam"]).await?;
        self.tests(&["auth"], "1", rest).await
    }

    /// Each permission of each role, or of those whose names hold one of `roles`.
    pub async fn least_privilege(&self, roles: &[String], json: bool) -> Result<()> {
        let stack = self.bring_up(&OPEN).await?;
        let settings = Settings::load_or_create(&self.folder)?;
        let terraform = Terraform {
            program: "terraform",
            module: &Module::of(&self.folder),
            settings: &settings,
            mirrored: mirror::find().is_some(),
        };
        let resources = terraform.resources().await?;
        least_privilege::run(&self.folder, &stack, &resources, roles, json).await
    }

    async fn tests(&self, programs: &[&str], threads: &str, rest: &[String]) -> Result<()> {
        // The whole workspace, so that features are the ones that all else was compiled with.
        let mut arguments = vec!["--workspace", "--no-fail-fast"];
        arguments.extend(programs.iter().flat_map(|name| ["--test", *name]));
        arguments.extend(rest_after_dashes(rest));
        cargo_test(&arguments, Some((&self.folder, threads))).await
    }

    async fn bring_up(&self, variables: &[&str]) -> Result<Description> {
        let settings = Settings::load_or_create(&self.folder)?;
        let variables = [&SHORT_TIMES[..], &SWITCHED_ON, variables].concat();
        let wanted = up::Arguments {
            variables: variables.into_iter().map(str::to_owned).collect(),
            traces: Some(format!("http://127.0.0.1:{}", settings.trace_port())),
        };
        let up = up::bring_up(&wanted, &self.folder).await;
        up.context("the stack for the tests")
    }

    /// Takes the stack down whatever came of the tests, unless it is needed. Nothing goes on after an interruption.
    pub async fn finish(&self, outcome: Result<()>) -> Result<()> {
        let interrupted = matches!(&outcome, Err(error) if error.is::<Interrupted>());
        if self.keep {
            errln!("The stack stays: {}", self.folder.stack_file().display());
        }
        if self.keep || (self.goes_on && !interrupted) {
            return outcome;
        }
        let down = down::take_down(&self.folder, false).await;
        outcome.and(down)
    }
}

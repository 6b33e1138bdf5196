//! The stack of the tests: brought up before them, taken down after, whatever came of them.

use anyhow::{Context as _, Result};

use crate::stack::description::Description;
use crate::stack::folder::StackFolder;
use crate::stack::settings::Settings;
use crate::stack::signals::Interrupted;
use crate::stack::test::{cargo_test, rest_after_dashes};
use crate::stack::{down, fuzzing, up};

/// Test programs that need the stack: the contract tests of the real ports, and whole workflows.
const ON_THE_STACK: [&str; 2] = ["contract", "e2e"];

/// So that what waits in real life does not keep a test waiting. Reminders come after 90 s: no test but theirs lets
/// an approval wait that long.
const SHORT_TIMES: [&str; 5] = [
    "pickup_timeout_seconds=10",
    "start_timeout_seconds=20",
    "heartbeat_timeout_seconds=30",
    "max_sends=3",
    "approval_reminder_hours=0.025",
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
        self.bring_up().await?;
        // The whole workspace, so that features are the ones that all else was compiled with.
        let mut arguments = vec!["--workspace", "--no-fail-fast"];
        arguments.extend(ON_THE_STACK.iter().flat_map(|name| ["--test", name]));
        arguments.extend(rest_after_dashes(rest));
        cargo_test(&arguments, Some(&self.folder)).await
    }

    pub async fn fuzzed(&self, examples: Option<u32>) -> Result<()> {
        let stack = self.bring_up().await?;
        fuzzing::run(&self.folder, &stack.api_endpoint, examples).await
    }

    async fn bring_up(&self) -> Result<Description> {
        let settings = Settings::load_or_create(&self.folder)?;
        let wanted = up::Arguments {
            variables: SHORT_TIMES.map(str::to_owned).to_vec(),
            traces: Some(format!("http://127.0.0.1:{}", settings.trace_port())),
        };
        let up = up::bring_up(&wanted, &self.folder).await;
        up.context("the stack for the tests")
    }

    /// Takes the stack down whatever came of the tests, unless it is needed. Nothing goes on after an interruption.
    pub async fn finish(&self, outcome: Result<()>) -> Result<()> {
        let interrupted = matches!(&outcome, Err(error) if error.is::<Interrupted>());
        if self.keep {
            eprintln!("The stack stays: {}", self.folder.stack_file().display());
        }
        if self.keep || (self.goes_on && !interrupted) {
            return outcome;
        }
        let down = down::take_down(&self.folder, false).await;
        outcome.and(down)
    }
}

//! The end-to-end tests of one service, until one of them fails, and fails again when nothing else runs.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use aegis_client::local::{self, StackFolder};
use aegis_local_aws::killer::{self, Kind};
use aegis_local_aws::{environment, foreground, prerequisites};

/// Tests that show what a role is there for, by the end of the role's name.
const TESTS: [(&str, &[&str]); 12] = [
    (
        "intake",
        &[
            "dlq::",
            "flow::",
            "idempotency::",
            "list::",
            "cancel::",
            "bus::",
            "sources::",
            "failure::",
        ],
    ),
    (
        "researcher-dispatch",
        &[
            "dlq::",
            "flow::",
            "cancel::",
            "keys::",
            "dispatch::of_the_researcher",
        ],
    ),
    (
        "analyst-dispatch",
        &["dlq::", "flow::", "cancel::", "dispatch::of_the_analyst"],
    ),
    (
        "writer-dispatch",
        &["dlq::", "flow::", "cancel::", "dispatch::of_the_writer"],
    ),
    (
        "approval",
        &["flow::", "approval::", "links::", "bus::", "dlq::"],
    ),
    (
        "callback",
        &["dlq::", "flow::", "callbacks::", "bus::", "failure::"],
    ),
    ("artifacts", &["addresses::"]),
    ("relay", &["flow::", "bus::", "dlq::"]),
    (
        "deadlines",
        &[
            "approval_timeouts::",
            "killing::",
            "failure::",
            "dlq::",
            "quarantine::",
        ],
    ),
    ("researcher-agent", &["flow::", "sources::", "reach::"]),
    ("analyst-agent", &["flow::", "reach::"]),
    ("writer-agent", &["flow::", "reach::"]),
];
/// Seconds that a test waits for what does not come. The sweep runs each minute.
const PATIENCE: &str = "40";
const PATIENCE_WITH_SWEEPS: &str = "130";

/// How a run of tests ended.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    /// The first test that failed.
    Failed(String),
    /// No test did, and yet it did not end well.
    Broke(String),
}

pub struct Suite {
    program: PathBuf,
    folder: StackFolder,
}

impl Suite {
    /// Builds the tests.
    pub async fn built(folder: &StackFolder) -> Result<Self> {
        let cargo = prerequisites::cargo();
        let mut command = environment::cargo(&cargo, &local::root()?);
        command
            .args(["test", "--workspace", "--test", "e2e", "--no-run"])
            .arg("--message-format=json-render-diagnostics");
        let mut program = None;
        let finished = foreground::run(command, |line| {
            if let foreground::Line::Output(line) = line {
                program = executable(line).or(program.take());
            }
        });
        if !finished.await?.status.success() {
            bail!("the end-to-end tests do not compile: `cargo xtask test e2e` shows why");
        }
        Ok(Self {
            program: program.context("cargo names no program of the end-to-end tests")?,
            folder: StackFolder::new(folder.root().to_owned()),
        })
    }

    /// A test of `role` that fails, among the others and then alone. One that fails among them only may have failed
    /// for another reason, such as a machine with much to do: it is passed over.
    pub async fn missing(&self, role: &str) -> Result<Option<String>> {
        let (filters, patience) = tests_of(role)?;
        let mut doubted: Vec<String> = Vec::new();
        loop {
            let mut words: Vec<&str> = filters.to_vec();
            words.extend(doubted.iter().flat_map(|name| ["--skip", name]));
            let name = match self.first_failure(&words, patience).await? {
                Outcome::Passed => return Ok(None),
                Outcome::Broke(why) => bail!("the tests of {role} {why}"),
                Outcome::Failed(name) => name,
            };
            if !self.passes(role, &name).await? {
                return Ok(Some(name));
            }
            errln!("    {name} failed among others and not alone: not counted");
            doubted.push(name);
        }
    }

    /// Whether `test` of `role` passes alone.
    pub async fn passes(&self, role: &str, test: &str) -> Result<bool> {
        let (_, patience) = tests_of(role)?;
        let alone = [test, "--exact"];
        Ok(self.first_failure(&alone, patience).await? == Outcome::Passed)
    }

    async fn first_failure(&self, words: &[&str], patience: &str) -> Result<Outcome> {
        let mut command = self.command(&self.program, patience);
        let mut child = command
            .args(words)
            .spawn()
            .context("cannot start the tests")?;
        let output = child.stdout.take().context("no standard output")?;
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next_line().await? {
            if let Some(name) = failed(&line) {
                child.kill().await?;
                // A test that was cut short may have left one frozen.
                killer::kill_all(&self.folder, Kind::Agent);
                return Ok(Outcome::Failed(name));
            }
        }
        let status = child.wait().await?;
        Ok(match status.success() {
            true => Outcome::Passed,
            false => Outcome::Broke(format!("ended with {status}")),
        })
    }

    fn command(&self, program: &Path, patience: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("AEGIS_STACK", self.folder.stack_file())
            .env("AEGIS_DIR", self.folder.root())
            .env("AEGIS_TEST_PATIENCE_SECONDS", patience)
            .env("RUST_TEST_THREADS", "24")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

/// Which tests are those of `role`, and how long each may wait.
fn tests_of(role: &str) -> Result<(&'static [&'static str], &'static str)> {
    let tests = TESTS.iter().find(|(end, _)| role.ends_with(end));
    let (end, filters) = tests.with_context(|| format!("no tests are known of {role}"))?;
    let patience = match *end {
        "deadlines" => PATIENCE_WITH_SWEEPS,
        _ => PATIENCE,
    };
    Ok((filters, patience))
}

/// `test flow::a_topic … FAILED`
fn failed(line: &str) -> Option<String> {
    let name = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
    Some(name.to_owned())
}

/// The test program that a line of cargo's is about.
fn executable(line: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let about = message["target"]["name"] == "e2e" && message["profile"]["test"] == true;
    about.then(|| message["executable"].as_str().map(PathBuf::from))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_test_is_recognised() {
        let name = failed("test flow::a_topic_becomes_a_cited_report ... FAILED");
        assert_eq!(
            name.as_deref(),
            Some("flow::a_topic_becomes_a_cited_report")
        );
        assert_eq!(
            failed("test flow::a_topic_becomes_a_cited_report ... ok"),
            None
        );
    }

    #[test]
    fn the_program_of_the_tests_is_found_among_cargo_s_messages() {
        let line = r#"{"target":{"name":"e2e"},"profile":{"test":true},"executable":"/x/e2e-1"}"#;
        assert_eq!(executable(line), Some(PathBuf::from("/x/e2e-1")));
        assert_eq!(
            executable(&line.replace("\"test\":true", "\"test\":false")),
            None
        );
        assert_eq!(executable("warning: unused"), None);
    }
}

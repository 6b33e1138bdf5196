//! The calls of Terraform, with their progress told in words.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::Value;
use tokio::process::Command;

use crate::emulator::REGION;
use crate::foreground::{self, Line};
use crate::settings::Settings;
use crate::terraform::module::Module;
use aegis_terminal::progress::Step;

/// For the garbage collector of Terraform and its provider. Their heaps hold the schema of all of AWS, and at the usual
/// setting they go over it so often that it takes a quarter of their time.
pub const GARBAGE_COLLECTOR: (&str, &str) = ("GOGC", "400");

/// Terraform on one stack's module.
pub struct Terraform<'a> {
    pub program: &'a str,
    pub module: &'a Module,
    pub settings: &'a Settings,
    /// Providers come from a mirror on this machine.
    pub mirrored: bool,
}

impl Terraform<'_> {
    pub async fn init(&self, step: &Step) -> Result<()> {
        step.waiting_for("terraform init");
        self.quietly(&["init", "-input=false", "-no-color"]).await
    }

    /// Runs a call and tells only what went wrong.
    pub async fn quietly(&self, arguments: &[&str]) -> Result<()> {
        let mut command = self.command();
        command.args(arguments);
        let finished = foreground::run(command, |_| ()).await?;
        if !finished.status.success() {
            let call = arguments.first().unwrap_or(&"");
            bail!("terraform {call} failed:\n{}", finished.errors.join("\n"));
        }
        Ok(())
    }

    /// Without `refresh` it trusts its state: right when nobody else changed anything, and quick.
    pub async fn apply(&self, refresh: bool, step: &Step) -> Result<()> {
        let mut command = self.command();
        command.args([
            "apply",
            "-json",
            "-auto-approve",
            "-input=false",
            "-parallelism=30",
        ]);
        command.arg(format!("-refresh={refresh}"));
        command.arg(format!("-state={}", self.module.state().display()));
        command.arg(format!("-var-file={}", self.module.variables().display()));
        for (name, value) in &self.settings.variables {
            command.arg(format!("-var={name}={value}"));
        }
        let mut progress = ApplyProgress::default();
        let finished = foreground::run(command, |line| {
            if let Line::Output(line) = line {
                progress.note(line);
                step.waiting_for(&progress.to_string());
            }
        })
        .await?;
        self.module.ended()?;
        if !finished.status.success() {
            let problems = [progress.problems, finished.errors].concat();
            bail!("terraform apply failed:\n{}", problems.join("\n"));
        }
        Ok(())
    }

    pub async fn outputs(&self) -> Result<Value> {
        let state = format!("-state={}", self.module.state().display());
        let text = self.told(&["output", "-json", "-no-color", &state]).await?;
        let outputs: BTreeMap<String, Output> =
            serde_json::from_str(&text).context("terraform output is not readable")?;
        Ok(outputs
            .into_iter()
            .map(|(name, output)| (name, output.value))
            .collect())
    }

    /// Every resource with its values.
    pub async fn resources(&self) -> Result<Value> {
        let state = self.module.state().display().to_string();
        let text = self.told(&["show", "-json", "-no-color", &state]).await?;
        serde_json::from_str(&text).context("terraform show is not readable")
    }

    /// What a call prints, line by line, however it ends.
    pub async fn lines(&self, arguments: &[&str]) -> Result<Vec<String>> {
        let mut command = self.command();
        command.args(arguments);
        let mut lines = Vec::new();
        foreground::run(command, |line| {
            if let Line::Output(line) = line {
                lines.push(line.to_owned());
            }
        })
        .await?;
        Ok(lines)
    }

    /// What a call prints.
    async fn told(&self, arguments: &[&str]) -> Result<String> {
        let mut command = self.command();
        command.args(arguments);
        let mut text = String::new();
        let finished = foreground::run(command, |line| {
            if let Line::Output(line) = line {
                text.push_str(line);
            }
        })
        .await?;
        if !finished.status.success() {
            let call = arguments.first().unwrap_or(&"");
            bail!("terraform {call} failed:\n{}", finished.errors.join("\n"));
        }
        Ok(text)
    }

    /// Runs a call with its output shown.
    pub async fn visibly(&self, arguments: &[&str]) -> Result<std::process::ExitStatus> {
        let mut command = self.command();
        command.args(arguments);
        foreground::run_visibly(command).await
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command.current_dir(self.module.sources());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("AWS_")
                || name.starts_with("TF_VAR_")
                || name.starts_with("TF_CLI_ARGS")
            {
                command.env_remove(name.as_ref());
            }
        }
        let (name, value) = GARBAGE_COLLECTOR;
        command
            .env(name, value)
            .env("TF_DATA_DIR", self.module.data())
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .env("AWS_ENDPOINT_URL", self.settings.aws_endpoint_url())
            .env("AWS_ACCESS_KEY_ID", &self.settings.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &self.settings.secret_access_key)
            .env("AWS_REGION", REGION)
            .env("AWS_EC2_METADATA_DISABLED", "true");
        if self.mirrored {
            command.env("TF_CLI_CONFIG_FILE", self.module.cli_configuration());
        }
        command
    }
}

#[derive(Deserialize)]
struct Output {
    value: Value,
}

/// What `terraform apply -json` has said so far.
/// <https://developer.hashicorp.com/terraform/internals/machine-readable-ui>
#[derive(Default)]
struct ApplyProgress {
    complete: usize,
    under_way: Vec<String>,
    problems: Vec<String>,
}

impl ApplyProgress {
    fn note(&mut self, line: &str) {
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            return;
        };
        let text = |path: &str| {
            message
                .pointer(path)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let resource = text("/hook/resource/addr");
        match text("/type") {
            "apply_start" => self.under_way.push(resource.to_owned()),
            "apply_complete" | "apply_errored" => {
                self.complete += 1;
                self.under_way.retain(|name| name != resource);
            }
            "diagnostic" if text("/@level") == "error" => {
                let place = text("/diagnostic/address");
                let (what, why) = (text("/diagnostic/summary"), text("/diagnostic/detail"));
                self.problems
                    .push(format!("{place} {what} {why}").trim().to_owned());
            }
            _ => {}
        }
    }
}

impl std::fmt::Display for ApplyProgress {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.under_way.first() {
            None => write!(formatter, "terraform apply: {} done", self.complete),
            Some(first) => {
                let open = self.under_way.len();
                write!(
                    formatter,
                    "terraform apply: {} done, {open} under way: {first}",
                    self.complete
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_and_problems_are_read_from_terraforms_messages() {
        let mut progress = ApplyProgress::default();
        let queue = r#"{"type":"apply_start","hook":{"resource":{"addr":"aws_sqs_queue.a"}}}"#;
        progress.note(queue);
        assert!(
            progress
                .to_string()
                .ends_with("0 done, 1 under way: aws_sqs_queue.a")
        );
        progress.note(&queue.replace("apply_start", "apply_complete"));
        assert!(progress.to_string().ends_with("1 done"));
        progress.note(
            r#"{"@level":"error","type":"diagnostic","diagnostic":{"summary":"No","detail":"why"}}"#,
        );
        progress.note("not json");
        assert_eq!(progress.problems, ["No why"]);
    }
}

//! The `aegis` command as an operator types it, on the tests' stack, and `cargo xtask` where the stack itself changes.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::process::Command;

use crate::stack::Stack;

/// What a command came to.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Stack {
    /// Runs the command that was built with the stack, without a terminal.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub async fn aegis(&self, words: &[&str]) -> Result<Outcome> {
        self.aegis_at(words, &self.folder.join("stack.json")).await
    }

    /// The same, with a stage file of the test's own.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub async fn aegis_at(&self, words: &[&str], stage: &Path) -> Result<Outcome> {
        let stage = stage.display().to_string();
        self.run("aegis", &[words, &["--stage", &stage]].concat())
            .await
    }

    /// Sets variables of the stack, as an operator does who changes a stage.
    ///
    /// # Errors
    /// Where Terraform does not get there.
    pub async fn set(&self, variables: &[String]) -> Result<()> {
        let folder = self.folder.display().to_string();
        let mut words = vec!["up", "--dir", &folder];
        words.extend(variables.iter().flat_map(|pair| ["--var", pair]));
        self.up(&words, &[]).await
    }

    /// With the flows and agents of this `aegis.toml`, as a developer does who has some.
    ///
    /// # Errors
    /// Where Terraform does not get there, or an agent does not answer.
    pub async fn bring_up(&self, configuration: &Path) -> Result<()> {
        let folder = self.folder.display().to_string();
        let file = configuration.display().to_string();
        self.up(&["up", "--dir", &folder], &[("AEGIS_CONFIG", &file)])
            .await
    }

    async fn up(&self, words: &[&str], environment: &[(&str, &str)]) -> Result<()> {
        let outcome = self.run_with("xtask", words, environment).await?;
        ensure!(outcome.code == Some(0), "xtask {words:?}: {}", outcome.err);
        Ok(())
    }

    async fn run(&self, program: &str, words: &[&str]) -> Result<Outcome> {
        self.run_with(program, words, &[]).await
    }

    async fn run_with(
        &self,
        program: &str,
        words: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<Outcome> {
        let program: PathBuf = self.folder.join("programs").join(program);
        let output = Command::new(&program)
            .args(words)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| program.display().to_string())?;
        Ok(Outcome {
            code: output.status.code(),
            out: String::from_utf8(output.stdout)?,
            err: String::from_utf8(output.stderr)?,
        })
    }

    /// The JSON that a command prints, which must end well.
    ///
    /// # Errors
    /// Where it does not, or prints something else.
    pub async fn aegis_json(&self, words: &[&str]) -> Result<Value> {
        let outcome = self.aegis(&[words, &["--json"]].concat()).await?;
        ensure!(outcome.code == Some(0), "aegis {words:?}: {outcome:?}");
        serde_json::from_str(&outcome.out).with_context(|| outcome.out.clone())
    }
}

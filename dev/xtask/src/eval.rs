//! `cargo xtask eval`: how good the agents' answers are. A program of its own, as it holds the agents.

use std::process::ExitCode;

use aegis_client::local;
use aegis_local_aws::{environment, prerequisites};
use anyhow::{Context as _, Result};

/// Ask the agents questions over real documents, and judge their answers.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub struct Arguments {
    /// What `aegis-eval` takes; `--help` shows it.
    #[arg(
        value_name = "ARGUMENT",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    words: Vec<String>,
}

pub async fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut command = environment::cargo(&prerequisites::cargo(), &local::root()?);
    // No `--package`: features are then those of everything else.
    command.args(["run", "--bin", "aegis-eval", "--"]);
    let ended = command.args(&arguments.words).status().await;
    let ended = ended.context("cannot start cargo")?;
    Ok(if ended.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

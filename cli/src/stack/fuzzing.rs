//! The part `api` of the tests: schemathesis reads the API's own description from the stack and sends what it makes
//! of it, valid and invalid, one request and chains of them. Every answer has to be as described.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use crate::stack::folder::StackFolder;
use crate::stack::{environment, foreground, prerequisites, venv, workspace};

/// The same requests in each short run.
const SEED: &str = "20261124";
/// Per operation, in each phase.
const SHORT: u32 = 12;
const HOOKS: &str = include_str!("../../assets/api_fuzzer_hooks.py");

/// Runs against the stack in `folder`. With `examples` as many for each operation, from a new seed.
///
/// # Errors
/// Where an answer was not as described; what is wrong with which request has been printed then.
pub async fn run(folder: &StackFolder, api: &str, examples: Option<u32>) -> Result<()> {
    let found = prerequisites::check()?;
    let parent = workspace::default_stack_folder()?;
    let python = venv::ensure(&venv::API_FUZZER, &parent, &found.python).await?;
    let hooks = folder.root().join("api_fuzzer_hooks.py");
    std::fs::write(&hooks, HOOKS).with_context(|| format!("cannot write {}", hooks.display()))?;
    let command = command(&python, folder, api, examples);
    let status = foreground::run_visibly(command).await?;
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => bail!("schemathesis ended with exit code {code}"),
        None => bail!("schemathesis was ended by a signal"),
    }
}

fn command(python: &Path, folder: &StackFolder, api: &str, examples: Option<u32>) -> Command {
    let mut command = Command::new(python);
    command
        .current_dir(folder.root())
        .env_clear()
        .envs(environment::clean(folder.root()))
        .env("AEGIS_API_URL", api)
        .env("SCHEMATHESIS_HOOKS", "api_fuzzer_hooks")
        .env("PYTHONPATH", folder.root())
        .args(["-m", "schemathesis.cli", "run"])
        .arg(format!("{api}/openapi.json"))
        .args(["--url", api, "--checks", "all"])
        .args(["--phases", "examples,coverage,fuzzing,stateful"])
        // A redirect is an answer of its own, and leads out of the API.
        .args(["--max-redirects", "0"])
        .args(["--request-timeout", "30", "--workers", "4"])
        .args(["--suppress-health-check", "all", "--no-color"])
        .args(["--generation-database", "none"]);
    match examples {
        Some(examples) => command.args(["--max-examples", &examples.to_string()]),
        None => command
            .args(["--max-examples", &SHORT.to_string()])
            .args(["--seed", SEED]),
    };
    command
}

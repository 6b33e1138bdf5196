//! Builds the embedded runtime and its bench in release, and runs them.

use std::path::PathBuf;

use aegis_client::local;
use aegis_local_aws::{binaries, environment, prerequisites};
use aegis_terminal::progress::Step;
use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

const BENCH: &str = "bench-embedded";

/// # Errors
/// Where one of them cannot be built, or the bench fails.
pub async fn run(
    program: Option<PathBuf>,
    rounds: usize,
    workflows: usize,
    as_json: bool,
) -> Result<()> {
    let root = local::root()?;
    let step = Step::begin("Build the server and its bench");
    let mut command = environment::cargo(&prerequisites::cargo(), &root);
    command.args([
        "build",
        "--release",
        "--message-format=json-render-diagnostics",
    ]);
    command.args([
        "--package",
        "aegis-cli",
        "--package",
        "aegis-bench-embedded",
    ]);
    let (built, compiled) = binaries::compile(command, &step).await?;
    step.done(&binaries::in_words(compiled));
    let made = |name: &str| {
        built
            .get(name)
            .with_context(|| format!("{name} was not built"))
    };
    let program = match &program {
        Some(program) => program,
        None => made("aegis")?,
    };
    let mut bench = Command::new(made(BENCH)?);
    bench.arg("--program").arg(program);
    bench
        .arg("--flows")
        .arg(root.join("dev/bench/embedded/flows"));
    bench.args(["--rounds", &rounds.to_string()]);
    bench.args(["--workflows", &workflows.to_string()]);
    bench.args(as_json.then_some("--json"));
    let status = bench.status().await?;
    ensure!(status.success(), "{BENCH} ended with {status}");
    Ok(())
}

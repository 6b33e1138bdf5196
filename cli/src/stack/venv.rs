//! The emulator's private Python environment: pinned by hash, shared by all stacks of this
//! workspace.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use crate::stack::digest;
use crate::stack::foreground::{self, Line};
use crate::stack::lock;
use crate::stack::progress::Step;

const REQUIREMENTS: &str = include_str!("../../assets/emulator-requirements.txt");

/// Names the set of packages; changes whenever they do.
pub fn fingerprint() -> String {
    digest::of_bytes(REQUIREMENTS.as_bytes())
}

/// Returns the environment's Python, after making the environment if it is not there.
pub async fn ensure(folder: &Path, python: &str) -> Result<PathBuf> {
    let program = folder.join("bin").join("python");
    let marker = folder.join("installed");
    let _lock = lock::acquire(&folder.with_extension("lock")).await?;
    let installed = std::fs::read_to_string(&marker).unwrap_or_default();
    if installed == fingerprint() && program.exists() {
        return Ok(program);
    }
    let step = Step::begin("Install the AWS emulator");
    if folder.exists() {
        std::fs::remove_dir_all(folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    step.waiting_for("making a virtual environment");
    let mut make = Command::new(python);
    make.args(["-m", "venv"]).arg(folder);
    finish(make, &step, "making a virtual environment failed").await?;
    let requirements = folder.join("requirements.txt");
    std::fs::write(&requirements, REQUIREMENTS)?;
    let mut install = Command::new(&program);
    install
        .args([
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--no-input",
        ])
        .args(["--require-hashes", "--requirement"])
        .arg(&requirements);
    finish(
        install,
        &step,
        "installing the emulator's Python packages failed",
    )
    .await?;
    std::fs::write(&marker, fingerprint())?;
    step.done("ready");
    Ok(program)
}

async fn finish(command: Command, step: &Step, what_failed: &str) -> Result<()> {
    let finished = foreground::run(command, |line| {
        if let Line::Output(line) = line {
            step.waiting_for(line.trim());
        }
    })
    .await?;
    if !finished.status.success() {
        bail!("{what_failed}:\n{}", finished.errors.join("\n"));
    }
    Ok(())
}

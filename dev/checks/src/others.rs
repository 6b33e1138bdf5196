//! What other people's tools say about this repository: shell scripts, the agents' image, dependencies.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use crate::test::judge;
use aegis_client::local;
use aegis_local_aws::{environment, foreground, prerequisites, venv};
use aegis_terminal::progress::say;

/// Each is checked with what it sources.
const SCRIPTS: [&str; 5] = [
    "terraform/deploy.sh",
    "terraform/agent-image/build.sh",
    "dev/checks/assets/stand-ins/cargo",
    "dev/checks/assets/stand-ins/docker",
    ".ci/run",
];
const DOCKERFILE: &str = "terraform/agent-image/Dockerfile";

pub async fn scripts() -> Result<()> {
    let root = local::root()?;
    let tools = tools().await?;
    for script in SCRIPTS {
        let script = root.join(script);
        let mut command = Command::new(tools.join("shellcheck"));
        command
            .args(["--external-sources", "--check-sourced"])
            .arg(&script);
        // So that the names of sourced files are found.
        command.current_dir(script.parent().context("a script lies in no folder")?);
        let name = format!("shellcheck {}", script.display());
        judge(&name, foreground::run_visibly(command).await?)?;
    }
    let mut command = Command::new(tools.join("hadolint"));
    command.arg(DOCKERFILE).current_dir(&root);
    judge("hadolint", foreground::run_visibly(command).await?)
}

/// Platforms that are deployed to; crates for others are never built, and may not be on this machine.
const PLATFORMS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];
/// What cargo-deny says when the database of advisories is out of reach.
const OUT_OF_REACH: &str = "failed to fetch advisory database";

/// Licences, sources and bans need no network. Advisories come from a repository of their own: where that cannot be
/// reached, it is said, and the rest counts.
pub async fn dependencies() -> Result<()> {
    let root = local::root()?;
    let tools = tools().await?;
    let metadata = tempfile_of(&root, &metadata(&root).await?)?;
    let rules = ["--offline", "check", "bans", "licenses", "sources"];
    let finished = foreground::run_visibly(deny(&tools, &root, &metadata, &rules)).await;
    let advisories = deny(&tools, &root, &metadata, &["check", "advisories"]);
    let advisories = foreground::run(advisories, |_| ()).await;
    std::fs::remove_file(&metadata)?;
    judge("cargo deny", finished?)?;
    let advisories = advisories?;
    let said = advisories.errors.join("\n");
    if said.contains(OUT_OF_REACH) {
        say("advisories: NOT CHECKED, because their database cannot be reached from here");
        return Ok(());
    }
    say(&said);
    judge("cargo deny check advisories", advisories.status)
}

/// What cargo knows of all dependencies, without asking a registry where it need not.
async fn metadata(root: &Path) -> Result<Vec<u8>> {
    let mut command = environment::cargo(&prerequisites::cargo(), root);
    command.args([
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--all-features",
    ]);
    for platform in PLATFORMS {
        command.args(["--filter-platform", platform]);
    }
    let output = command.stdin(Stdio::null()).output().await?;
    if !output.status.success() {
        bail!(
            "cargo metadata failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(output.stdout)
}

fn tempfile_of(root: &Path, content: &[u8]) -> Result<PathBuf> {
    let folder = root.join("target");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("metadata-{}.json", std::process::id()));
    std::fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn deny(tools: &Path, root: &Path, metadata: &Path, arguments: &[&str]) -> Command {
    let program = tools.join("cargo-deny").display().to_string();
    let mut command = environment::cargo(&program, root);
    command.arg("--metadata-path").arg(metadata).args(arguments);
    command
}

/// The folder with the tools' programs.
async fn tools() -> Result<PathBuf> {
    let parent = local::default_stack_folder()?;
    let python = venv::ensure(&venv::DEPLOY_TOOLS, &parent, &prerequisites::python()?).await?;
    let folder = python.parent().context("Python lies in no folder")?;
    Ok(folder.to_path_buf())
}

//! `aws logs tail`, as the guide has it. Only version 2 of the command line of AWS knows it, which no package index for
//! Python has: it is typed where there is one on this machine.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use tokio::process::Command;

use crate::rehearsal::site::Site;

const TRIES: usize = 30;

/// Without `--follow`, which ends by itself: the emulator gives log lines no id, by which it would go on.
pub async fn are_shown(site: &Site) -> Result<()> {
    let Some(program) = version_2().await else {
        errln!(
            "LEFT OUT: `aws logs tail` was not typed, because no `aws` on PATH is of version 2 (on Debian: \
             apt-get install awscli)"
        );
        return Ok(());
    };
    let path = site.path_with("aws", &stand_in(&program))?;
    let tail = async |output: &str| {
        let line = format!("aws logs tail $(terraform output -raw {output})");
        let ended = site.typed_with(&line, &[("PATH", &path)]).await?;
        ensure!(ended.good, "`{line}` failed:\n{}", ended.all);
        anyhow::Ok(ended.output)
    };
    // No agent reports here: it is enough that there is such a group.
    tail("callback_log_group_name").await?;
    for _ in 0..TRIES {
        if tail("controller_log_group_name")
            .await?
            .contains("POST /workflows")
        {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    bail!("aws logs tail shows no line of the quick start")
}

/// Versions before 2.13 read no `AWS_ENDPOINT_URL`.
fn stand_in(program: &Path) -> String {
    let program = program.display();
    format!("#!/usr/bin/env bash\nexec '{program}' --endpoint-url \"$AWS_ENDPOINT_URL\" \"$@\"\n")
}

async fn version_2() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    for folder in std::env::split_paths(&path) {
        let program = folder.join("aws");
        let Ok(output) = Command::new(&program).arg("--version").output().await else {
            continue;
        };
        if String::from_utf8_lossy(&output.stdout).starts_with("aws-cli/2.") {
            return Some(program);
        }
    }
    None
}

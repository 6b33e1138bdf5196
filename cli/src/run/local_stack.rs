//! Has the local stack started where none runs. In a clone that is a command away; elsewhere a sentence says what to do.

use std::process::Stdio;
use std::time::Duration;

use aegis_client::local;
use aegis_client::stage::Stage;
use anyhow::{Context as _, Result};
use tokio::process::Command;

use crate::context::Context;
use crate::failure::Coded;

/// A running stack answers at once.
const PATIENCE: Duration = Duration::from_secs(2);

/// Goes on when a stack runs, and starts one where there is none.
///
/// # Errors
/// Where none runs and none can be started.
pub async fn ensure(context: &Context) -> Result<()> {
    if runs(context).await {
        return Ok(());
    }
    let clone = local::root().ok();
    let Some(root) = clone.filter(|root| root.join("dev/xtask").is_dir()) else {
        let message = "no local stack is running, and this is no clone of aegis to start one from: name a stage with \
                       --stage FILE, or run `cargo xtask up` in a clone";
        return Err(Coded::new("no_stage", message).into());
    };
    errln!("No local stack is running: cargo xtask up");
    let mut up = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for name in local::set_by_cargo() {
        up.env_remove(name);
    }
    up.args(["xtask", "up", "--dir"])
        .arg(context.folder.root())
        .current_dir(root)
        .stdin(Stdio::null())
        // Our own standard output may be the report, and then holds nothing else.
        .stdout(Stdio::null());
    let mut up = up.spawn().context("cannot start `cargo xtask up`")?;
    // Ctrl-C reaches it too, and it ends what it has started: that is waited for.
    let ended = loop {
        tokio::select! {
            ended = up.wait() => break ended?,
            interrupted = tokio::signal::ctrl_c() => interrupted?,
        }
    };
    if ended.success() {
        return Ok(());
    }
    Err(Coded::new(
        "no_stage",
        "the local stack could not be started with `cargo xtask up`",
    )
    .into())
}

/// Whether the stack of this folder answers: its file stays behind when the machine is switched off.
async fn runs(context: &Context) -> bool {
    let Ok(stage) = Stage::read(&context.stage_file()) else {
        return false;
    };
    let client = reqwest::Client::new();
    client
        .get(&stage.api_endpoint)
        .timeout(PATIENCE)
        .send()
        .await
        .is_ok()
}

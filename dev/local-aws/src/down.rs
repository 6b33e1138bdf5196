//! `cargo xtask down`: ends agents and emulator in an orderly way, so that the stack's state is kept.

use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::Context;
use crate::terraform::module::Module;
use crate::{agents, emulator, lock};
use aegis_client::local::StackFolder;
use aegis_terminal::out;
use aegis_terminal::progress::Step;

#[derive(Debug, Clone, Default, clap::Args)]
pub struct Arguments {
    /// Also delete what the stack holds: workflows, artifacts, logs, settings.
    #[arg(long)]
    pub wipe: bool,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    take_down(&context.folder, arguments.wipe).await?;
    if context.json {
        out::json(serde_json::json!({"running": false, "wiped": arguments.wipe}));
    }
    Ok(ExitCode::SUCCESS)
}

pub async fn take_down(folder: &StackFolder, wipe: bool) -> Result<()> {
    if !folder.root().exists() {
        errln!("There is no stack in {}", folder.root().display());
        return Ok(());
    }
    let _lock = lock::acquire(&folder.lock_file()).await?;
    let step = Step::begin("Stop the stack");
    step.waiting_for("the agents to end");
    agents::end(folder).await?;
    step.waiting_for("the emulator to write its state");
    emulator::end(folder).await?;
    remove(&folder.stack_file())?;
    if wipe {
        emulator::wipe(folder)?;
        Module::of(folder).forget()?;
        remove(&folder.settings_file())?;
        remove(&folder.agent_host_file())?;
        for of_the_past in [folder.logs(), folder.temporary()] {
            if of_the_past.exists() {
                std::fs::remove_dir_all(&of_the_past)?;
            }
        }
    }
    step.done(if wipe {
        "stopped and wiped"
    } else {
        "stopped; its state is kept"
    });
    Ok(())
}

/// Takes a stack down, with all that it holds, that was brought up for one purpose and has served it, whatever came of
/// that; with `keep` it stays.
///
/// # Errors
/// Of what came before, or of taking it down.
pub async fn after_use<T>(folder: &StackFolder, keep: bool, outcome: Result<T>) -> Result<T> {
    if keep {
        errln!("The stack stays: {}", folder.stack_file().display());
        return outcome;
    }
    let down = take_down(folder, true).await;
    outcome.and_then(|value| down.map(|()| value))
}

fn remove(path: &std::path::Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

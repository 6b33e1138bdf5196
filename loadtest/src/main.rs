//! `aegis-loadtest`: many workflows against any stage, how long they took, what they cost, and whether any was lost.

use std::process::ExitCode;

use aegis_client::api::Api;
use aegis_client::local::{StackFolder, default_stack_folder};
use aegis_client::stage::Stage;
use aegis_loadtest::command::{Command, Order, show, typed};
use aegis_loadtest::{Ground, against};
use aegis_terminal::failure;
use anyhow::{Result, ensure};
use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    let command = match Command::try_parse() {
        Ok(command) => command,
        Err(error) => return failure::refused(&error),
    };
    let as_json = command.json;
    run(command).await.unwrap_or_else(|error| {
        failure::tell(&error, as_json);
        ExitCode::FAILURE
    })
}

async fn run(command: Command) -> Result<ExitCode> {
    let order = Order::of(&command.options)?;
    let file = match (command.stage, command.dir) {
        (Some(file), _) => file,
        (None, Some(folder)) => StackFolder::new(folder).stack_file(),
        (None, None) => StackFolder::new(default_stack_folder()?).stack_file(),
    };
    ensure!(
        file.exists(),
        "there is no stage file {}: name one with --stage, or start the local stack with `cargo xtask up`",
        file.display()
    );
    let stage = Stage::read(&file)?;
    let api = Api::of(&stage, command.token_file.as_deref(), "").await?;
    let ground = Ground {
        stage,
        api,
        agents: None,
        alone: false,
        faults: None,
        command: typed("aegis-loadtest"),
    };
    let report = against(&order, ground).await?;
    show(&report, command.options.html.as_deref(), command.json)
}

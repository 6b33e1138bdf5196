//! The `aegis` command: what is typed to run workflows, to decide and to operate, against any deployed stage.
//!
//! This file only parses and hands over. All that is printed goes through `aegis_terminal`. Each verb is a file of its own
//! with `Arguments` and `run(arguments, &Context)`: `client` holds those that ask a stage something, `run` the one that
//! goes along with a workflow, `server` the one that is a stage itself. What developers type is `cargo xtask`, and none of it is in here.
//!
//! A library too: a developer's tool looks into dead-letter queues as `aegis dlq` does, and tests read the help.

#![deny(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what is printed goes through `aegis_terminal`"
)]

// For its macros.
#[macro_use]
extern crate aegis_terminal;

mod args;
mod ask;
pub mod client;
mod context;
mod failure;
mod run;
pub mod server;
mod upkeep;

use aegis_terminal::{out, style};
pub use args::command;

use std::process::ExitCode;

use crate::args::{Command, Verb};
use crate::context::Context;

/// The whole program.
pub async fn run_as_typed() -> ExitCode {
    let command = match args::parsed() {
        Ok(command) => command,
        Err(code) => return code,
    };
    let as_json = command.global.json;
    match dispatch(command).await {
        Ok(code) => code,
        Err(error) => {
            failure::tell(&error, as_json);
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    let context = Context::new(&command.global)?;
    let code = verb(command.verb, &context).await;
    server::end(&context).await;
    code
}

async fn verb(verb: Verb, context: &Context) -> anyhow::Result<ExitCode> {
    match verb {
        Verb::Run(arguments) => run::run(*arguments, context).await,
        Verb::Serve(arguments) => server::run(arguments, context).await,
        Verb::Start(arguments) => client::start::run(*arguments, context).await,
        Verb::Get(arguments) => client::get::run(arguments, context).await,
        Verb::List(arguments) => client::list::run(arguments, context).await,
        Verb::Watch(arguments) => client::watch::run(arguments, context).await,
        Verb::History(arguments) => client::history::run(arguments, context).await,
        Verb::Report(arguments) => client::report::run(arguments, context).await,
        Verb::Findings(arguments) => client::findings::run(arguments, context).await,
        Verb::Approve(arguments) => client::decide::approve(arguments, context).await,
        Verb::Reject(arguments) => client::decide::reject(arguments, context).await,
        Verb::RequestChanges(arguments) => {
            client::decide::request_changes(arguments, context).await
        }
        Verb::ApprovalLink(arguments) => client::approval_link::run(arguments, context).await,
        Verb::Cancel(arguments) => client::cancel::run(arguments, context).await,
        Verb::Redrive(arguments) => client::redrive::run(arguments, context).await,
        Verb::Flow(arguments) => client::flow::run(arguments, context).await,
        Verb::Backup(arguments) => upkeep::backup(arguments, context).await,
        Verb::Restore(arguments) => upkeep::restore(arguments, context).await,
        Verb::Doctor(arguments) => upkeep::doctor(arguments, context).await,
        Verb::Events(arguments) => client::events::run(arguments, context).await,
        Verb::Emit(arguments) => client::emit::run(arguments, context).await,
        Verb::Dlq(arguments) => client::dlq::run(arguments, context).await,
        Verb::Keys(arguments) => client::keys::run(arguments, context).await,
        Verb::Logs(arguments) => client::logs::run(arguments, context).await,
    }
}

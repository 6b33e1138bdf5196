//! The `aegis` command: runs the local stack, and talks to any deployed stage.
//!
//! This file only parses and hands over. Each verb is a file of its own with `Arguments` and
//! `run(arguments, &Context)`; `stack` holds the verbs that need this repository's sources,
//! `client` those that need only a stage to talk to.

mod args;
mod client;
mod context;
mod run;
mod stack;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Command, Verb};
use crate::context::Context;

#[tokio::main]
async fn main() -> ExitCode {
    let command = Command::parse();
    match dispatch(command).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{} {error:#}", console::style("error:").red().bold());
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    let context = Context::new(&command.global)?;
    match command.verb {
        Verb::Up(arguments) => stack::up::run(arguments, &context).await,
        Verb::Down(arguments) => stack::down::run(arguments, &context).await,
        Verb::Status(arguments) => stack::status::run(arguments, &context).await,
        Verb::Test(arguments) => stack::test::run(arguments, &context).await,
        Verb::Run(arguments) => run::run(*arguments, &context).await,
        Verb::Start(arguments) => client::start::run(*arguments, &context).await,
        Verb::Get(arguments) => client::get::run(arguments, &context).await,
        Verb::List(arguments) => client::list::run(arguments, &context).await,
        Verb::Watch(arguments) => client::watch::run(arguments, &context).await,
        Verb::History(arguments) => client::history::run(arguments, &context).await,
        Verb::Report(arguments) => client::report::run(arguments, &context).await,
        Verb::Approve(arguments) => client::decide::approve(arguments, &context).await,
        Verb::Reject(arguments) => client::decide::reject(arguments, &context).await,
        Verb::RequestChanges(arguments) => {
            client::decide::request_changes(arguments, &context).await
        }
        Verb::Cancel(arguments) => client::cancel::run(arguments, &context).await,
        Verb::Redrive(arguments) => client::redrive::run(arguments, &context).await,
        Verb::Emit(arguments) => client::emit::run(arguments, &context).await,
        Verb::Logs(arguments) => client::logs::run(arguments, &context).await,
        Verb::AgentHost(arguments) => stack::host::run(arguments, &context).await,
    }
}

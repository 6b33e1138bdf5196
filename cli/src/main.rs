//! The `aegis` command: runs the local stack, and talks to any deployed stage.
//!
//! This file only parses and hands over. All that is printed goes through `out`. Each verb is a file of its own with `Arguments` and
//! `run(arguments, &Context)`; `stack` holds the verbs that need this repository's sources,
//! `client` those that talk to a stage, local or in AWS.

#![deny(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what is printed goes through `out`"
)]

// First, for its macros.
#[macro_use]
mod out;

mod args;
mod ask;
mod bench;
mod chaos;
mod client;
mod context;
mod cost;
mod failure;
mod loadtest;
mod run;
mod simulate;
mod stack;
mod style;

use std::process::ExitCode;

use crate::args::{Command, Verb};
use crate::context::Context;

#[tokio::main]
async fn main() -> ExitCode {
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
    match command.verb {
        Verb::Up(arguments) => stack::up::run(arguments, &context).await,
        Verb::Down(arguments) => stack::down::run(arguments, &context).await,
        Verb::Status(arguments) => stack::status::run(arguments, &context).await,
        Verb::Test(arguments) => stack::test::run(arguments, &context).await,
        Verb::Chaos(arguments) => chaos::run(arguments, &context).await,
        Verb::Loadtest(arguments) => loadtest::run(*arguments, &context).await,
        Verb::Run(arguments) => run::run(*arguments, &context).await,
        Verb::Start(arguments) => client::start::run(*arguments, &context).await,
        Verb::Get(arguments) => client::get::run(arguments, &context).await,
        Verb::List(arguments) => client::list::run(arguments, &context).await,
        Verb::Watch(arguments) => client::watch::run(arguments, &context).await,
        Verb::History(arguments) => client::history::run(arguments, &context).await,
        Verb::Report(arguments) => client::report::run(arguments, &context).await,
        Verb::Findings(arguments) => client::findings::run(arguments, &context).await,
        Verb::Approve(arguments) => client::decide::approve(arguments, &context).await,
        Verb::Reject(arguments) => client::decide::reject(arguments, &context).await,
        Verb::RequestChanges(arguments) => {
            client::decide::request_changes(arguments, &context).await
        }
        Verb::ApprovalLink(arguments) => client::approval_link::run(arguments, &context).await,
        Verb::Cancel(arguments) => client::cancel::run(arguments, &context).await,
        Verb::Redrive(arguments) => client::redrive::run(arguments, &context).await,
        Verb::Emit(arguments) => client::emit::run(arguments, &context).await,
        Verb::Dlq(arguments) => client::dlq::run(arguments, &context).await,
        Verb::Keys(arguments) => client::keys::run(arguments, &context).await,
        Verb::Logs(arguments) => client::logs::run(arguments, &context).await,
        Verb::Simulate(arguments) => simulate::run(&arguments, &context),
        Verb::Bench(arguments) => bench::run(arguments, &context).await,
        Verb::Cost(arguments) => cost::run(&arguments, &context),
        Verb::Package(arguments) => stack::package::run(arguments, &context).await,
        Verb::AgentHost(arguments) => stack::host::run(arguments, &context).await,
    }
}

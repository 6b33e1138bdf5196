//! `cargo xtask`: what developers type. Arguments and calls: the work is done by the crates beside this one.

#![deny(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what is printed goes through `aegis_terminal`"
)]

// For its macros.
#[macro_use]
extern crate aegis_terminal;

mod args;
mod cost;
mod eval;
mod simulate;

use std::process::ExitCode;

use aegis_local_aws::{down, host, package, status, up};
use aegis_terminal::failure;

use crate::args::{Command, Verb};

#[tokio::main]
async fn main() -> ExitCode {
    let command = match args::parsed() {
        Ok(command) => command,
        Err(error) => return failure::refused(&error),
    };
    let as_json = command.json;
    dispatch(command).await.unwrap_or_else(|error| {
        failure::tell(&error, as_json);
        ExitCode::FAILURE
    })
}

async fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    let context = &command.context()?;
    match command.verb {
        Verb::Up(arguments) => up::run(arguments, context).await,
        Verb::Down(arguments) => down::run(arguments, context).await,
        Verb::Status(arguments) => status::run(arguments, context).await,
        Verb::Package(arguments) => package::run(arguments, context).await,
        Verb::Test(arguments) => aegis_checks::test::run(arguments, context).await,
        Verb::Simulate(arguments) => simulate::run(&arguments, context),
        Verb::Chaos(arguments) => aegis_load::chaos::run(arguments, context).await,
        Verb::Loadtest(arguments) => aegis_load::run(arguments, context).await,
        Verb::Bench(arguments) => aegis_bench::run(arguments, context).await,
        Verb::Cost(arguments) => cost::run(&arguments, context),
        Verb::Eval(arguments) => eval::run(&arguments).await,
        Verb::AgentHost(arguments) => host::run(arguments, context).await,
    }
}

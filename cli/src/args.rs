//! What can be typed after `aegis`. Each verb's own arguments are beside its code.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::{bench, chaos, client, cost, loadtest, run, simulate, stack};

/// Durable AI-agent workflows on serverless AWS, on this machine or on any stage.
#[derive(Debug, Parser)]
#[command(name = "aegis", version, propagate_version = true)]
pub struct Command {
    #[command(flatten)]
    pub global: GlobalArguments,
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Args)]
pub struct GlobalArguments {
    /// Folder that holds the local stack [default: .aegis at the workspace root].
    #[arg(long, global = true, env = "AEGIS_DIR", value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
    /// Talk to the stage that this file describes instead of the local stack.
    #[arg(long, global = true, env = "AEGIS_STAGE", value_name = "FILE")]
    pub stage: Option<PathBuf>,
    /// File with a bearer token, for stages that ask for one; AEGIS_TOKEN holds the token itself.
    #[arg(long, global = true, env = "AEGIS_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Print JSON on standard output.
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    // Boxed where the arguments are large. A verb's help is the text of its arguments.
    Run(Box<run::Arguments>),
    Start(Box<client::start::Arguments>),
    Get(client::get::Arguments),
    List(client::list::Arguments),
    Watch(client::watch::Arguments),
    History(client::history::Arguments),
    Report(client::report::Arguments),
    Findings(client::findings::Arguments),
    Approve(client::decide::Approve),
    Reject(client::decide::Reject),
    RequestChanges(client::decide::RequestChanges),
    ApprovalLink(client::approval_link::Arguments),
    Cancel(client::cancel::Arguments),
    Redrive(client::redrive::Arguments),
    Emit(client::emit::Arguments),
    Dlq(client::dlq::Arguments),
    Keys(client::keys::Arguments),
    Logs(client::logs::Arguments),
    /// Start the local stack, or bring it up to date with the sources.
    Up(stack::up::Arguments),
    /// Stop the local stack; what it holds stays unless it is wiped.
    Down(stack::down::Arguments),
    /// Say what of the local stack is running.
    Status(stack::status::Arguments),
    /// Run all tests, the end-to-end ones against a stack of their own.
    Test(stack::test::Arguments),
    Simulate(simulate::Arguments),
    Chaos(chaos::Arguments),
    Loadtest(Box<loadtest::Arguments>),
    Bench(bench::Arguments),
    Cost(cost::Arguments),
    /// Build the Lambda packages that a stage in AWS runs.
    Package(stack::package::Arguments),
    /// The local stand-in for the agent runtime; started by `up`.
    #[command(hide = true)]
    AgentHost(stack::host::Arguments),
}

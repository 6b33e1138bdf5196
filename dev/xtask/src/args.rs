//! What can be typed after `cargo xtask`. Each verb's own arguments are beside its code.

use std::path::PathBuf;

use aegis_client::local::{StackFolder, default_stack_folder};
use aegis_local_aws::{Context, down, host, package, status, up};
use aegis_terminal::out;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::{cost, eval, simulate};

/// The tools of aegis' developers: the local stack, tests, measurements, packages.
#[derive(Debug, Parser)]
#[command(name = "xtask", bin_name = "cargo xtask")]
pub struct Command {
    /// Folder that holds the local stack [default: .aegis at the workspace root].
    #[arg(long, global = true, env = "AEGIS_DIR", value_name = "FOLDER")]
    dir: Option<PathBuf>,
    /// Print JSON on standard output, an error as `{"error": {"code", "message", "status"}}`.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Start the local stack, or bring it up to date with the sources.
    Up(up::Arguments),
    /// Stop the local stack; what it holds stays unless it is wiped.
    Down(down::Arguments),
    /// Say what of the local stack is running.
    Status(status::Arguments),
    /// Run all tests, the end-to-end ones against a stack of their own.
    Test(aegis_checks::test::Arguments),
    Simulate(simulate::Arguments),
    Chaos(aegis_load::chaos::Arguments),
    Loadtest(aegis_load::Arguments),
    Bench(aegis_bench::Arguments),
    Cost(cost::Arguments),
    Eval(eval::Arguments),
    /// Build the Lambda packages that a stage in AWS runs.
    Package(package::Arguments),
    /// The local stand-in for the agent runtime; started by `up`.
    #[command(hide = true)]
    AgentHost(host::Arguments),
}

impl Command {
    pub fn context(&self) -> anyhow::Result<Context> {
        let root = match &self.dir {
            Some(dir) => std::path::absolute(dir)?,
            None => default_stack_folder()?,
        };
        Ok(Context {
            folder: StackFolder::new(root),
            json: self.json,
        })
    }
}

/// What was typed. Nothing of the help is broken in a pipe.
pub fn parsed() -> Result<Command, clap::Error> {
    let width = out::terminal_width(out::Stream::Out).unwrap_or(0);
    let matches = Command::command().term_width(width).try_get_matches()?;
    Command::from_arg_matches(&matches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_of_all_verbs_go_together() {
        Command::command().debug_assert();
    }
}

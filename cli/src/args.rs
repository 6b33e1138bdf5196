//! What can be typed after `aegis`. Each verb's own arguments are beside its code.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::{bench, chaos, client, cost, failure, loadtest, out, run, simulate, stack};

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
    /// Talk to the stage that this file describes instead of the local stack. Verbs that know only the local stack,
    /// such as `up` and `down`, refuse it.
    #[arg(long, global = true, env = "AEGIS_STAGE", value_name = "FILE")]
    pub stage: Option<PathBuf>,
    /// File with a bearer token, for stages that ask for one; AEGIS_TOKEN holds the token itself.
    #[arg(long, global = true, env = "AEGIS_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Print JSON on standard output, an error as `{"error": {"code", "message", "status"}}`.
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

impl Verb {
    /// Whether it works on the local stack, or on none: another stage cannot be meant.
    const fn is_local(&self) -> bool {
        match self {
            Self::Up(_)
            | Self::Down(_)
            | Self::Status(_)
            | Self::Test(_)
            | Self::Simulate(_)
            | Self::Chaos(_)
            | Self::Bench(_)
            | Self::Cost(_)
            | Self::Package(_)
            | Self::AgentHost(_) => true,
            Self::Run(_)
            | Self::Start(_)
            | Self::Get(_)
            | Self::Findings(_)
            | Self::List(_)
            | Self::Watch(_)
            | Self::History(_)
            | Self::Report(_)
            | Self::Approve(_)
            | Self::Reject(_)
            | Self::RequestChanges(_)
            | Self::ApprovalLink(_)
            | Self::Cancel(_)
            | Self::Redrive(_)
            | Self::Emit(_)
            | Self::Dlq(_)
            | Self::Keys(_)
            | Self::Logs(_)
            | Self::Loadtest(_) => false,
        }
    }
}

/// What was typed, or the exit code where that was help or a mistake, which is said here.
pub fn parsed() -> Result<Command, ExitCode> {
    from(std::env::args_os().collect()).map_err(|error| {
        let text = error.render();
        if !error.use_stderr() {
            let coloured = console::colors_enabled();
            out::own(&if coloured {
                text.ansi().to_string()
            } else {
                text.to_string()
            });
            return ExitCode::SUCCESS;
        }
        // What was typed is in it, so it is shown as any other text from elsewhere.
        let text = text.to_string();
        out::write(out::Stream::Err, &text);
        if std::env::args_os().any(|word| word == "--json") {
            failure::tell_usage(text.trim_start_matches("error: ").trim_end());
        }
        u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
    })
}

fn from(words: Vec<std::ffi::OsString>) -> Result<Command, clap::Error> {
    let matches = Command::command().try_get_matches_from(words)?;
    let mut command = Command::from_arg_matches(&matches)?;
    if command.global.stage.is_some() && command.verb.is_local() {
        // The variable is there for other verbs too, and only this one would delete something.
        let by_variable = matches.value_source("stage") == Some(ValueSource::EnvVariable);
        if !by_variable || matches!(command.verb, Verb::Down(_)) {
            let which = if by_variable {
                "AEGIS_STAGE"
            } else {
                "--stage"
            };
            let verb = matches.subcommand_name().unwrap_or_default();
            let sentence =
                format!("`{verb}` knows no other stage than the local stack: leave {which} away\n");
            return Err(Command::command().error(ErrorKind::ArgumentConflict, sentence));
        }
        command.global.stage = None;
    }
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_verb_refuses_another_stage() {
        let parse = |words: &[&str]| {
            let words = words.iter().map(|word| (*word).into());
            from(std::iter::once("aegis".into()).chain(words).collect())
        };
        for verb in [
            "up", "down", "status", "test", "simulate", "chaos", "cost", "package",
        ] {
            for words in [[verb, "--stage", "s.json"], ["--stage", "s.json", verb]] {
                let refused = parse(&words).unwrap_err().to_string();
                assert!(refused.contains("leave --stage away"), "{refused}");
            }
            assert!(parse(&[verb]).is_ok(), "{verb}");
        }
        assert!(parse(&["bench", "model", "--stage", "s.json"]).is_err());
        for verb in ["list", "run", "loadtest"] {
            assert!(
                parse(&[verb, "--stage", "s.json", "steady"][..if verb == "list" { 3 } else { 4 }])
                    .is_ok()
            );
        }
    }
}

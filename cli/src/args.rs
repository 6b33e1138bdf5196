//! What can be typed after `aegis`. Each verb's own arguments are beside its code.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::{client, out, run, server, upkeep};

/// Durable AI-agent workflows, on this machine or on serverless AWS.
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
    /// Folder of the server on this machine [default: .aegis/data in the clone, else here].
    #[arg(long, global = true, env = "AEGIS_DATA", value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Talk to the stage that this file describes instead of this machine.
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
    Serve(server::Arguments),
    Start(Box<client::start::Arguments>),
    Watch(client::watch::Arguments),
    Report(client::report::Arguments),
    Findings(client::findings::Arguments),
    Approve(client::decide::Approve),
    Reject(client::decide::Reject),
    RequestChanges(client::decide::RequestChanges),
    ApprovalLink(client::approval_link::Arguments),
    List(client::list::Arguments),
    Get(client::get::Arguments),
    History(client::history::Arguments),
    Logs(client::logs::Arguments),
    Events(client::events::Arguments),
    Cancel(client::cancel::Arguments),
    Redrive(client::redrive::Arguments),
    Flow(client::flow::Arguments),
    Backup(upkeep::Backup),
    Restore(upkeep::Restore),
    Doctor(upkeep::Doctor),
    Emit(client::emit::Arguments),
    Dlq(client::dlq::Arguments),
    Keys(client::keys::Arguments),
}

/// What the verbs are for, in the order of the help.
const GROUPS: [(&str, &[&str]); 5] = [
    (
        "Run a workflow",
        &["run", "serve", "start", "watch", "report"],
    ),
    (
        "Decide",
        &[
            "findings",
            "approve",
            "reject",
            "request-changes",
            "approval-link",
        ],
    ),
    (
        "Look",
        &["list", "get", "history", "events", "logs", "flow"],
    ),
    (
        "Keep the server on this machine",
        &["doctor", "backup", "restore"],
    ),
    ("Operate", &["cancel", "redrive", "emit", "dlq", "keys"]),
];

/// The command as it is parsed, with its help.
pub fn command() -> clap::Command {
    let command = Command::command();
    // Nothing is broken in a pipe.
    let width = out::terminal_width(out::Stream::Out);
    let heading = command.get_styles().get_header().to_owned();
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{}{heading}Options:{heading:#}\n{{options}}{{after-help}}",
        groups(&command, width)
    );
    command
        .term_width(width.unwrap_or(0))
        .help_template(template)
}

/// The verbs with what each is for, group by group.
fn groups(command: &clap::Command, width: Option<usize>) -> String {
    /// Of the longest verb, and the room around it.
    const COLUMN: usize = 19;
    let (heading, name) = (
        command.get_styles().get_header(),
        command.get_styles().get_literal(),
    );
    let mut text = String::new();
    for (title, verbs) in GROUPS {
        text.push_str(&format!("{heading}{title}:{heading:#}\n"));
        for verb in verbs {
            let known = command.find_subcommand(verb);
            let about = known
                .and_then(clap::Command::get_about)
                .map(ToString::to_string);
            let about = about.unwrap_or_default();
            let room = width.map_or(usize::MAX, |width| width.saturating_sub(COLUMN).max(20));
            let lines = textwrap::wrap(&about, room);
            let gap = COLUMN.saturating_sub(verb.len() + 2);
            let below = format!("\n{:COLUMN$}", "");
            text.push_str(&format!(
                "  {name}{verb}{name:#}{:gap$}{}\n",
                "",
                lines.join(&below)
            ));
        }
        text.push('\n');
    }
    text
}

/// What was typed, or the exit code where that was help or a mistake, which is said here.
pub fn parsed() -> Result<Command, ExitCode> {
    from(std::env::args_os().collect()).map_err(|error| aegis_terminal::failure::refused(&error))
}

fn from(words: Vec<OsString>) -> Result<Command, clap::Error> {
    let matches = command()
        .try_get_matches_from(&words)
        .map_err(|error| with_tip(error, &words))?;
    let command = Command::from_arg_matches(&matches)?;
    let together = match &command.verb {
        Verb::Run(arguments) => arguments.options.check(),
        Verb::Start(arguments) => arguments.options.check(),
        _ => Ok(()),
    };
    let refused = |why| clap::Error::raw(ErrorKind::ArgumentConflict, format!("{why}\n"));
    together.map_err(refused)?;
    Ok(command)
}

/// With a tip that works.
///
/// clap's own for a value that begins with `-` is to put `--` before it, which makes an argument without a name of it.
fn with_tip(mut error: clap::Error, words: &[OsString]) -> clap::Error {
    let Some(ContextValue::String(invalid)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let tip = match error.kind() {
        ErrorKind::UnknownArgument if invalid == "--approve" => Some(format!(
            "`{} run` has --approve; a workflow that was started is approved with `approve`",
            client::session::program()
        )),
        ErrorKind::UnknownArgument => behind_an_option(invalid, words),
        ErrorKind::ValueValidation if invalid.contains("<WORKFLOW>") => Some(format!(
            "`{} list` shows the ids of workflows",
            client::session::program()
        )),
        _ => None,
    };
    if let Some(tip) = tip {
        let tips = ContextValue::StyledStrs(vec![tip.into()]);
        error.insert(ContextKind::Suggested, tips);
    }
    error
}

/// `'--since=-5m' takes '-5m' as its value`, where `--since -5m` was typed.
fn behind_an_option(invalid: &str, words: &[OsString]) -> Option<String> {
    let words: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
    let pairs = words.iter().zip(words.iter().skip(1));
    let mut found = pairs.filter(|(option, value)| {
        value.starts_with(invalid) && !value.starts_with("--") && takes_a_value(&command(), option)
    });
    let (option, value) = found.next()?;
    let whole = client::session::quoted(&format!("{option}={value}"));
    Some(format!(
        "to give {option} the value '{value}', type {whole}"
    ))
}

/// Whether any verb has this option, by its long or short name, and a value behind it.
fn takes_a_value(command: &clap::Command, option: &str) -> bool {
    let is_it = |arg: &Arg| {
        let long = arg.get_long().map(|name| format!("--{name}"));
        let short = arg.get_short().map(|letter| format!("-{letter}"));
        arg.get_action().takes_values() && [long, short].iter().flatten().any(|name| name == option)
    };
    command.get_arguments().any(is_it)
        || command
            .get_subcommands()
            .any(|verb| takes_a_value(verb, option))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Command, clap::Error> {
        let words = words.iter().map(|word| (*word).into());
        from(std::iter::once("aegis".into()).chain(words).collect())
    }

    #[test]
    fn every_verb_is_in_one_group() {
        let mut grouped: Vec<&str> = GROUPS
            .iter()
            .flat_map(|(_, verbs)| *verbs)
            .copied()
            .collect();
        let command = command();
        let known = command.get_subcommands().filter(|verb| !verb.is_hide_set());
        let mut known: Vec<&str> = known.map(clap::Command::get_name).collect();
        grouped.sort_unstable();
        known.sort_unstable();
        assert_eq!(grouped, known);
        command.debug_assert();
    }

    #[test]
    fn a_tip_leads_on_when_it_is_followed() {
        const ID: &str = "wf_abcdefghijklmnopqrstuvwxyz";
        for (words, option) in [
            (&["approve", ID, "--revision", "-1"][..], "--revision=-1"),
            (&["logs", "--since", "-5m"], "--since=-5m"),
            (
                &["request-changes", ID, "-m", "- more on costs"],
                "'-m=- more on costs'",
            ),
            (&["list", "-n", "-3"], "-n=-3"),
        ] {
            let refused = parse(words).unwrap_err().to_string();
            assert!(refused.contains(&format!("type {option}\n")), "{refused}");
            let followed = option.trim_matches('\'');
            let again = [&words[..words.len() - 2], &[followed]].concat();
            match parse(&again) {
                Ok(_) => assert!(option.contains("costs")),
                Err(error) => assert_eq!(error.kind(), ErrorKind::ValueValidation, "{error}"),
            }
        }
        let topic = parse(&["start", "-5 degrees"]).unwrap_err().to_string();
        assert!(topic.contains("use '-- -5"), "{topic}");
        let id = parse(&["get", "foo"]).unwrap_err().to_string();
        assert!(id.contains("list` shows the ids"), "{id}");
    }
}

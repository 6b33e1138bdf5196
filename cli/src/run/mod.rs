//! `aegis run`: from a topic to a report on disk, with the person at the approval.
//!
//! `journey` goes along with the workflow, `screen` and `bars` draw it, `decider` is the
//! approval, `ending` says how it ended. Knows no stack: `stack::up` brings that.

mod bars;
mod decider;
mod ending;
mod journey;
#[cfg(test)]
mod journey_tests;
mod screen;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use aegis_contracts::ids::WorkflowId;
use anyhow::Result;
use clap::Args;

use self::decider::{Always, AtTerminal, Decider, Nobody};
use self::ending::Ending;
use self::journey::{Followed, Journey};
use self::screen::Screen;
use crate::client::request::RequestOptions;
use crate::client::session::Session;
use crate::client::start;
use crate::context::Context;
use crate::stack;

/// What a shell sees of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// Run one workflow from its topic to the report on disk.
///
/// Brings the local stack up where no --stage is named, starts the workflow, shows each step, asks
/// you at the approval (approve, reject or request changes), and writes the report. Ctrl-C leaves
/// the workflow running.
///
/// The exit code is 0 only for a completed workflow, 1 for one that ended in any other way, 3 for
/// one that waits for an approval which could not be asked for here, 130 after Ctrl-C.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aegis run \"Impact of quantum computing on cryptography\"
  aegis run \"How does PostgreSQL recover after a crash?\" --sources /usr/share/doc/postgresql-doc --approve
  aegis run \"A topic\" --stage staging.json -o report.md --json")]
pub struct Arguments {
    /// What the report shall be about, at most 1,000 characters.
    topic: String,
    #[command(flatten)]
    options: RequestOptions,
    /// Approve the findings without asking; needed where there is no terminal to ask at.
    #[arg(long)]
    approve: bool,
    /// Decide in this name. Counts only where the API runs without authorisation; else your
    /// credentials say who you are.
    #[arg(long, value_name = "NAME")]
    approver: Option<String>,
    /// Write the report here [default: ./aegis-reports/WORKFLOW.md].
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    if context.stage.is_none() {
        bring_up(context).await?;
    }
    let session = Session::open(context).await?;
    let key = arguments.options.key();
    // `up` has taken Ctrl-C from the system, so from here on it has to be listened for.
    let accepted = tokio::select! {
        accepted = start::start(&session, &arguments.topic, &arguments.options, &key) => accepted?,
        _ = tokio::signal::ctrl_c() => give_up(&session),
    };
    let id = accepted.value.workflow_id;
    eprintln!(
        "{}  {}",
        console::style(&id).for_stderr().bold(),
        arguments.topic
    );
    let ending = Ending {
        session: &session,
        id: &id,
        output: arguments.output.as_deref(),
    };
    let to_the_end = async { ending.tell(follow(&session, &id, &arguments).await?).await };
    tokio::select! {
        code = to_the_end => code,
        _ = tokio::signal::ctrl_c() => leave(&session, &id),
    }
}

/// Where traces go is said as for `up`, so that a stack with traces keeps them.
async fn bring_up(context: &Context) -> Result<()> {
    let arguments = stack::up::Arguments {
        variables: Vec::new(),
        traces: std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT")
            .ok()
            .filter(|url| !url.is_empty()),
    };
    stack::up::bring_up(&arguments, &context.folder).await?;
    Ok(())
}

async fn follow(session: &Session, id: &WorkflowId, arguments: &Arguments) -> Result<Followed> {
    let can_ask = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if arguments.approve {
        travel(session, id, arguments, Always).await
    } else if can_ask {
        travel(session, id, arguments, AtTerminal).await
    } else {
        travel(session, id, arguments, Nobody).await
    }
}

async fn travel<D: Decider>(
    session: &Session,
    id: &WorkflowId,
    arguments: &Arguments,
    decider: D,
) -> Result<Followed> {
    Journey {
        session,
        id,
        approver: arguments.approver.as_deref(),
        screen: Screen::new(),
        decider,
    }
    .follow()
    .await
}

fn give_up(session: &Session) -> ! {
    eprintln!("\nInterrupted before the workflow was confirmed. Whether it was started is told by");
    eprintln!("  {}", session.command("list"));
    std::process::exit(INTERRUPTED);
}

/// Does not return: a question at the terminal may still be waiting in a thread of its own.
fn leave(session: &Session, id: &WorkflowId) -> ! {
    let _ = console::Term::stderr().show_cursor();
    eprintln!("\nThe workflow goes on without you. Watch it again with");
    eprintln!("  {}", session.command(&format!("watch {id}")));
    eprintln!("  {}", session.command(&format!("report {id}")));
    std::process::exit(INTERRUPTED);
}

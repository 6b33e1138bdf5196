//! `aegis run`: from a topic to a report on disk, with the person at the approval.
//!
//! `journey` goes along with the workflow, `screen` and `bars` draw it, `decider` is the
//! approval, `ending` says how it ended.

mod bars;
mod decider;
mod ending;
mod journey;
#[cfg(test)]
mod journey_tests;
mod screen;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::Status;
use anyhow::{Result, bail};
use clap::Args;

use self::decider::{Always, AtTerminal, Decider, Nobody};
use self::ending::{Ending, Place};
use self::journey::{Followed, Journey};
use self::screen::Screen;
use crate::ask;
use crate::client::request::RequestOptions;
use crate::client::session::Session;
use crate::client::show::next_steps;
use crate::client::start;
use crate::context::Context;
use crate::server;
use crate::style::bold;
use aegis_terminal::text::one_line;

/// What a shell sees of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;
/// Somebody who wants to leave does not wait longer to see how things stand.
const LAST_LOOK: Duration = Duration::from_secs(3);

/// Run one workflow from its topic to the report on disk.
///
/// Starts the workflow, shows each step, asks you at the approval (approve, reject or request changes), and writes the
/// report. Where no --stage is named and no server runs here, this command is the server until the workflow has ended.
/// Ctrl-C or a crash loses nothing: what was under way goes on with the next server.
///
/// The exit code is 0 for a completed workflow whose report is written, 1 for one that ended in any other way or
/// could not be followed, 3 for one that waits for your decision, 4 for a completed one whose report could not be
/// fetched or written here, 130 after Ctrl-C.
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
    pub options: RequestOptions,
    /// Approve the findings without asking; needed where there is no terminal to ask at.
    #[arg(long)]
    approve: bool,
    /// Decide in this name. Counts only where the API runs without authorisation; else your
    /// credentials say who you are.
    #[arg(long, value_name = "NAME")]
    approver: Option<String>,
    /// Write the report here [default: ./aegis-reports/WORKFLOW.md]; `-` prints it.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print each change of each branch of a step, instead of rows that say how many there are.
    #[arg(long)]
    all: bool,
}

impl Arguments {
    /// Whether nothing says who decides: neither the person nor their credentials.
    fn is_nameless(&self, session: &Session) -> bool {
        self.approver.is_none() && !session.sees_who_decides()
    }
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let place = Place::of(arguments.output.as_deref(), context.json)?;
    let session = Session::open_or_begin(context).await?;
    if session.is_server {
        errln!(
            "aegis listens on {} until this has ended",
            session.stage.api_endpoint
        );
    }
    let names = arguments.options.approvers();
    if arguments.approve && arguments.is_nameless(&session) && !names.is_empty() {
        bail!(
            "--approve would be refused: only {} may decide; say in whose name with --approver",
            names.join(", ")
        );
    }
    let key = arguments.options.key();
    // What was started before has taken Ctrl-C from the system, so from here on it has to be listened for.
    let accepted = tokio::select! {
        accepted = start::start(&session, &arguments.topic, &arguments.options, &key) => accepted?,
        _ = tokio::signal::ctrl_c() => give_up(&session, context).await,
    };
    let id = accepted.value.workflow_id;
    errln!("{}  {}", bold(&id), one_line(&arguments.topic));
    let ending = Ending {
        session: &session,
        id: &id,
        place,
    };
    let to_the_end = async {
        match follow(&session, &id, &arguments).await {
            Ok(followed) => Ok(ending.tell(followed).await),
            Err(error) => {
                let watch = session.command(&format!("watch {id}"));
                Err(error.context(format!(
                    "{id} could not be followed to its end; `{watch}` follows it again"
                )))
            }
        }
    };
    tokio::select! {
        code = to_the_end => code,
        _ = tokio::signal::ctrl_c() => leave(&session, &id, context).await,
    }
}

async fn follow(session: &Session, id: &WorkflowId, arguments: &Arguments) -> Result<Followed> {
    if arguments.approve {
        travel(session, id, arguments, Always).await
    } else if ask::can_ask() {
        let asks_who = arguments.is_nameless(session);
        travel(session, id, arguments, AtTerminal { asks_who }).await
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
        screen: Screen::new(arguments.all),
        decider,
    }
    .follow()
    .await
}

async fn give_up(session: &Session, context: &Context) -> ! {
    errln!(
        "\nInterrupted before the stage had confirmed the workflow. It may have started; see with"
    );
    errln!("  {}", session.command("list"));
    server::end(context).await;
    std::process::exit(INTERRUPTED);
}

/// Does not return: a question at the terminal may still be waiting in a thread of its own.
async fn leave(session: &Session, id: &WorkflowId, context: &Context) -> ! {
    let now = tokio::time::timeout(LAST_LOOK, session.workflow(id)).await;
    match now {
        Ok(Ok(now)) if now.value.status == Status::AwaitingApproval => {
            errln!("\nThe workflow waits for your decision. Decide with");
            for line in next_steps(&now.value, session) {
                errln!("  {line}");
            }
            errln!("Then follow it, and read the report, with");
        }
        _ if session.is_server => {
            errln!("\nThe workflow is kept. It goes on, and you read its report, with")
        }
        _ => {
            errln!("\nThe workflow goes on without you. Watch it again, and read the report, with")
        }
    }
    errln!("  {}", session.command(&format!("watch {id}")));
    errln!("  {}", session.command(&format!("report {id}")));
    server::end(context).await;
    std::process::exit(INTERRUPTED);
}

//! `aegis watch`: each change of a workflow as it happens, until it has ended.

use std::process::ExitCode;
use std::time::Duration;

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::{Status, WorkflowView};
use anyhow::Result;
use clap::Args;

use super::changes;
use super::poll::Poller;
use super::refusal::explained;
use super::session::Session;
use super::show;
use super::summaries::Summaries;
use crate::context::Context;
use crate::out;
use crate::style::dim;
use aegis_terminal::text::{clock, moment, now};

const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// Print each change of a workflow until it has ended.
///
/// With --json, one line per change, each the API's answer. The exit code is 0 for a completed
/// workflow and 1 for one that failed, was rejected or cancelled, or expired.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The workflow's id, `wf_…`.
    #[arg(value_name = "WORKFLOW")]
    id: WorkflowId,
    /// Show each branch of a step, not only how many there are.
    #[arg(long)]
    all: bool,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let session = Session::open(context).await?;
    let id = arguments.id;
    let mut poller = Poller::new(id.clone(), LONGEST_PAUSE);
    let mut summaries = Summaries::default();
    let mut shown: Option<WorkflowView> = None;
    loop {
        let answer = match poller.next(&session).await {
            Ok(answer) => answer,
            Err(error) => return Err(explained(error, &id, &session).await),
        };
        if session.json {
            out::json(json_line(&answer.raw));
        } else {
            let told = summaries.added_to(answer.value.clone(), &session).await;
            tell(shown.as_ref(), &told, &session, arguments.all);
            shown = Some(told);
        }
        let status = answer.value.status;
        poller.seen(answer.value);
        if status.is_terminal() {
            return Ok(ending(status));
        }
    }
}

/// 0 only for a completed workflow.
pub fn ending(status: Status) -> ExitCode {
    if status == Status::Completed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn tell(before: Option<&WorkflowView>, view: &WorkflowView, session: &Session, all: bool) {
    let lines = changes::told(before, view, all);
    for line in lines.into_iter().chain(changes::ending(view)) {
        // What came to be so before the first look has a time of its own. Of an attempt that failed, nobody says it.
        let time = match before {
            Some(_) => clock(now()),
            None => line.at.map_or_else(|| "earlier".to_owned(), moment),
        };
        outln!("{}  {}", dim(time), line.text);
    }
    let status_changed = before.is_none_or(|before| before.status != view.status);
    let asks = view.status == Status::AwaitingApproval || view.status.is_terminal();
    if status_changed && asks {
        for line in show::next_steps(view, session) {
            outln!("          {}", dim(line));
        }
    }
}

/// JSON lines need an answer on one line, however it was sent.
fn json_line(raw: &str) -> String {
    if !raw.contains('\n') {
        return raw.to_owned();
    }
    match serde_json::from_str::<serde_json::Value>(raw) {
        Ok(value) => value.to_string(),
        Err(_) => raw.replace('\n', " "),
    }
}

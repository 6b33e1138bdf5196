//! `aegis history`: everything that happened to a workflow, as a timeline.

use std::process::ExitCode;

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::{History, HistoryEvent};
use anyhow::Result;
use clap::Args;

use super::event_words::told;
use super::refusal::explained;
use super::session::Session;
use crate::context::Context;
use crate::out;
use crate::style::{bold, dim};
use aegis_terminal::text::{columns, duration, local_time, one_line};

/// Show every event of a workflow as a timeline.
///
/// Each line has the time, how long it was after the line before, the version that the event
/// made, its type, and what it says.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The workflow's id, `wf_…`.
    #[arg(value_name = "WORKFLOW")]
    id: WorkflowId,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let session = Session::open(context).await?;
    let path = format!("/workflows/{}/history", arguments.id);
    let answer = match session.api.get::<History>(&path).await {
        Ok(answer) => answer,
        Err(error) => return Err(explained(error, &arguments.id, &session).await),
    };
    if session.json {
        out::json(answer.raw);
        return Ok(ExitCode::SUCCESS);
    }
    for line in timeline(&answer.value.events) {
        outln!("{line}");
    }
    Ok(ExitCode::SUCCESS)
}

fn timeline(events: &[HistoryEvent]) -> Vec<String> {
    let mut rows = Vec::new();
    let mut before = None;
    for event in events {
        let later = before.map(|before| format!("+{}", duration(event.occurred_at.since(before))));
        before = Some(event.occurred_at);
        rows.push(vec![
            local_time(event.occurred_at),
            dim(later.unwrap_or_default()).to_string(),
            format!("v{}", event.version),
            bold(one_line(&event.kind)).to_string(),
            one_line(&told(event)),
        ]);
    }
    columns(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_newer_event_is_shown_as_it_is() {
        let event = |version, at: &str, kind: &str, data| HistoryEvent {
            version,
            kind: kind.to_owned(),
            occurred_at: at.parse().unwrap(),
            data,
        };
        let lines = timeline(&[
            event(
                1,
                "2026-11-23T18:00:00Z",
                "WorkflowStarted",
                json!({"flow": "report", "flow_version": 1, "topic": "t", "requested_by": "ann"}),
            ),
            event(
                2,
                "2026-11-23T18:00:01.5Z",
                "WorkflowPaused",
                json!({"by": "bob"}),
            ),
        ]);
        let lines: Vec<String> = lines.iter().map(|line| out::plain(line)).collect();
        assert!(
            lines[0].ends_with("v1  WorkflowStarted  report by ann"),
            "{}",
            lines[0]
        );
        assert!(
            lines[1].ends_with("+1.5 s  v2  WorkflowPaused   {\"by\":\"bob\"}"),
            "{}",
            lines[1]
        );
    }
}

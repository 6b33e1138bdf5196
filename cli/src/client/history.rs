//! `aegis history`: everything that happened to a workflow, as a timeline.

use std::process::ExitCode;

use aegis_contracts::event::Event;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::{History, HistoryEvent};
use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::session::Session;
use super::show::usage;
use super::text::{columns, dim, duration, local_time};
use crate::context::Context;

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
    let answer = session.api.get::<History>(&path).await?;
    if session.json {
        println!("{}", answer.raw);
        return Ok(ExitCode::SUCCESS);
    }
    for line in timeline(&answer.value.events) {
        println!("{line}");
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
            console::style(&event.kind).bold().to_string(),
            told(event),
        ]);
    }
    columns(&rows)
}

/// The event in words; one of a newer version than this program as its JSON.
fn told(event: &HistoryEvent) -> String {
    let tagged = json!({"type": event.kind, "data": event.data});
    match serde_json::from_value::<Event>(tagged) {
        Ok(known) => words(&known),
        Err(_) => event.data.to_string(),
    }
}

fn words(event: &Event) -> String {
    let with = |comment: &Option<String>| {
        comment
            .as_deref()
            .map(|text| format!(": {text}"))
            .unwrap_or_default()
    };
    match event {
        Event::WorkflowStarted { requested_by, .. } => format!("by {requested_by}"),
        Event::StepCompleted {
            role,
            attempt,
            summary,
            ..
        } => {
            format!("{role} {attempt}: {summary}")
        }
        Event::StepRetried {
            role,
            failed_attempt,
            next_attempt,
            code,
            message,
        } => {
            format!("{role} {failed_attempt} failed ({code}: {message}), now {next_attempt}")
        }
        Event::ApprovalRequested {
            revision,
            required,
            deadline_at,
            ..
        } => {
            format!(
                "revision {revision}, {required} needed until {}",
                local_time(*deadline_at)
            )
        }
        Event::ApprovalRecorded {
            approver,
            decision,
            comment,
            approvals,
            required,
            ..
        } => {
            let decision = decision.as_str().replace('_', " ");
            format!(
                "{decision} by {approver}, {approvals} of {required}{}",
                with(comment)
            )
        }
        Event::ApprovalGranted {
            revision,
            approver,
            comment,
        } => {
            format!("revision {revision} by {approver}{}", with(comment))
        }
        Event::ApprovalEscalated {
            escalated_to,
            deadline_at,
            ..
        } => {
            format!(
                "to {} until {}",
                escalated_to.join(", "),
                local_time(*deadline_at)
            )
        }
        Event::ChangesRequested {
            next_revision,
            approver,
            comment,
            ..
        } => {
            format!(
                "by {approver}, now revision {next_revision}{}",
                with(comment)
            )
        }
        Event::WorkflowCompleted { usage: spent, .. } => usage(spent),
        Event::WorkflowRejected {
            approver, comment, ..
        } => format!("by {approver}{}", with(comment)),
        Event::WorkflowExpired { revision } => format!("nobody decided on revision {revision}"),
        Event::WorkflowFailed {
            code,
            message,
            status,
        } => {
            format!(
                "while {}: {message} ({code})",
                status.as_str().replace('_', " ")
            )
        }
        Event::WorkflowCancelled {
            cancelled_by,
            reason,
            ..
        } => format!("by {cancelled_by}{}", with(reason)),
        Event::WorkflowRedriven {
            redriven_by,
            status,
            ..
        } => {
            format!(
                "by {redriven_by}, back to {}",
                status.as_str().replace('_', " ")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
                json!({"topic": "t", "requested_by": "ann"}),
            ),
            event(
                2,
                "2026-11-23T18:00:01.5Z",
                "WorkflowPaused",
                json!({"by": "bob"}),
            ),
        ]);
        assert!(
            lines[0].ends_with("v1  WorkflowStarted  by ann"),
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

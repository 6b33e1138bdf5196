//! `aegis history`: everything that happened to a workflow, as a timeline.

use std::process::ExitCode;

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::{History, HistoryEvent};
use anyhow::Result;
use clap::Args;
use serde_json::Value;

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
    /// Show each event of a branch, not only how many branches have ended.
    #[arg(long)]
    all: bool,
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
    for line in timeline(&answer.value.events, arguments.all) {
        outln!("{line}");
    }
    Ok(ExitCode::SUCCESS)
}

/// The step, if the event is about a branch of it.
fn of_branch(event: &HistoryEvent) -> Option<&Value> {
    let kinds = ["StepCompleted", "StepRetried", "BranchFailed"];
    let of_branch = kinds.contains(&event.kind.as_str()) && !event.data["branch"].is_null();
    of_branch.then(|| &event.data["step"])
}

/// `research: 9 succeeded, 2 failed, 1 tried again`.
fn branches(events: &[HistoryEvent], step: &Value) -> String {
    let count = |kind: &str| events.iter().filter(|event| event.kind == kind).count();
    let counts = [
        (count("StepCompleted"), "succeeded"),
        (count("BranchFailed"), "failed"),
        (count("StepRetried"), "tried again"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts = counts.map(|(count, word)| format!("{count} {word}"));
    let step = step.as_str().unwrap_or_default();
    format!("{step}: {}", counts.collect::<Vec<_>>().join(", "))
}

/// Without `all`, events of branches of one step that follow each other are one line, with the time of the last one.
fn timeline(events: &[HistoryEvent], all: bool) -> Vec<String> {
    let mut rows = Vec::new();
    let mut before = None;
    let together = |one: &HistoryEvent, next: &HistoryEvent| {
        !all && of_branch(one).is_some() && of_branch(one) == of_branch(next)
    };
    for events in events.chunk_by(together) {
        let Some(event) = events.last() else { continue };
        let (first, several) = (events[0].version, events.len() > 1);
        let later = before.map(|before| format!("+{}", duration(event.occurred_at.since(before))));
        before = Some(event.occurred_at);
        rows.push(vec![
            local_time(event.occurred_at),
            dim(later.unwrap_or_default()).to_string(),
            match several && first != event.version {
                true => format!("v{first}-{}", event.version),
                false => format!("v{}", event.version),
            },
            bold(one_line(if several { "Branches" } else { &event.kind })).to_string(),
            one_line(&match of_branch(event) {
                Some(step) if several => branches(events, step),
                _ => told(event),
            }),
        ]);
    }
    columns(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(version: u64, at: &str, kind: &str, data: Value) -> HistoryEvent {
        HistoryEvent {
            version,
            kind: kind.to_owned(),
            occurred_at: at.parse().unwrap(),
            data,
        }
    }

    #[test]
    fn branches_that_follow_each_other_are_a_line() {
        let of = |version, kind, branch: u32| {
            let data = json!({"step": "research", "branch": branch, "agent": "researcher", "attempt": 1,
                "code": "nothing_found", "message": "nothing", "revision": 0, "summary": "done",
                "artifacts": [], "usage": {}, "failed_attempt": 1, "next_attempt": 2});
            event(version, "2026-11-23T18:00:00Z", kind, data)
        };
        let plan = json!({"step": "plan", "agent": "researcher", "attempt": 1, "revision": 0,
            "summary": "3 questions", "artifacts": [], "items": 3, "usage": {}});
        let events = [
            event(2, "2026-11-23T18:00:00Z", "StepCompleted", plan),
            of(3, "StepCompleted", 1),
            of(4, "BranchFailed", 3),
            of(5, "StepRetried", 2),
            of(6, "StepCompleted", 2),
        ];
        let shown = |all| {
            let lines = timeline(&events, all);
            lines
                .iter()
                .map(|line| out::plain(line))
                .collect::<Vec<_>>()
        };
        let short = shown(false);
        assert_eq!(short.len(), 2, "{short:?}");
        let line = "v3-6  Branches       research: 2 succeeded, 1 failed, 1 tried again";
        assert!(short[1].ends_with(line), "{}", short[1]);
        let long = shown(true);
        assert_eq!(long.len(), 5);
        let line = "research/3 1 failed for good (nothing_found: nothing)";
        assert!(long[2].ends_with(line), "{}", long[2]);
    }

    #[test]
    fn a_newer_event_is_shown_as_it_is() {
        let events = [
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
        ];
        let lines = timeline(&events, false);
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

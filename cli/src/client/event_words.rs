//! What an event says, in words.
//!
//! An event of a newer version than this program is shown as its JSON.

use aegis_contracts::event::Event;
use aegis_contracts::view::{HistoryEvent, Status};
use serde_json::json;

use super::show::usage;
use super::text::local_time;

pub fn told(event: &HistoryEvent) -> String {
    let tagged = json!({"type": event.kind, "data": event.data});
    let known = serde_json::from_value::<Event>(tagged).ok();
    let words = known.as_ref().and_then(|event| {
        work(event)
            .or_else(|| approval(event))
            .or_else(|| ending(event))
    });
    words.unwrap_or_else(|| event.data.to_string())
}

fn work(event: &Event) -> Option<String> {
    Some(match event {
        Event::WorkflowStarted { requested_by, .. } => format!("by {requested_by}"),
        Event::StepCompleted {
            role,
            attempt,
            summary,
            ..
        } => format!("{role} {attempt}: {summary}"),
        Event::StepRetried {
            role,
            failed_attempt,
            next_attempt,
            code,
            message,
        } => format!("{role} {failed_attempt} failed ({code}: {message}), now {next_attempt}"),
        Event::WorkflowRedriven {
            redriven_by,
            status,
            ..
        } => format!("by {redriven_by}, back to {}", plain(*status)),
        _ => return None,
    })
}

fn approval(event: &Event) -> Option<String> {
    Some(match event {
        Event::ApprovalRequested {
            revision,
            required,
            deadline_at,
            ..
        } => {
            let until = local_time(*deadline_at);
            format!("revision {revision}, {required} needed until {until}")
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
            let count = format!("{approvals} of {required}");
            format!("{decision} by {approver}, {count}{}", behind(comment))
        }
        Event::ApprovalReminded {
            revision,
            reminder,
            approvers,
            deadline_at,
        } => {
            let until = local_time(*deadline_at);
            let whom = match approvers.as_slice() {
                [] => "anyone".to_owned(),
                names => names.join(", "),
            };
            format!("reminder {reminder} of revision {revision} to {whom}, decision until {until}")
        }
        Event::ApprovalEscalated {
            escalated_to,
            deadline_at,
            ..
        } => {
            let until = local_time(*deadline_at);
            format!("to {} until {until}", escalated_to.join(", "))
        }
        _ => return None,
    })
}

fn ending(event: &Event) -> Option<String> {
    Some(match event {
        Event::ApprovalGranted {
            revision,
            approver,
            comment,
        } => format!("revision {revision} by {approver}{}", behind(comment)),
        Event::ChangesRequested {
            next_revision,
            approver,
            comment,
            ..
        } => format!(
            "by {approver}, now revision {next_revision}{}",
            behind(comment)
        ),
        Event::WorkflowCompleted { usage: spent, .. } => usage(spent),
        Event::WorkflowRejected {
            approver, comment, ..
        } => format!("by {approver}{}", behind(comment)),
        Event::WorkflowExpired { revision } => format!("nobody decided on revision {revision}"),
        Event::WorkflowFailed {
            code,
            message,
            status,
        } => format!("while {}: {message} ({code})", plain(*status)),
        Event::WorkflowCancelled {
            cancelled_by,
            reason,
            ..
        } => format!("by {cancelled_by}{}", behind(reason)),
        _ => return None,
    })
}

fn plain(status: Status) -> String {
    status.as_str().replace('_', " ")
}

fn behind(comment: &Option<String>) -> String {
    let comment = comment.as_deref().map(|text| format!(": {text}"));
    comment.unwrap_or_default()
}

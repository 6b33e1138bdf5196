//! What an event says, in words.
//!
//! An event of a newer version than this program is shown as its JSON.

use aegis_contracts::approval::LINK_CLAIM;
use aegis_contracts::attempt::whose;
use aegis_contracts::changes::Changes;
use aegis_contracts::event::Event;
use aegis_contracts::view::HistoryEvent;
use serde_json::json;

use super::show::usage;
use aegis_terminal::text::local_time;

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
        Event::WorkflowStarted {
            flow, requested_by, ..
        } => format!("{flow} by {requested_by}"),
        Event::StepCompleted {
            step,
            branch,
            attempt,
            summary,
            ..
        } => format!("{} {attempt}: {summary}", whose(step, *branch)),
        Event::StepRetried {
            step,
            branch,
            failed_attempt,
            next_attempt,
            code,
            message,
            ..
        } => format!(
            "{} {failed_attempt} failed ({code}: {message}), now {next_attempt}",
            whose(step, *branch)
        ),
        Event::BranchFailed {
            step,
            branch,
            attempt,
            code,
            message,
            ..
        } => format!("{step}/{branch} {attempt} failed for good ({code}: {message})"),
        Event::WorkflowRedriven {
            redriven_by, at, ..
        } => format!("by {redriven_by}, back to {at}"),
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
            claimed_by,
            approvals,
            required,
            ..
        } => {
            let decision = decision.as_str().replace('_', " ");
            let count = format!("{approvals} of {required}");
            let by = by(approver, claimed_by);
            format!("{decision} {by}, {count}{}", behind(comment))
        }
        Event::ApprovalReminded {
            revision,
            reminder,
            approvers,
            deadline_at,
            ..
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

/// Who decided, and how that is known where the API did not see who called.
fn by(approver: &str, claimed_by: &Option<String>) -> String {
    match claimed_by.as_deref() {
        None => format!("by {approver}"),
        Some(claim) => match claim.strip_prefix(LINK_CLAIM) {
            Some(maker) => format!("by {approver} (link made by {maker})"),
            None if claim == approver => format!("by {approver}"),
            None => format!("by {approver} (said by {claim})"),
        },
    }
}

fn ending(event: &Event) -> Option<String> {
    Some(match event {
        Event::ApprovalGranted {
            revision,
            approver,
            comment,
            claimed_by,
            ..
        } => {
            let by = by(approver, claimed_by);
            format!("revision {revision} {by}{}", behind(comment))
        }
        Event::ChangesRequested {
            next_revision,
            approver,
            comment,
            changes,
            claimed_by,
            ..
        } => {
            let by = by(approver, claimed_by);
            let words = changes.iter().flat_map(Changes::words);
            let words: Vec<String> = comment.clone().into_iter().chain(words).collect();
            let asked = Some(words.join("; ")).filter(|asked| !asked.is_empty());
            format!("{by}, now revision {next_revision}{}", behind(&asked))
        }
        Event::WorkflowCompleted { usage: spent, .. } => usage(spent),
        Event::WorkflowRejected {
            approver,
            comment,
            claimed_by,
            ..
        } => format!("{}{}", by(approver, claimed_by), behind(comment)),
        Event::WorkflowExpired { revision, .. } => format!("nobody decided on revision {revision}"),
        Event::WorkflowFailed {
            code,
            message,
            at,
            branch,
        } => format!("at {}: {message} ({code})", whose(at, *branch)),
        Event::WorkflowCancelled {
            cancelled_by,
            reason,
            ..
        } => format!("by {cancelled_by}{}", behind(reason)),
        _ => return None,
    })
}

fn behind(comment: &Option<String>) -> String {
    let comment = comment.as_deref().map(|text| format!(": {text}"));
    comment.unwrap_or_default()
}

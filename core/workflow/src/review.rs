//! What approvers were asked about each revision, and what they answered, read from the events of the workflow: the
//! state keeps the latest approval alone.

use std::collections::BTreeMap;

use aegis_contracts::approval::{
    ApprovalView, DecisionKind, DecisionView, OnTimeout, Outcome, Settled, TIMEOUT,
};
use aegis_contracts::artifact::ArtifactRef;
use aegis_contracts::event::Event;
use aegis_contracts::flow::Name;
use aegis_contracts::time::Timestamp;

use crate::state::Workflow;

/// One revision that approvers were asked about.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub approval: ApprovalView,
    /// What they were asked about. Missing: the flow or the history does not have it.
    pub shown: Option<Shown>,
}

/// The artifact of the step that an approval shows, as it was when people were asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    pub step: Name,
    pub artifact: ArtifactRef,
    /// What that step read, in the order of the flow.
    pub made_from: Vec<ArtifactRef>,
}

/// Every revision that approvers were asked about, the first one first. `events` with their times, the oldest first.
pub fn asked<'a>(
    workflow: &Workflow,
    events: impl IntoIterator<Item = (Timestamp, &'a Event)>,
) -> Vec<Asked> {
    let mut all: Vec<Asked> = Vec::new();
    let mut written = Written::new();
    for (at, event) in events {
        match event {
            Event::StepCompleted {
                step,
                branch,
                artifacts,
                ..
            } => {
                let needed = workflow.writes(step);
                let artifact = artifacts.iter().find(|artifact| artifact.name == needed);
                written.extend(artifact.map(|artifact| ((step, *branch), artifact)));
            }
            Event::ApprovalRequested {
                approval,
                revision,
                required,
                approvers,
                deadline_at,
            } => {
                let policy = workflow.policy(approval);
                let before = all
                    .iter()
                    .filter(|known| known.approval.approval == *approval);
                let round = before.count();
                all.push(Asked {
                    approval: ApprovalView {
                        approval: approval.clone(),
                        revision: *revision,
                        required: *required,
                        approvers: approvers.clone(),
                        decisions: Vec::new(),
                        requested_at: at,
                        deadline_at: *deadline_at,
                        on_timeout: policy.on_timeout,
                        escalated: false,
                        round: u32::try_from(round).unwrap_or(u32::MAX),
                        max_revisions: policy.max_revisions,
                        reminders: 0,
                        pickup: None,
                        settled: None,
                    },
                    shown: shown(workflow, approval, &written),
                });
            }
            other => {
                if let Event::ChangesRequested { redo, .. } = other {
                    // All of this is written anew.
                    let back = workflow.flow.place(redo);
                    written.retain(|(step, _), _| workflow.flow.place(step) < back);
                }
                // Approvals follow each other: an event is about the latest.
                if let Some(latest) = all.last_mut() {
                    hear(&mut latest.approval, at, other);
                }
            }
        }
    }
    all
}

/// What each step and branch wrote, of what it must write.
type Written<'a> = BTreeMap<(&'a Name, Option<u32>), &'a ArtifactRef>;

fn shown(workflow: &Workflow, approval: &Name, written: &Written<'_>) -> Option<Shown> {
    let mut approvals = workflow.flow.approvals();
    let asked = approvals.find(|asked| asked.approval == *approval)?;
    let step = workflow.flow.step(&asked.shows)?;
    let artifact = (*written.get(&(&step.step, None))?).clone();
    let steps = workflow.flow.agent_steps().map(|known| &known.step);
    let read = steps.filter(|known| step.gets(known));
    let made_from = read.flat_map(|known| {
        let of_step = written.iter().filter(move |((step, _), _)| *step == known);
        of_step.map(|(_, artifact)| (*artifact).clone())
    });
    Some(Shown {
        step: step.step.clone(),
        artifact,
        made_from: made_from.collect(),
    })
}

fn hear(approval: &mut ApprovalView, at: Timestamp, event: &Event) {
    match event {
        Event::ApprovalReminded { reminder, .. } => approval.reminders = *reminder,
        Event::ApprovalEscalated {
            escalated_to,
            deadline_at,
            ..
        } => {
            approval.escalated = true;
            approval.on_timeout = OnTimeout::Expire;
            approval.deadline_at = *deadline_at;
            approval.reminders = 0;
            // Where anyone may decide, anyone still may.
            if !approval.approvers.is_empty() {
                approval.approvers.extend(escalated_to.iter().cloned());
            }
        }
        Event::WorkflowExpired { .. } => {
            approval.settled = Some(silence(approval, Outcome::Expired))
        }
        // No person decides at the deadline or after it, whatever their name.
        Event::ApprovalGranted { approver, .. }
            if approver == TIMEOUT && at >= approval.deadline_at =>
        {
            approval.settled = Some(silence(approval, Outcome::Approved));
        }
        _ => {
            let Some(decision) = decision(at, event) else {
                return;
            };
            approval.settled = outcome(event).map(|outcome| Settled {
                outcome,
                by: Some(decision.approver.clone()),
                at,
            });
            approval.decisions.push(decision);
        }
    }
}

fn silence(approval: &ApprovalView, outcome: Outcome) -> Settled {
    Settled {
        outcome,
        by: None,
        at: approval.deadline_at,
    }
}

/// Of a decision that settled the approval.
fn outcome(event: &Event) -> Option<Outcome> {
    match event {
        Event::ApprovalGranted { .. } => Some(Outcome::Approved),
        Event::WorkflowRejected { .. } => Some(Outcome::Rejected),
        Event::ChangesRequested { .. } => Some(Outcome::ChangesRequested),
        _ => None,
    }
}

/// A decision, whether or not it settled the approval.
fn decision(at: Timestamp, event: &Event) -> Option<DecisionView> {
    let mut changes = None;
    let (decision, approver, comment, claimed_by) = match event {
        Event::ApprovalRecorded {
            approver,
            decision,
            comment,
            claimed_by,
            ..
        } => (*decision, approver, comment, claimed_by),
        Event::ApprovalGranted {
            approver,
            comment,
            claimed_by,
            ..
        } => (DecisionKind::Approve, approver, comment, claimed_by),
        Event::WorkflowRejected {
            approver,
            comment,
            claimed_by,
            ..
        } => (DecisionKind::Reject, approver, comment, claimed_by),
        Event::ChangesRequested {
            approver,
            comment,
            changes: asked,
            claimed_by,
            ..
        } => {
            changes.clone_from(asked);
            (DecisionKind::RequestChanges, approver, comment, claimed_by)
        }
        _ => return None,
    };
    Some(DecisionView {
        approver: approver.clone(),
        decision,
        comment: comment.clone(),
        changes,
        claimed_by: claimed_by.clone(),
        decided_at: at,
    })
}

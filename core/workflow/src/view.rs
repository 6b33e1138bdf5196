//! The state in the words of the API.

use aegis_contracts::agent::Role;
use aegis_contracts::approval::{ApprovalView, DecisionKind, DecisionView, Outcome, Settled};
use aegis_contracts::artifact::{ArtifactRef, attempt_prefix};
use aegis_contracts::view::{FailureView, PickupView, ProgressView, Status, StepStatus, StepView};

use crate::approval::{count_approvals, on_timeout, who_may_decide};
use crate::state::{
    Approval, Decision, Ended, Phase, ResumeAt, Step, StepResult, Workflow, working_status,
};

/// The latest attempt of each role that was asked for, in flow order.
pub fn step_views(workflow: &Workflow) -> Vec<StepView> {
    let asked = |role: &Role| workflow.attempts.of(*role) > 0;
    Role::ALL
        .into_iter()
        .filter(asked)
        .map(|role| step_view(workflow, role))
        .collect()
}

fn step_view(workflow: &Workflow, role: Role) -> StepView {
    let attempt = workflow.attempts.of(role);
    if let Some(step) = workflow.current_step(role, attempt) {
        return running_view(step);
    }
    let result = workflow.result_of(role);
    let status = match result {
        Some(result) if result.attempt == attempt => StepStatus::Succeeded,
        Some(_) | None => ended_status(workflow, role),
    };
    StepView {
        role,
        status,
        attempt,
        revision: result.map_or(workflow.revision, |result| result.revision),
        requested_at: None,
        dispatched_at: None,
        last_heartbeat_at: None,
        deadline_at: None,
        progress: None,
        pickup: None,
    }
}

fn running_view(step: &Step) -> StepView {
    let status = match (step.dispatched_at, step.last_heartbeat_at) {
        (_, Some(_)) => StepStatus::Running,
        (Some(_), None) => StepStatus::Dispatched,
        (None, None) => StepStatus::Requested,
    };
    StepView {
        role: step.role,
        status,
        attempt: step.attempt,
        revision: step.revision,
        requested_at: Some(step.requested_at),
        dispatched_at: step.dispatched_at,
        last_heartbeat_at: step.last_heartbeat_at,
        deadline_at: Some(step.deadline_at),
        progress: step.progress.as_ref().map(|progress| ProgressView {
            message: progress.message.clone(),
            percent: progress.percent,
        }),
        pickup: step.dispatched_at.is_none().then_some(PickupView {
            sends: step.sends,
            waiting_since: step.requested_at,
            resend_at: step.resend_at,
            throttled_at: step.throttled_at,
        }),
    }
}

/// Of an attempt that ended without a result.
fn ended_status(workflow: &Workflow, role: Role) -> StepStatus {
    match &workflow.phase {
        Phase::Ended(Ended::Failed(failure)) if failure.resume == ResumeAt::Step(role) => {
            StepStatus::Failed
        }
        Phase::Ended(Ended::Cancelled(cancellation))
            if cancellation.status == working_status(role) =>
        {
            StepStatus::Cancelled
        }
        Phase::Working(_) | Phase::AwaitingApproval(_) | Phase::Ended(_) => StepStatus::Superseded,
    }
}

/// The approval that waits, else the latest that was settled.
pub fn approval_view(workflow: &Workflow) -> Option<ApprovalView> {
    let settled = workflow.settled.as_ref();
    let settled = settled.map(|approval| ApprovalView {
        settled: how_it_ended(workflow, approval),
        ..view_of(workflow, approval)
    });
    waiting_approval_view(workflow).or(settled)
}

fn how_it_ended(workflow: &Workflow, approval: &Approval) -> Option<Settled> {
    let settling = approval.decisions.last().and_then(|decision| {
        let outcome = match decision.kind {
            DecisionKind::Reject => Outcome::Rejected,
            DecisionKind::RequestChanges => Outcome::ChangesRequested,
            DecisionKind::Approve if count_approvals(approval) >= workflow.policy.required => {
                Outcome::Approved
            }
            DecisionKind::Approve => return None,
        };
        Some(Settled {
            outcome,
            by: Some(decision.approver.clone()),
            at: decision.decided_at,
        })
    });
    let silence = |outcome| Settled {
        outcome,
        by: None,
        at: approval.deadline_at,
    };
    settling.or_else(|| match &workflow.phase {
        Phase::Ended(Ended::Expired) => Some(silence(Outcome::Expired)),
        Phase::Ended(Ended::Cancelled(cancellation))
            if cancellation.status == Status::AwaitingApproval =>
        {
            None
        }
        Phase::Working(_) | Phase::AwaitingApproval(_) | Phase::Ended(_) => {
            Some(silence(Outcome::Approved))
        }
    })
}

/// The approval that waits for decisions.
pub fn waiting_approval_view(workflow: &Workflow) -> Option<ApprovalView> {
    match &workflow.phase {
        Phase::AwaitingApproval(approval) => Some(view_of(workflow, approval)),
        Phase::Working(_) | Phase::Ended(_) => None,
    }
}

fn view_of(workflow: &Workflow, approval: &Approval) -> ApprovalView {
    let decision = |decision: &Decision| DecisionView {
        approver: decision.approver.clone(),
        decision: decision.kind,
        comment: decision.comment.clone(),
        changes: decision.changes.clone(),
        claimed_by: decision.claimed_by.clone(),
        decided_at: decision.decided_at,
    };
    // A settled one has been decided, whether or not it was ever picked up.
    let open = matches!(&workflow.phase, Phase::AwaitingApproval(_));
    let waits = open && approval.notified_at.is_none();
    ApprovalView {
        revision: approval.revision,
        required: workflow.policy.required,
        approvers: who_may_decide(workflow, approval),
        decisions: approval.decisions.iter().map(decision).collect(),
        requested_at: approval.requested_at,
        deadline_at: approval.deadline_at,
        on_timeout: on_timeout(workflow, approval.escalated),
        escalated: approval.escalated,
        max_revisions: workflow.policy.max_revisions,
        reminders: approval.reminders,
        pickup: waits.then_some(PickupView {
            sends: approval.sends,
            waiting_since: approval.requested_at,
            resend_at: approval.resend_at,
            throttled_at: None,
        }),
        settled: None,
    }
}

/// All artifacts of the latest successes, with their keys.
pub fn artifact_refs(workflow: &Workflow) -> Vec<ArtifactRef> {
    workflow
        .results
        .iter()
        .flat_map(|result| refs_of(workflow, result))
        .collect()
}

fn refs_of<'a>(
    workflow: &'a Workflow,
    result: &'a StepResult,
) -> impl Iterator<Item = ArtifactRef> + 'a {
    let prefix = attempt_prefix(&workflow.id, result.role, result.attempt);
    result.artifacts.iter().map(move |artifact| ArtifactRef {
        name: artifact.name.clone(),
        key: format!("{prefix}{}", artifact.name),
        size: artifact.size,
        media_type: artifact.media_type.clone(),
        sha256: artifact.sha256.clone(),
    })
}

pub fn failure_view(workflow: &Workflow) -> Option<FailureView> {
    let view = |code: &str, message: String, status: Status| FailureView {
        code: code.to_owned(),
        message,
        status,
        version: workflow.version,
    };
    match &workflow.phase {
        Phase::Ended(Ended::Failed(failure)) => {
            Some(view(&failure.code, failure.message.clone(), failure.status))
        }
        Phase::Working(_) | Phase::AwaitingApproval(_) | Phase::Ended(_) => None,
    }
}

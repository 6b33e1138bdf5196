//! The state in the words of the API.

use aegis_contracts::agent::Input;
use aegis_contracts::approval::{ApprovalView, DecisionKind, DecisionView, Outcome, Settled};
use aegis_contracts::artifact::{ArtifactRef, attempt_prefix};
use aegis_contracts::flow::{AgentStep, Entry, Name};
use aegis_contracts::view::{FailureView, PickupView, Place, ProgressView, StepStatus, StepView};

use crate::approval::{count_approvals, on_timeout, who_may_decide};
use crate::state::{Approval, Decision, Ended, Phase, StepResult, Work, Workflow};

/// Steps and approvals in their order.
pub fn course(workflow: &Workflow) -> Vec<Place> {
    let place = |entry: &Entry| match entry {
        Entry::Step(step) => Place::Step {
            step: step.step.clone(),
            agent: step.agent.clone(),
        },
        Entry::Approval(asked) => Place::Approval {
            approval: asked.approval.clone(),
        },
    };
    workflow.flow.steps.iter().map(place).collect()
}

/// The latest attempt of each step that was asked for, in flow order.
pub fn step_views(workflow: &Workflow) -> Vec<StepView> {
    let steps = workflow.flow.agent_steps();
    let asked = steps.filter(|step| workflow.attempts_of(&step.step) > 0);
    asked.map(|step| step_view(workflow, step)).collect()
}

fn step_view(workflow: &Workflow, step: &AgentStep) -> StepView {
    let attempt = workflow.attempts_of(&step.step);
    if let Some(work) = workflow.current_work(&step.step, attempt) {
        return running_view(work);
    }
    let result = workflow.result_of(&step.step);
    let latest = result.filter(|result| result.attempt == attempt);
    StepView {
        step: step.step.clone(),
        agent: step.agent.clone(),
        status: match latest {
            Some(_) => StepStatus::Succeeded,
            None => ended_status(workflow, &step.step),
        },
        attempt,
        revision: latest.map_or(workflow.revision, |latest| latest.revision),
        requested_at: None,
        dispatched_at: None,
        last_heartbeat_at: None,
        deadline_at: None,
        succeeded_at: latest.map(|result| result.succeeded_at),
        progress: None,
        pickup: None,
    }
}

fn running_view(work: &Work) -> StepView {
    let status = match (work.dispatched_at, work.last_heartbeat_at) {
        (_, Some(_)) => StepStatus::Running,
        (Some(_), None) => StepStatus::Dispatched,
        (None, None) => StepStatus::Requested,
    };
    StepView {
        step: work.step.clone(),
        agent: work.agent.clone(),
        status,
        attempt: work.attempt,
        revision: work.revision,
        requested_at: Some(work.requested_at),
        dispatched_at: work.dispatched_at,
        last_heartbeat_at: work.last_heartbeat_at,
        deadline_at: Some(work.deadline_at),
        succeeded_at: None,
        progress: work.progress.as_ref().map(|progress| ProgressView {
            message: progress.message.clone(),
            percent: progress.percent,
        }),
        pickup: work.dispatched_at.is_none().then_some(PickupView {
            sends: work.sends,
            waiting_since: work.requested_at,
            resend_at: work.resend_at,
            throttled_at: work.throttled_at,
        }),
    }
}

/// Of an attempt that ended without a result.
fn ended_status(workflow: &Workflow, step: &Name) -> StepStatus {
    match &workflow.phase {
        Phase::Ended(Ended::Failed(failure)) if failure.at == *step => StepStatus::Failed,
        Phase::Ended(Ended::Cancelled(cancellation)) if cancellation.at == *step => {
            StepStatus::Cancelled
        }
        Phase::Running(_) | Phase::AwaitingApproval(_) | Phase::Ended(_) => StepStatus::Superseded,
    }
}

/// The approval that waits, else the latest that was settled.
pub fn approval_view(workflow: &Workflow) -> Option<ApprovalView> {
    waiting_approval_view(workflow).or_else(|| settled_approval_view(workflow))
}

/// The approval that waits or the latest that was settled, whichever has this revision.
pub fn approval_view_of(workflow: &Workflow, revision: u32) -> Option<ApprovalView> {
    let known = [
        waiting_approval_view(workflow),
        settled_approval_view(workflow),
    ];
    let mut known = known.into_iter().flatten();
    known.find(|view| view.revision == revision)
}

fn settled_approval_view(workflow: &Workflow) -> Option<ApprovalView> {
    let settled = workflow.settled.as_ref();
    settled.map(|approval| ApprovalView {
        settled: how_it_ended(workflow, approval),
        ..view_of(workflow, approval)
    })
}

fn how_it_ended(workflow: &Workflow, approval: &Approval) -> Option<Settled> {
    let required = workflow.policy(&approval.approval).required;
    let settling = approval.decisions.last().and_then(|decision| {
        let outcome = match decision.kind {
            DecisionKind::Reject => Outcome::Rejected,
            DecisionKind::RequestChanges => Outcome::ChangesRequested,
            DecisionKind::Approve if count_approvals(approval) >= required => Outcome::Approved,
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
        Phase::Ended(Ended::Cancelled(cancellation)) if cancellation.at == approval.approval => {
            None
        }
        Phase::Running(_) | Phase::AwaitingApproval(_) | Phase::Ended(_) => {
            Some(silence(Outcome::Approved))
        }
    })
}

/// The approval that waits for decisions.
pub fn waiting_approval_view(workflow: &Workflow) -> Option<ApprovalView> {
    match &workflow.phase {
        Phase::AwaitingApproval(approval) => Some(view_of(workflow, approval)),
        Phase::Running(_) | Phase::Ended(_) => None,
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
    let open = matches!(&workflow.phase, Phase::AwaitingApproval(waiting) if waiting == approval);
    let waits = open && approval.notified_at.is_none();
    let policy = workflow.policy(&approval.approval);
    ApprovalView {
        approval: approval.approval.clone(),
        revision: approval.revision,
        required: policy.required,
        approvers: who_may_decide(workflow, approval),
        decisions: approval.decisions.iter().map(decision).collect(),
        requested_at: approval.requested_at,
        deadline_at: approval.deadline_at,
        on_timeout: on_timeout(workflow, approval),
        escalated: approval.escalated,
        round: approval.round,
        max_revisions: policy.max_revisions,
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

fn refs_of(workflow: &Workflow, result: &StepResult) -> Vec<ArtifactRef> {
    let flow = &workflow.flow.flow;
    let prefix = attempt_prefix(flow, &workflow.id, &result.step, result.attempt);
    let writes = workflow.writes(&result.step);
    let full = |artifact: &crate::state::StoredArtifact| ArtifactRef {
        name: artifact.name(writes).to_owned(),
        key: format!("{prefix}{}", artifact.name(writes)),
        size: artifact.size,
        media_type: artifact.media_type(writes).to_owned(),
        sha256: artifact.sha256.clone(),
    };
    result.artifacts.iter().map(full).collect()
}

/// The artifact that `step` must write, of its latest success.
pub fn main_artifact(workflow: &Workflow, step: &Name) -> Option<ArtifactRef> {
    let result = workflow.result_of(step)?;
    let needed = workflow.writes(step);
    let mut artifacts = refs_of(workflow, result).into_iter();
    artifacts.find(|artifact| artifact.name == needed)
}

/// What an attempt of `step` may read: what the steps wrote that it reads, in flow order, and what it wrote itself for an
/// earlier revision. `callback` is the URL that the attempt reports to: each is asked for below it, by its place.
pub fn inputs_of(workflow: &Workflow, step: &Name, callback: &str) -> Vec<Input> {
    let reads = workflow.flow.step(step).map(|step| step.reads.as_slice());
    let reads = reads.unwrap_or_default();
    let steps = workflow.flow.agent_steps().map(|known| &known.step);
    let read = steps.filter(|known| *known == step || reads.contains(known));
    let results = read.filter_map(|known| workflow.result_of(known));
    let artifacts = results.flat_map(|result| {
        let artifacts = refs_of(workflow, result).into_iter();
        artifacts.map(|artifact| (result.step.clone(), artifact))
    });
    let inputs = artifacts
        .enumerate()
        .map(|(place, (step, artifact))| Input {
            step,
            name: artifact.name,
            key: artifact.key,
            url: format!("{callback}/inputs/{place}"),
            size: artifact.size,
            sha256: artifact.sha256,
            media_type: artifact.media_type,
        });
    inputs.collect()
}

pub fn failure_view(workflow: &Workflow) -> Option<FailureView> {
    match &workflow.phase {
        Phase::Ended(Ended::Failed(failure)) => Some(FailureView {
            code: failure.code.clone(),
            message: failure.message.clone(),
            at: failure.at.clone(),
            version: workflow.version,
        }),
        Phase::Running(_) | Phase::AwaitingApproval(_) | Phase::Ended(_) => None,
    }
}

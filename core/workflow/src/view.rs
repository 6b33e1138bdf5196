//! The state in the words of the API.

use aegis_contracts::agent::{Gap, Input};
use aegis_contracts::approval::{ApprovalView, DecisionKind, DecisionView, Outcome, Settled};
use aegis_contracts::artifact::{ArtifactRef, attempt_prefix};
use aegis_contracts::attempt::Attempt;
use aegis_contracts::flow::{AgentStep, Entry, Name};
use aegis_contracts::view::{FailureView, PickupView, Place, ProgressView, StepStatus, StepView};

use crate::approval::{count_approvals, on_timeout, who_may_decide};
use crate::state::{Approval, Decision, Ended, Phase, StepResult, Work, Workflow};

/// Steps and approvals in their order.
pub fn course(workflow: &Workflow) -> Vec<Place> {
    let step = |step: &AgentStep| Place::Step {
        step: step.step.clone(),
        agent: step.agent.clone(),
        each: step.each.clone(),
    };
    let place = |entry: &Entry| match entry {
        Entry::Step(one) => step(one),
        Entry::Parallel(_) => Place::Parallel {
            parallel: entry.steps().iter().map(step).collect(),
        },
        Entry::Approval(asked) => Place::Approval {
            approval: asked.approval.clone(),
        },
    };
    workflow.flow.steps.iter().map(place).collect()
}

/// The latest attempt of each step and branch, in flow order: of each step that was asked for, and of all its branches.
pub fn step_views(workflow: &Workflow) -> Vec<StepView> {
    let steps = workflow.flow.agent_steps();
    let asked = steps.filter(|step| workflow.attempts_of(&step.step) > 0);
    let views = asked.flat_map(|step| {
        let views = told_of(workflow, step).into_iter();
        views.map(|branch| step_view(workflow, step, branch))
    });
    views.collect()
}

/// The branches of a step that there is something to say of.
fn told_of(workflow: &Workflow, step: &AgentStep) -> Vec<Option<u32>> {
    if step.each.is_none() || is_at(workflow, &step.step) {
        return workflow.places_of(step);
    }
    let of_step = |result: &&StepResult| result.of.step == step.step;
    let results = workflow.results.iter().filter(of_step);
    let gaps = workflow.gaps.iter().filter(|gap| gap.step == step.step);
    let mut places: Vec<Option<u32>> = results.map(|result| result.of.branch).collect();
    places.extend(gaps.map(|gap| Some(gap.branch)));
    places.sort_unstable();
    places
}

/// Whether the workflow is in the entry of this step, or has ended there.
fn is_at(workflow: &Workflow, step: &Name) -> bool {
    let entry = workflow.at().and_then(|at| workflow.entry_of(at));
    entry.is_some_and(|entry| entry.has(step))
}

fn step_view(workflow: &Workflow, step: &AgentStep, branch: Option<u32>) -> StepView {
    if let Some(work) = workflow.work_at(&step.step, branch) {
        return running_view(work);
    }
    let blank = StepView {
        step: step.step.clone(),
        branch,
        agent: step.agent.clone(),
        status: StepStatus::Superseded,
        attempt: match branch {
            Some(_) => 0,
            None => workflow.attempts_of(&step.step),
        },
        revision: workflow.revision,
        requested_at: None,
        dispatched_at: None,
        last_heartbeat_at: None,
        deadline_at: None,
        succeeded_at: None,
        code: None,
        progress: None,
        pickup: None,
    };
    let gap = branch.and_then(|branch| workflow.gap(&step.step, branch));
    if let Some(gap) = gap {
        return StepView {
            status: StepStatus::Failed,
            attempt: gap.attempt,
            code: Some(gap.code.clone()),
            ..blank
        };
    }
    let here = is_at(workflow, &step.step);
    let latest = workflow
        .result_of(&step.step, branch)
        .filter(|result| match branch {
            Some(_) => !here || result.revision == workflow.revision,
            None => result.of.attempt == blank.attempt,
        });
    if let Some(result) = latest {
        return StepView {
            status: StepStatus::Succeeded,
            attempt: result.of.attempt,
            revision: result.revision,
            succeeded_at: Some(result.succeeded_at),
            ..blank
        };
    }
    let place = (&step.step, branch);
    match &workflow.phase {
        Phase::Ended(Ended::Failed(failure)) => {
            let mut stopped = failure.stopped.iter();
            let ended = stopped.find(|stopped| stopped.of.place() == place);
            let failed = failure.of.as_ref().map(Attempt::place) == Some(place)
                || (failure.of.is_none() && branch.is_none() && failure.at == step.step);
            StepView {
                attempt: ended.map_or(blank.attempt, |ended| ended.of.attempt),
                status: match (failed, ended.is_some(), here && branch.is_some()) {
                    (true, ..) => StepStatus::Failed,
                    (false, true, _) => StepStatus::Cancelled,
                    (false, false, true) => StepStatus::Waiting,
                    (false, false, false) => StepStatus::Superseded,
                },
                ..blank
            }
        }
        Phase::Ended(Ended::Cancelled(_)) if here => StepView {
            status: StepStatus::Cancelled,
            ..blank
        },
        Phase::Running(_) if here => StepView {
            status: StepStatus::Waiting,
            ..blank
        },
        Phase::Running(_) | Phase::AwaitingApproval(_) | Phase::Ended(_) => blank,
    }
}

fn running_view(work: &Work) -> StepView {
    let status = match (work.dispatched_at, work.last_heartbeat_at) {
        (_, Some(_)) => StepStatus::Running,
        (Some(_), None) => StepStatus::Dispatched,
        (None, None) => StepStatus::Requested,
    };
    StepView {
        step: work.of.step.clone(),
        branch: work.of.branch,
        agent: work.agent.clone(),
        status,
        attempt: work.of.attempt,
        revision: work.revision,
        requested_at: Some(work.requested_at),
        dispatched_at: work.dispatched_at,
        last_heartbeat_at: work.last_heartbeat_at,
        deadline_at: Some(work.deadline_at),
        succeeded_at: None,
        code: None,
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
    let prefix = attempt_prefix(&workflow.flow.flow, &workflow.id, &result.of);
    let writes = workflow.writes(&result.of.step);
    let full = |artifact: &crate::state::StoredArtifact| ArtifactRef {
        name: artifact.name(writes).to_owned(),
        key: format!("{prefix}{}", artifact.name(writes)),
        size: artifact.size,
        media_type: artifact.media_type(writes).to_owned(),
        sha256: artifact.sha256.clone(),
    };
    result.artifacts.iter().map(full).collect()
}

/// The artifact that `step`, which has no branches, must write, of its latest success.
pub fn main_artifact(workflow: &Workflow, step: &Name) -> Option<ArtifactRef> {
    let result = workflow.result_of(step, None)?;
    let needed = workflow.writes(step);
    let mut artifacts = refs_of(workflow, result).into_iter();
    artifacts.find(|artifact| artifact.name == needed)
}

/// What an attempt of `step` may read: what the steps wrote that it reads, in flow order, and what it wrote itself for an
/// earlier revision. A branch gets what it wrote for the same item: once the items were found anew, the same number is
/// another item. `callback` is the URL that the attempt reports to: each is asked for below it, by its place.
pub fn inputs_of(
    workflow: &Workflow,
    step: &Name,
    branch: Option<u32>,
    callback: &str,
) -> Vec<Input> {
    let Some(step) = workflow.definition(step) else {
        return Vec::new();
    };
    let each = step
        .each
        .as_ref()
        .and_then(|each| workflow.result_of(each, None));
    let read = workflow.results.iter().filter(|result| {
        let own = result.of.place() == (&step.step, branch)
            && each.is_none_or(|found| found.revision <= result.revision);
        own || step.gets(&result.of.step)
    });
    let artifacts = read.flat_map(|result| {
        let artifacts = refs_of(workflow, result).into_iter();
        artifacts.map(|artifact| (&result.of, artifact))
    });
    let inputs = artifacts.enumerate().map(|(place, (of, artifact))| Input {
        step: of.step.clone(),
        branch: of.branch,
        name: artifact.name,
        key: artifact.key,
        url: format!("{callback}/inputs/{place}"),
        size: artifact.size,
        sha256: artifact.sha256,
        media_type: artifact.media_type,
    });
    inputs.collect()
}

/// What an attempt of `step` cannot read, because the branch that should have written it failed for good.
pub fn gaps_of(workflow: &Workflow, step: &Name) -> Vec<Gap> {
    let reads = workflow.definition(step).map(|step| step.reads.as_slice());
    let reads = reads.unwrap_or_default();
    let gaps = workflow.gaps.iter().filter(|gap| reads.contains(&gap.step));
    let gaps = gaps.map(|gap| Gap {
        step: gap.step.clone(),
        branch: gap.branch,
        code: gap.code.clone(),
    });
    gaps.collect()
}

pub fn failure_view(workflow: &Workflow) -> Option<FailureView> {
    match &workflow.phase {
        Phase::Ended(Ended::Failed(failure)) => Some(FailureView {
            code: failure.code.clone(),
            message: failure.message.clone(),
            at: failure.at.clone(),
            branch: failure.of.as_ref().and_then(|of| of.branch),
            version: workflow.version,
        }),
        Phase::Running(_) | Phase::AwaitingApproval(_) | Phase::Ended(_) => None,
    }
}

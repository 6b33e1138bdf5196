//! What it means that nobody decided in time.

use std::time::Duration;

use aegis_contracts::approval::{OnTimeout, TIMEOUT};
use aegis_contracts::command::{ApprovalCommand, Command};
use aegis_contracts::event::Event;
use aegis_contracts::time::Timestamp;

use crate::answer::Answer;
use crate::draft::Draft;
use crate::rules::Rules;
use crate::state::{Approval, Ended, Phase, Workflow};

/// What the deadline of this approval leads to. It escalates once.
pub(crate) fn on_timeout(workflow: &Workflow, approval: &Approval) -> OnTimeout {
    match workflow.policy(&approval.approval).on_timeout {
        OnTimeout::Escalate if approval.escalated => OnTimeout::Expire,
        policy => policy,
    }
}

/// The deadline of the approval has passed.
pub(crate) fn timed_out(
    rules: &Rules,
    workflow: &Workflow,
    approval: &Approval,
    now: Timestamp,
) -> Answer {
    let (name, revision) = (approval.approval.clone(), approval.revision);
    let policy = workflow.policy(&name);
    let mut draft = Draft::of(rules, workflow, now);
    match on_timeout(workflow, approval) {
        OnTimeout::Approve => {
            let granted = Event::ApprovalGranted {
                approval: name,
                revision,
                approver: TIMEOUT.to_owned(),
                comment: None,
                claimed_by: None,
            };
            draft.happened(granted);
            draft.grant(approval.clone());
        }
        OnTimeout::Escalate => {
            let deadline_at = now.plus(Duration::from_secs(policy.timeout_seconds));
            let escalated = Approval {
                escalated: true,
                ..approval.clone()
            };
            let escalated = escalated.asked_until(rules, deadline_at, now);
            draft.next.phase = Phase::AwaitingApproval(escalated);
            draft.happened(Event::ApprovalEscalated {
                approval: name,
                revision,
                escalated_to: policy.escalate_to,
                deadline_at,
            });
            draft.owes(Command::RequestApproval(ApprovalCommand { revision }));
        }
        OnTimeout::Expire => {
            draft.next.settled = Some(approval.clone().settled());
            draft.next.phase = Phase::Ended(Ended::Expired);
            draft.happened(Event::WorkflowExpired {
                approval: name,
                revision,
            });
        }
    }
    draft.seal()
}

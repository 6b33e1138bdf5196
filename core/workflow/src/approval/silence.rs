//! What it means that nobody decided in time.

use std::time::Duration;

use aegis_contracts::approval::{OnTimeout, TIMEOUT};
use aegis_contracts::command::{ApprovalCommand, Command};
use aegis_contracts::event::Event;
use aegis_contracts::time::Timestamp;

use super::vote::grant;
use crate::answer::Answer;
use crate::decide::transition;
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
    let mut next = workflow.clone();
    match on_timeout(workflow, approval) {
        OnTimeout::Approve => {
            let granted = Event::ApprovalGranted {
                approval: name,
                revision,
                approver: TIMEOUT.to_owned(),
                comment: None,
                claimed_by: None,
            };
            grant(rules, next, approval.clone(), granted, now)
        }
        OnTimeout::Escalate => {
            let deadline_at = now.plus(Duration::from_secs(policy.timeout_seconds));
            let escalated = Approval {
                escalated: true,
                ..approval.clone()
            };
            next.phase = Phase::AwaitingApproval(escalated.asked_until(rules, deadline_at, now));
            let escalated = Event::ApprovalEscalated {
                approval: name,
                revision,
                escalated_to: policy.escalate_to,
                deadline_at,
            };
            let command = Command::RequestApproval(ApprovalCommand { revision });
            transition(rules, next, now, vec![escalated], vec![command.into()])
        }
        OnTimeout::Expire => {
            next.settled = Some(approval.clone().settled());
            next.phase = Phase::Ended(Ended::Expired);
            transition(
                rules,
                next,
                now,
                vec![Event::WorkflowExpired {
                    approval: name,
                    revision,
                }],
                Vec::new(),
            )
        }
    }
}

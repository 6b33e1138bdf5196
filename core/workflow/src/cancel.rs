//! A person or system calls the workflow off.

use aegis_contracts::event::Event;
use aegis_contracts::problem::Code;
use aegis_contracts::time::Timestamp;

use crate::answer::Answer;
use crate::decide::transition;
use crate::rules::Rules;
use crate::state::{Cancellation, Ended, Phase, Workflow};

pub(crate) fn cancelled(
    rules: &Rules,
    workflow: &Workflow,
    by: String,
    reason: Option<String>,
    now: Timestamp,
) -> Answer {
    let mut next = workflow.clone();
    let at = match &workflow.phase {
        Phase::Running(work) => {
            next.usage = next.usage.plus(work.usage);
            work.step.clone()
        }
        Phase::AwaitingApproval(approval) => {
            next.settled = Some(approval.clone().settled());
            approval.approval.clone()
        }
        Phase::Ended(Ended::Cancelled(_)) => return Answer::duplicate(),
        Phase::Ended(_) => {
            return Answer::illegal(
                Code::AlreadyEnded,
                format!("the workflow is {}", workflow.status().as_str()),
            );
        }
    };
    next.phase = Phase::Ended(Ended::Cancelled(Cancellation {
        by: by.clone(),
        at: at.clone(),
    }));
    let events = vec![Event::WorkflowCancelled {
        cancelled_by: by,
        reason,
        at,
    }];
    transition(rules, next, now, events, Vec::new())
}

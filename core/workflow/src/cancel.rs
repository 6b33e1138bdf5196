//! A person or system calls the workflow off.

use aegis_contracts::event::Event;
use aegis_contracts::problem::Code;
use aegis_contracts::time::Timestamp;

use crate::answer::Answer;
use crate::draft::Draft;
use crate::rules::Rules;
use crate::state::{Cancellation, Ended, Phase, Workflow};

pub(crate) fn cancelled(
    rules: &Rules,
    workflow: &Workflow,
    by: String,
    reason: Option<String>,
    now: Timestamp,
) -> Answer {
    let mut draft = Draft::of(rules, workflow, now);
    let at = match &workflow.phase {
        Phase::Running(_) => {
            draft.next.ends_all();
            workflow.at().cloned()
        }
        Phase::AwaitingApproval(approval) => {
            draft.next.settled = Some(approval.clone().settled());
            Some(approval.approval.clone())
        }
        Phase::Ended(Ended::Cancelled(_)) => return Answer::duplicate(),
        Phase::Ended(_) => {
            return Answer::illegal(
                Code::AlreadyEnded,
                format!("the workflow is {}", workflow.status().as_str()),
            );
        }
    };
    // What runs is at an entry of its flow, or its state is not read.
    let at = at.unwrap_or_else(|| workflow.flow.result.clone());
    draft.next.phase = Phase::Ended(Ended::Cancelled(Cancellation {
        by: by.clone(),
        at: at.clone(),
    }));
    draft.happened(Event::WorkflowCancelled {
        cancelled_by: by,
        reason,
        at,
    });
    draft.seal()
}

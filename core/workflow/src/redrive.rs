//! A failed workflow is taken up again where it failed.

use aegis_contracts::event::Event;
use aegis_contracts::problem::Code;
use aegis_contracts::time::Timestamp;

use crate::advance::enter;
use crate::answer::Answer;
use crate::budget::over_budget;
use crate::decide::transition;
use crate::rules::Rules;
use crate::start::longest_life;
use crate::state::{Ended, Phase, Workflow};

pub(crate) fn redriven(
    rules: &Rules,
    workflow: &Workflow,
    by: String,
    version: u64,
    now: Timestamp,
) -> Answer {
    if workflow.redriven_from == Some(version) {
        return Answer::duplicate();
    }
    let failure = match &workflow.phase {
        Phase::Ended(Ended::Failed(failure)) => failure,
        Phase::Running(_) | Phase::AwaitingApproval(_) | Phase::Ended(_) => {
            let status = workflow.status().as_str();
            return Answer::illegal(
                Code::NotFailed,
                format!("the workflow is {status}: only a failed one is redriven"),
            );
        }
    };
    if version != workflow.version {
        return Answer::stale(format!(
            "the redrive names version {version}, the workflow failed at {}",
            workflow.version
        ));
    }
    // Its item must not be deleted while it lives again.
    if now.plus(longest_life(rules, &workflow.flow, &workflow.policies)) >= workflow.expires_at {
        return Answer::illegal(
            Code::NearExpiry,
            "the workflow is about to be deleted: start a new one",
        );
    }
    if let Some(exceeded) = over_budget(workflow, &failure.at, now) {
        return Answer::illegal(Code::BudgetExceeded, exceeded.message);
    }
    let mut next = workflow.clone();
    next.redriven_from = Some(version);
    // A state that names what its flow does not have is not read.
    let place = next.flow.place(&failure.at);
    let Some(entry) = place.and_then(|place| next.flow.steps.get(place)).cloned() else {
        return Answer::illegal(Code::NotFailed, format!("the flow has no `{}`", failure.at));
    };
    let redriven = Event::WorkflowRedriven {
        redriven_by: by,
        failed_version: version,
        at: failure.at.clone(),
    };
    let (owed, asked) = enter(rules, &mut next, &entry, now);
    let events = std::iter::once(redriven).chain(asked).collect();
    transition(rules, next, now, events, vec![owed])
}

//! A failed workflow goes on where it failed; what succeeded before is kept.

use aegis_contracts::agent::Role;
use aegis_contracts::event::Event;
use aegis_contracts::problem::Code;
use aegis_contracts::time::Timestamp;

use crate::answer::{Answer, Owed};
use crate::budget::over_budget;
use crate::decide::transition;
use crate::rules::Rules;
use crate::start::longest_life;
use crate::state::{Ended, Phase, ResumeAt, Workflow};
use crate::{approval, step};

/// Puts the workflow into a new attempt of `role`.
pub(crate) fn enter_step(rules: &Rules, next: &mut Workflow, role: Role, now: Timestamp) -> Owed {
    let (step, owed) = step::request(rules, &mut next.attempts, role, next.revision, now);
    next.phase = Phase::Working(step);
    owed
}

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
        Phase::Working(_) | Phase::AwaitingApproval(_) | Phase::Ended(_) => {
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
    if now.plus(longest_life(rules, &workflow.policy)) >= workflow.expires_at {
        return Answer::illegal(
            Code::NearExpiry,
            "the workflow is about to be deleted: start a new one",
        );
    }
    if let Some(exceeded) = over_budget(workflow, failure.resume, failure.status, now) {
        return Answer::illegal(Code::BudgetExceeded, exceeded.message);
    }
    let mut next = workflow.clone();
    next.redriven_from = Some(version);
    let (owed, asked) = match failure.resume {
        ResumeAt::Step(role) => (enter_step(rules, &mut next, role, now), None),
        ResumeAt::Approval => {
            let (owed, event) = approval::enter(rules, &mut next, now);
            (owed, Some(event))
        }
    };
    let status = next.status();
    let mut events = vec![Event::WorkflowRedriven {
        redriven_by: by,
        failed_version: version,
        status,
    }];
    events.extend(asked);
    transition(rules, next, now, events, vec![owed])
}

//! A failed workflow is taken up again where it failed.

use aegis_contracts::event::Event;
use aegis_contracts::problem::Code;
use aegis_contracts::time::Timestamp;

use crate::answer::Answer;
use crate::budget::over_budget;
use crate::draft::Draft;
use crate::input::Redrive;
use crate::rules::Rules;
use crate::start::longest_life;
use crate::state::{Ended, Phase, Workflow};
use crate::success::counts;

pub(crate) fn redriven(
    rules: &Rules,
    workflow: &Workflow,
    redrive: Redrive,
    now: Timestamp,
) -> Answer {
    let Redrive { by, version, found } = redrive;
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
    let mut draft = Draft::of(rules, workflow, now);
    draft.next.redriven_from = Some(version);
    // A state that names what its flow does not have is not read.
    let Some(entry) = draft.next.entry_of(&failure.at).cloned() else {
        return Answer::illegal(Code::NotFailed, format!("the flow has no `{}`", failure.at));
    };
    draft.happened(Event::WorkflowRedriven {
        redriven_by: by,
        failed_version: version,
        at: failure.at.clone(),
    });
    for success in found {
        let known = failure.stopped.iter().find(|known| known.of == success.of);
        let step = draft.next.definition(&success.of.step).cloned();
        if let (Some(known), Some(step)) = (known, step)
            && counts(workflow, &success)
        {
            let more = success.usage.beyond(known.usage);
            draft.next.usage = draft.next.usage.plus(more);
            let usage = success.usage;
            draft.keep(&step.agent, success, usage);
        }
    }
    draft.enter(&entry);
    draft.seal()
}

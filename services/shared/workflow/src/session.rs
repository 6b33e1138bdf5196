//! Agent sessions that nobody waits for any more.

use aegis_contracts::command::SessionCommand;

use crate::input::Input;
use crate::state::{Phase, Workflow};

/// The session that is still at work if `input` makes a transition: every transition out of a step ends its attempt,
/// and only an agent that reports the end of its own has stopped by itself.
pub(crate) fn left_behind(workflow: &Workflow, input: &Input) -> Option<SessionCommand> {
    let at_work = match &workflow.phase {
        Phase::Working(step) => step.dispatched_at.is_some().then_some(step),
        Phase::AwaitingApproval(_)
        | Phase::Completed
        | Phase::Failed(_)
        | Phase::Cancelled(_)
        | Phase::Rejected
        | Phase::Expired => None,
    };
    let step = at_work.filter(|_| !ends_its_session(input))?;
    Some(SessionCommand {
        role: step.role,
        attempt: step.attempt,
    })
}

fn ends_its_session(input: &Input) -> bool {
    match input {
        Input::StepSucceeded { .. } | Input::StepFailed { .. } => true,
        Input::Start
        | Input::Dispatched { .. }
        | Input::Throttled { .. }
        | Input::Progress { .. }
        | Input::Decide { .. }
        | Input::Cancel { .. }
        | Input::DeadlinePassed
        | Input::Redrive { .. }
        | Input::Notified { .. }
        | Input::Resent => false,
    }
}

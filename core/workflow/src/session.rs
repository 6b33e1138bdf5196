//! Agent sessions that nobody needs any more.

use std::time::Duration;

use aegis_contracts::command::SessionCommand;

use crate::state::{Phase, Workflow};

/// How long after its attempt has ended a session is stopped. An agent that has reported gets its answer in this time,
/// and sends its last logs and spans, which leave every five seconds.
pub const STOP_AFTER: Duration = Duration::from_secs(5);

/// The session that ends with a transition: every transition out of a step ends its attempt. Also where the agent has
/// reported so itself, because AgentCore bills an idle session's memory; and where no dispatch was noted, because the
/// agent may have been invoked all the same.
pub(crate) fn ended(workflow: &Workflow) -> Option<SessionCommand> {
    match &workflow.phase {
        Phase::Running(work) => Some(SessionCommand {
            agent: work.agent.clone(),
            step: work.step.clone(),
            attempt: work.attempt,
        }),
        Phase::AwaitingApproval(_) | Phase::Ended(_) => None,
    }
}

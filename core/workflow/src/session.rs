//! Agent sessions that nobody needs any more.

use std::time::Duration;

use aegis_contracts::command::SessionCommand;

use crate::state::Workflow;

/// How long after its attempt has ended a session is stopped. An agent that has reported gets its answer in this time,
/// and sends its last logs and spans, which leave every five seconds.
pub const STOP_AFTER: Duration = Duration::from_secs(5);

/// The sessions that end with a transition to `next`: those of attempts that are not at work any more. Also where the
/// agent has reported so itself, because AgentCore bills an idle session's memory; and where no dispatch was noted,
/// because the agent may have been invoked all the same.
pub(crate) fn ended(before: &Workflow, next: &Workflow) -> Vec<SessionCommand> {
    let ended = before.work().iter();
    let ended = ended.filter(|work| next.current_work(&work.of).is_none());
    ended
        .map(|work| SessionCommand {
            agent: work.agent.clone(),
            of: work.of.clone(),
        })
        .collect()
}

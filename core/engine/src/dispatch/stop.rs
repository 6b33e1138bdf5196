//! `StopSession`: ends the agent session of an attempt that has ended.
//!
//! Nothing depends on it: an agent that goes on is told by the answer to its next report, and a session that is idle ends
//! after `agent_idle_seconds`. So a stop that keeps failing is left at a log line, where a command that must not be lost
//! would go to the dead-letter queue.

use aegis_contracts::command::SessionCommand;
use aegis_contracts::envelope::CommandEnvelope;
use aegis_contracts::ids::SessionId;

use super::Dispatcher;
use crate::message::{Disposition, Received, disposition_of_error, unknown_workflow};

/// Deliveries of a stop that are worth trying.
const TRIES: u32 = 3;

impl Dispatcher {
    pub(super) async fn stop_session(
        &self,
        message: &Received,
        command: &CommandEnvelope,
        stop: &SessionCommand,
    ) -> Disposition {
        let id = &command.workflow_id;
        let workflow = match self.engine.load(id).await {
            Ok(Some(workflow)) => workflow,
            Ok(None) => return unknown_workflow(),
            Err(error) => return disposition_of_error(message, &error),
        };
        if workflow.current_work(&stop.of).is_some() {
            // An attempt that counts is never stopped, whoever asks for it.
            let reason = "session_in_use: the attempt is the one under way".to_owned();
            return Disposition::DeadLetter(reason);
        }
        let session = SessionId::derive(id, &stop.of).runtime_session();
        match self.runtime.stop(&stop.agent, &session).await {
            Ok(()) => {
                tracing::info!(workflow_id = %id, of = %stop.of, "session stopped");
                Disposition::Ack
            }
            Err(error) if error.is_permanent() || message.receive_count >= TRIES => {
                tracing::warn!(workflow_id = %id, of = %stop.of, %error, "session not stopped; it ends when it has been idle");
                Disposition::Ack
            }
            Err(error) => disposition_of_error(message, &error),
        }
    }
}

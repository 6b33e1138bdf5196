//! The one path of all dispatchers: a command becomes an agent session.
//!
//! The agent is invoked first and `Dispatched` is noted after. A crash in between
//! brings the command back and invokes the same session again, which the agent
//! recognises. The other order could note a dispatch that never happened.

mod stop;
mod task;

use std::sync::Arc;
use std::time::Duration;

use aegis_contracts::command::{Command, StepCommand};
use aegis_contracts::envelope::CommandEnvelope;
use aegis_contracts::flow::Name;
use aegis_contracts::ids::SessionId;
use aegis_workflow::{Input, StepFailure, Work, Workflow, codes, spread};
use async_trait::async_trait;
use tracing::Instrument;

use crate::apply::{Engine, Outcome};
use crate::error::PortError;
use crate::keys::KeyRing;
use crate::message::{
    Disposition, Incoming, QueueHandler, Received, disposition_of_error, disposition_of_turn,
    unknown_workflow,
};
use crate::metrics;
use crate::ports::AgentRuntime;
use crate::stored::StoredRequest;
use crate::trace;

/// Deliveries of a command that a throttled start leaves in the queue: most have a session then. Terraform sees to it
/// that no queue gives a message up so early.
const QUICK_TRIES: u32 = 2;
/// The pause between them.
const QUICK_PAUSE: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(20)];

pub struct Dispatcher {
    pub engine: Engine,
    pub runtime: Arc<dyn AgentRuntime>,
    pub keys: Arc<KeyRing>,
    /// The agent whose commands arrive here.
    pub agent: Name,
    /// Base URL of the API that agents call back.
    pub callback_api_url: String,
}

#[async_trait]
impl QueueHandler for Dispatcher {
    async fn handle(&self, message: &Received) -> Disposition {
        match Incoming::parse(&message.body) {
            Ok(Incoming::Command(command)) => self.take(message, &command).await,
            Ok(Incoming::External(event)) => Disposition::DeadLetter(format!(
                "misrouted: {} is not for a dispatcher",
                event.detail_type
            )),
            Err(reason) => Disposition::DeadLetter(reason),
        }
    }
}

impl Dispatcher {
    async fn take(&self, message: &Received, command: &CommandEnvelope) -> Disposition {
        match &command.body {
            Command::StopSession(session) if session.agent == self.agent => {
                self.stop_session(message, command, session).await
            }
            Command::RunStep(step) if step.agent == self.agent => {
                self.dispatch(message, command, step).await
            }
            Command::RunStep(_) | Command::StopSession(_) | Command::RequestApproval(_) => {
                Disposition::DeadLetter(format!(
                    "misrouted: not a command for the agent `{}`",
                    self.agent
                ))
            }
        }
    }

    /// Invokes an attempt again that is under way, in its session, as a runtime does at its start whose agents ended
    /// with it.
    ///
    /// # Errors
    /// Of the agent's runtime or the keys.
    pub async fn begin_again(
        &self,
        workflow: &Workflow,
        request: &StoredRequest,
        work: &Work,
    ) -> Result<(), PortError> {
        let task = self.task(workflow, request, work).await?;
        let session = SessionId::derive(&workflow.id, &work.of).runtime_session();
        self.runtime.invoke(&self.agent, &session, &task).await?;
        Ok(())
    }

    async fn dispatch(
        &self,
        message: &Received,
        command: &CommandEnvelope,
        step: &StepCommand,
    ) -> Disposition {
        let id = &command.workflow_id;
        let (workflow, request) = match self.engine.load_with_request(id).await {
            Ok(Some(found)) => found,
            Ok(None) => {
                return unknown_workflow();
            }
            Err(error) => return disposition_of_error(message, &error),
        };
        let span = trace::rejoin(request.traceparent.as_deref(), id);
        self.start(message, command, step, workflow, request)
            .instrument(span)
            .await
    }

    async fn start(
        &self,
        message: &Received,
        command: &CommandEnvelope,
        step: &StepCommand,
        workflow: Workflow,
        request: StoredRequest,
    ) -> Disposition {
        let id = &workflow.id;
        let work = match workflow.current_work(&step.of) {
            Some(current) if current.dispatched_at.is_none() => current,
            Some(_) => return Disposition::Ack,
            None => {
                tracing::info!(of = %step.of, "stale command acknowledged");
                return Disposition::Ack;
            }
        };
        let task = match self.task(&workflow, &request, work).await {
            Ok(task) => task,
            Err(error) => return disposition_of_error(message, &error),
        };
        let session = SessionId::derive(id, &step.of).runtime_session();
        match self.runtime.invoke(&self.agent, &session, &task).await {
            Ok(answer) => {
                tracing::info!(of = %step.of, answer = ?answer.status, "agent invoked");
                self.note_dispatched(message, workflow, step, &session)
                    .await
            }
            Err(PortError::Throttled(_)) => self.throttled(message, step, workflow).await,
            Err(error) => self.not_invoked(message, command, step, error).await,
        }
    }

    /// No session is free. A command that is new comes back soon, without a write. One that waits for longer is let go
    /// of: the state says so, and the sweep sends it again when its time has come.
    ///
    /// It is never sent from here: this is the function that its queue invokes, and AWS Lambda stops a function that
    /// sends to its own queue after some 16 rounds.
    async fn throttled(
        &self,
        message: &Received,
        step: &StepCommand,
        workflow: Workflow,
    ) -> Disposition {
        metrics::throttled(&self.agent);
        let Some(current) = workflow.current_work(&step.of) else {
            return Disposition::Ack;
        };
        if current.throttled_at.is_some() {
            tracing::info!(of = %step.of, "no free session: the step waits on");
            return Disposition::Ack;
        }
        let waited = self.engine.clock.now().since(current.requested_at);
        // After the pickup timeout the sweep sends it once more: until then it has to be noted.
        if message.receive_count <= QUICK_TRIES && waited < self.engine.rules.pickup_timeout {
            return Disposition::RetryAfter(quick_pause(message));
        }
        let input = Input::Throttled(step.of.clone());
        tracing::info!(of = %step.of, "no free session: the step waits");
        match self.engine.apply_to(workflow, input).await {
            Ok(turn) => disposition_of_turn(message, &turn),
            Err(error) => disposition_of_error(message, &error),
        }
    }

    async fn note_dispatched(
        &self,
        message: &Received,
        workflow: Workflow,
        step: &StepCommand,
        session: &str,
    ) -> Disposition {
        let input = Input::Dispatched(step.of.clone());
        let turn = match self.engine.apply_to(workflow, input).await {
            Ok(turn) => turn,
            Err(error) => return disposition_of_error(message, &error),
        };
        // A result that overtook this note is stale too; it has sent a stop that leaves the agent time for its answer.
        if let Outcome::Stale { workflow, .. } = &turn.outcome
            && workflow
                .result_of(&step.of.step, step.of.branch)
                .is_none_or(|result| result.of != step.of)
            && let Err(error) = self.runtime.stop(&self.agent, session).await
        {
            tracing::warn!(workflow_id = %workflow.id, %error, "superseded session not stopped; its reports will be refused");
        }
        disposition_of_turn(message, &turn)
    }

    async fn not_invoked(
        &self,
        message: &Received,
        command: &CommandEnvelope,
        step: &StepCommand,
        error: PortError,
    ) -> Disposition {
        match error {
            PortError::Transient(_) | PortError::Throttled(_) => {
                disposition_of_error(message, &error)
            }
            PortError::Permanent(what) => {
                tracing::error!(what, "agent runtime refused the attempt");
                let failure = StepFailure {
                    code: codes::AGENT_REFUSED.to_owned(),
                    message: what,
                    transient: false,
                    usage: None,
                };
                let input = Input::StepFailed(step.of.clone(), failure);
                match self.engine.apply(&command.workflow_id, input).await {
                    Ok(turn) => disposition_of_turn(message, &turn),
                    Err(error) => disposition_of_error(message, &error),
                }
            }
        }
    }
}

/// By which delivery it is: spread like chance, and the same whenever a run is replayed.
fn quick_pause(message: &Received) -> Duration {
    let [least, most] = QUICK_PAUSE;
    let count = message.receive_count.to_be_bytes();
    let delivery = [
        b"throttled".as_slice(),
        message.message_id.as_bytes(),
        &count,
    ];
    spread::between(least, most, &delivery)
}

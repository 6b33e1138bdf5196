//! One turn of a workflow: load, decide, commit, send.

use std::sync::Arc;

use aegis_contracts::command::Command;
use aegis_contracts::envelope::Envelope;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_workflow::{
    Answer, Illegal, Input, Owed, Rejection, Rules, STOP_AFTER, Start, StoredWorkflow, Transition,
    Workflow, decide, start,
};

use crate::error::PortError;
use crate::flows::Flows;
use crate::ports::{Clock, CommandQueues, Table, Write};
use crate::stored::{HistoryEntry, StoredRequest};
use crate::{metrics, trace};

/// Turns lost to other writers before the message is handed back.
const MAX_CONFLICTS: u32 = 8;
/// Commands of one version are numbered from here, so that their ids differ from its events'.
const COMMAND_INDEX: usize = 1_000;

/// What every service needs to move a workflow.
#[derive(Clone)]
pub struct Engine {
    pub rules: Rules,
    pub table: Arc<dyn Table>,
    pub commands: Arc<dyn CommandQueues>,
    pub clock: Arc<dyn Clock>,
    pub flows: Arc<Flows>,
}

/// What became of an input.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A transition or touch was written.
    Applied(Workflow),
    /// Nothing new; the state stands as it was left by the first delivery.
    Duplicate(Workflow),
    /// Superseded. `current_revision`: the one that waits for a decision, if one does.
    Stale {
        detail: String,
        current_revision: Option<u32>,
        workflow: Workflow,
    },
    Illegal {
        illegal: Illegal,
        workflow: Workflow,
    },
    NotFound,
}

/// An outcome, and whether its commands went out.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    pub outcome: Outcome,
    /// Set if a command could not be sent. The state owes it: the sweep sends it again.
    pub undelivered: Option<PortError>,
}

impl Applied {
    /// Of a workflow that nobody has opened.
    pub fn not_found() -> Self {
        Self {
            outcome: Outcome::NotFound,
            undelivered: None,
        }
    }
}

/// What became of a request to open a workflow.
#[derive(Debug, Clone, PartialEq)]
pub enum Opened {
    New(Workflow),
    /// The same request had opened it before.
    Again(Workflow),
    /// Another request had opened it under the same idempotency key.
    Conflict,
}

impl Engine {
    /// A workflow with the definition of its flow.
    ///
    /// # Errors
    /// Of the table; permanent, if the state cannot be read.
    pub async fn load(&self, id: &WorkflowId) -> Result<Option<Workflow>, PortError> {
        match self.table.load(id).await? {
            Some(stored) => self.with_flow(stored).await.map(Some),
            None => Ok(None),
        }
    }

    /// A workflow with the definition of its flow, and what was asked.
    ///
    /// # Errors
    /// As [`Engine::load`].
    pub async fn load_with_request(
        &self,
        id: &WorkflowId,
    ) -> Result<Option<(Workflow, StoredRequest)>, PortError> {
        match self.table.load_with_request(id).await? {
            Some((stored, request)) => Ok(Some((self.with_flow(stored).await?, request))),
            None => Ok(None),
        }
    }

    async fn with_flow(&self, stored: StoredWorkflow) -> Result<Workflow, PortError> {
        let flow = self.flows.find(self.table.as_ref(), &stored.flow).await?;
        let unreadable = |why| PortError::Permanent(format!("cannot read the stored state: {why}"));
        stored.with_flow(flow).map_err(unreadable)
    }

    /// Opens a workflow, once.
    ///
    /// # Errors
    /// Of the table. A command that could not be sent is no error: it is owed.
    pub async fn open(&self, request: StoredRequest, begin: Start) -> Result<Opened, PortError> {
        let id = begin.id.clone();
        let transition = start(&self.rules, begin, self.clock.now());
        let entry = HistoryEntry::of(&transition, trace::current().as_deref());
        match self.table.open(&transition.next, &request, &entry).await? {
            Write::Done => {
                metrics::committed(None, &transition);
                self.report_undelivered(
                    &id,
                    self.send(&transition.next, &transition.commands).await,
                );
                Ok(Opened::New(transition.next))
            }
            Write::Conflict => self.opened_before(&id, &request).await?.ok_or_else(|| {
                PortError::Transient(format!("{id} was refused as existing and is not there"))
            }),
        }
    }

    /// What became of the first request for this workflow. `None`: there is no such workflow.
    ///
    /// # Errors
    /// Of the table.
    pub async fn opened_before(
        &self,
        id: &WorkflowId,
        request: &StoredRequest,
    ) -> Result<Option<Opened>, PortError> {
        let Some((workflow, stored)) = self.load_with_request(id).await? else {
            return Ok(None);
        };
        if stored.fingerprint != request.fingerprint {
            return Ok(Some(Opened::Conflict));
        }
        let turn = self.apply(id, Input::Start).await?;
        self.report_undelivered(id, turn.undelivered.map_or(Ok(()), Err));
        let workflow = match turn.outcome {
            Outcome::Applied(now) | Outcome::Duplicate(now) => now,
            Outcome::Stale { .. } | Outcome::Illegal { .. } | Outcome::NotFound => workflow,
        };
        Ok(Some(Opened::Again(workflow)))
    }

    /// Applies `input` to the stored workflow.
    ///
    /// # Errors
    /// Of the table; transient if other writers were faster too often.
    pub async fn apply(&self, id: &WorkflowId, input: Input) -> Result<Applied, PortError> {
        self.apply_within(id, &input, MAX_CONFLICTS).await
    }

    /// Applies `input` to a workflow that was loaded before, which saves a read unless somebody wrote since.
    ///
    /// # Errors
    /// Of the table; transient if other writers were faster too often.
    pub async fn apply_to(&self, loaded: Workflow, input: Input) -> Result<Applied, PortError> {
        let id = loaded.id.clone();
        match self.try_turn(loaded, &input).await? {
            Some(turn) => Ok(turn),
            None => self.apply_within(&id, &input, MAX_CONFLICTS - 1).await,
        }
    }

    async fn apply_within(
        &self,
        id: &WorkflowId,
        input: &Input,
        tries: u32,
    ) -> Result<Applied, PortError> {
        for _ in 0..tries {
            let Some(workflow) = self.load(id).await? else {
                return Ok(Applied::not_found());
            };
            if let Some(turn) = self.try_turn(workflow, input).await? {
                return Ok(turn);
            }
        }
        Err(PortError::Transient(format!(
            "{id}: {MAX_CONFLICTS} turns were lost to other writers"
        )))
    }

    /// `None`: another writer was faster.
    async fn try_turn(
        &self,
        workflow: Workflow,
        input: &Input,
    ) -> Result<Option<Applied>, PortError> {
        let now = self.clock.now();
        let done = |outcome| {
            Ok(Some(Applied {
                outcome,
                undelivered: None,
            }))
        };
        match decide(&self.rules, &workflow, input.clone(), now) {
            Answer::Transition(transition) => {
                let entry = HistoryEntry::of(&transition, trace::current().as_deref());
                match self
                    .table
                    .commit(workflow.seq, &transition.next, &entry)
                    .await?
                {
                    Write::Conflict => Ok(None),
                    Write::Done => {
                        metrics::committed(Some(&workflow), &transition);
                        let turn = self
                            .sent(transition.next.clone(), &transition.commands)
                            .await;
                        self.stop(&transition).await;
                        Ok(Some(turn))
                    }
                }
            }
            Answer::Touch(touch) => match self.table.touch(workflow.seq, &touch.next).await? {
                Write::Conflict => Ok(None),
                Write::Done => Ok(Some(self.sent(touch.next, &touch.commands).await)),
            },
            Answer::Rejected(Rejection::Duplicate) => self.repeat(workflow, now).await,
            Answer::Rejected(Rejection::Stale {
                detail,
                current_revision,
            }) => done(Outcome::Stale {
                detail,
                current_revision,
                workflow,
            }),
            Answer::Rejected(Rejection::Illegal(illegal)) => {
                done(Outcome::Illegal { illegal, workflow })
            }
        }
    }

    /// The first delivery may have died between commit and send: what the state still owes goes out again.
    async fn repeat(
        &self,
        workflow: Workflow,
        now: Timestamp,
    ) -> Result<Option<Applied>, PortError> {
        match decide(&self.rules, &workflow, Input::Resent, now) {
            Answer::Touch(touch) => match self.table.touch(workflow.seq, &touch.next).await? {
                Write::Conflict => Ok(None),
                Write::Done => {
                    let undelivered = self.send(&touch.next, &touch.commands).await.err();
                    Ok(Some(Applied {
                        outcome: Outcome::Duplicate(touch.next),
                        undelivered,
                    }))
                }
            },
            Answer::Transition(_) | Answer::Rejected(_) => Ok(Some(Applied {
                outcome: Outcome::Duplicate(workflow),
                undelivered: None,
            })),
        }
    }

    async fn sent(&self, next: Workflow, commands: &[Owed]) -> Applied {
        let undelivered = self.send(&next, commands).await.err();
        Applied {
            outcome: Outcome::Applied(next),
            undelivered,
        }
    }

    async fn send(&self, next: &Workflow, commands: &[Owed]) -> Result<(), PortError> {
        let sent_at = self.clock.now();
        for (index, owed) in commands.iter().enumerate() {
            let envelope = Envelope::new(
                &next.id,
                next.version,
                COMMAND_INDEX + index,
                sent_at,
                owed.command.clone(),
            )
            .traced(trace::current());
            self.commands.send(&envelope, owed.delay).await?;
        }
        Ok(())
    }

    /// Best effort: if this is lost, the agent is told by the answer to its next report, or its session ends idle.
    async fn stop(&self, transition: &Transition) {
        let Some(session) = transition.stop.clone() else {
            return;
        };
        let next = &transition.next;
        let index = COMMAND_INDEX + transition.commands.len();
        let command = Command::StopSession(session);
        let envelope = Envelope::new(&next.id, next.version, index, self.clock.now(), command)
            .traced(trace::current());
        if let Err(error) = self.commands.send(&envelope, STOP_AFTER).await {
            tracing::warn!(workflow_id = %next.id, %error, "session not stopped; it ends when it has been idle");
        }
    }

    /// For callers that answer a client: the state stands, so the answer does too.
    pub fn report_undelivered(&self, id: &WorkflowId, sent: Result<(), PortError>) {
        if let Err(error) = sent {
            tracing::warn!(workflow_id = %id, %error, "command not sent; the sweep will send it");
        }
    }
}

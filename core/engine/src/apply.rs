//! One turn of a workflow: load, decide, commit, send.

use std::sync::Arc;
use std::time::Duration;

use aegis_contracts::attempt::Attempt;
use aegis_contracts::command::{Command, SessionCommand};
use aegis_contracts::envelope::Envelope;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_workflow::{
    Answer, Illegal, Input, Owed, Rejection, Rules, STOP_AFTER, Start, StoredWorkflow, Touch,
    Transition, Workflow, codes, decide, spread, start,
};

use crate::error::PortError;
use crate::flows::Flows;
use crate::ports::{Clock, CommandQueues, Table, Write};
use crate::stored::{HistoryEntry, StoredRequest};
use crate::{metrics, trace};

/// Turns lost to other writers before the message is handed back.
const MAX_CONFLICTS: u32 = 8;
/// No pause after a lost turn is longer. It doubles with each one.
const LONGEST_PAUSE: Duration = Duration::from_millis(1500);
/// Commands of one version are numbered from here, so that their ids differ from its events'.
const COMMAND_INDEX: usize = 1_000;
/// Commands to stop sessions from here.
const STOP_INDEX: usize = 2_000;

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

/// Dispatchers send neither work nor stops. Those of their own agent would go to the queue that invokes them, and AWS Lambda
/// stops a function that does so some 16 times in a row; their roles let them send no commands at all.
fn is_a_dispatcher_s(input: &Input) -> bool {
    match input {
        Input::Dispatched(_) | Input::Throttled(_) => true,
        Input::StepFailed(_, why) => why.code == codes::AGENT_REFUSED,
        _ => false,
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
        self.apply_within(id, &input, 0).await
    }

    /// Applies `input` to a workflow that was loaded before, which saves a read unless somebody wrote since.
    ///
    /// # Errors
    /// Of the table; transient if other writers were faster too often.
    pub async fn apply_to(&self, loaded: Workflow, input: Input) -> Result<Applied, PortError> {
        let (id, at_work) = (loaded.id.clone(), loaded.work().len());
        match self.try_turn(loaded, &input).await? {
            Some(turn) => Ok(turn),
            None => {
                self.give_way(&id, &input, 1, at_work).await;
                self.apply_within(&id, &input, 1).await
            }
        }
    }

    async fn apply_within(
        &self,
        id: &WorkflowId,
        input: &Input,
        lost: u32,
    ) -> Result<Applied, PortError> {
        for lost in lost + 1..=MAX_CONFLICTS {
            let Some(workflow) = self.load(id).await? else {
                return Ok(Applied::not_found());
            };
            let at_work = workflow.work().len();
            if let Some(turn) = self.try_turn(workflow, input).await? {
                return Ok(turn);
            }
            if lost < MAX_CONFLICTS {
                self.give_way(id, input, lost, at_work).await;
            }
        }
        Err(PortError::Transient(format!(
            "{id}: {MAX_CONFLICTS} turns were lost to other writers"
        )))
    }

    /// Waits after a turn that was lost. Each writer waits for another time, and the same one whenever a run is replayed.
    async fn give_way(&self, id: &WorkflowId, input: &Input, lost: u32, at_work: usize) {
        let writers = u32::try_from(at_work.max(1)).unwrap_or(u32::MAX);
        let doubled = 2u32.saturating_pow(lost.saturating_sub(1));
        let most = self
            .table
            .conflict_pause()
            .saturating_mul(writers.saturating_mul(doubled));
        let who = format!("{input:?}");
        let parts = [id.as_str().as_bytes(), who.as_bytes(), &lost.to_be_bytes()];
        let pause = spread::within(most.min(LONGEST_PAUSE), &parts);
        self.clock.pause(pause).await;
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
                        metrics::stops_given_up(&workflow, &transition.next, input);
                        let Transition {
                            next,
                            commands,
                            stops,
                            ..
                        } = transition;
                        Ok(Some(self.sent(input, next, &commands, &stops).await))
                    }
                }
            }
            Answer::Touch(touch) => match self.table.touch(workflow.seq, &touch.next).await? {
                // The next one comes soon, and what the agents beside it report is worth more.
                Write::Conflict
                    if workflow.work().len() > 1 && matches!(input, Input::Progress(_)) =>
                {
                    done(Outcome::Duplicate(workflow))
                }
                Write::Conflict => Ok(None),
                Write::Done => {
                    metrics::stops_given_up(&workflow, &touch.next, input);
                    let Touch {
                        next,
                        commands,
                        stops,
                    } = touch;
                    Ok(Some(self.sent(input, next, &commands, &stops).await))
                }
            },
            Answer::Rejected(Rejection::Duplicate) if is_a_dispatcher_s(input) => {
                done(Outcome::Duplicate(workflow))
            }
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
        let done = |now, undelivered| {
            Ok(Some(Applied {
                outcome: Outcome::Duplicate(now),
                undelivered,
            }))
        };
        match decide(&self.rules, &workflow, Input::Resent, now) {
            Answer::Touch(touch) => match self.table.touch(workflow.seq, &touch.next).await? {
                Write::Conflict => Ok(None),
                Write::Done => {
                    let undelivered = self.send(&touch.next, &touch.commands).await.err();
                    done(self.stop(touch.next, &touch.stops).await, undelivered)
                }
            },
            Answer::Transition(_) | Answer::Rejected(_) => done(workflow, None),
        }
    }

    async fn sent(
        &self,
        input: &Input,
        next: Workflow,
        commands: &[Owed],
        stops: &[SessionCommand],
    ) -> Applied {
        if is_a_dispatcher_s(input) {
            // Owed like any other: the sweep sends it.
            return Applied {
                outcome: Outcome::Applied(next),
                undelivered: None,
            };
        }
        let undelivered = self.send(&next, commands).await.err();
        Applied {
            outcome: Outcome::Applied(self.stop(next, stops).await),
            undelivered,
        }
    }

    async fn send(&self, next: &Workflow, commands: &[Owed]) -> Result<(), PortError> {
        let sent_at = self.clock.now();
        let all = next.owed();
        for (index, owed) in commands.iter().enumerate() {
            // The same command of a version has the same id, however often and beside whichever others it is sent.
            let place = all.iter().position(|command| *command == owed.command);
            let envelope = Envelope::new(
                &next.id,
                next.version,
                COMMAND_INDEX + place.unwrap_or(index),
                sent_at,
                owed.command.clone(),
            )
            .traced(trace::current());
            self.commands.send(&envelope, owed.delay).await?;
        }
        Ok(())
    }

    /// Sends all that the state owes, as a runtime does at its start whose queues ended with it. Not counted as a send.
    ///
    /// # Errors
    /// Of the queues.
    pub async fn send_owed(&self, workflow: &Workflow) -> Result<(), PortError> {
        let owed = workflow.owed().into_iter();
        let now = |command| Owed {
            command,
            delay: Duration::ZERO,
        };
        self.send(workflow, &owed.map(now).collect::<Vec<_>>())
            .await?;
        self.stop(workflow.clone(), &workflow.owed_stops()).await;
        Ok(())
    }

    /// Asks the dispatchers to stop sessions. The state owes those whose agents have not reported: those that were sent are
    /// struck off, the others are sent again by the sweep.
    async fn stop(&self, next: Workflow, stops: &[SessionCommand]) -> Workflow {
        let owed = next.stops.as_ref().map_or(&[][..], |owed| &owed.of);
        let mut sent = Vec::new();
        for (index, session) in stops.iter().enumerate() {
            let index = STOP_INDEX + index;
            let command = Command::StopSession(session.clone());
            let envelope = Envelope::new(&next.id, next.version, index, self.clock.now(), command)
                .traced(trace::current());
            let is_owed = owed.contains(&session.of);
            match self.commands.send(&envelope, STOP_AFTER).await {
                Ok(()) if is_owed => sent.push(session.of.clone()),
                Ok(()) => {}
                Err(error) => {
                    tracing::warn!(workflow_id = %next.id, of = %session.of, is_owed, %error, "stop not sent");
                }
            }
        }
        if sent.is_empty() {
            return next;
        }
        match self.strike_off(next.clone(), sent).await {
            Ok(struck) => struck,
            Err(error) => {
                tracing::warn!(workflow_id = %next.id, %error, "stops sent and still owed; the sweep will send them again");
                next
            }
        }
    }

    async fn strike_off(
        &self,
        mut workflow: Workflow,
        sent: Vec<Attempt>,
    ) -> Result<Workflow, PortError> {
        let input = Input::StopsSent(sent);
        for lost in 1..=MAX_CONFLICTS {
            let now = self.clock.now();
            let Answer::Touch(touch) = decide(&self.rules, &workflow, input.clone(), now) else {
                return Ok(workflow);
            };
            if self.table.touch(workflow.seq, &touch.next).await? == Write::Done {
                return Ok(touch.next);
            }
            self.give_way(&workflow.id, &input, lost, workflow.work().len())
                .await;
            match self.load(&workflow.id).await? {
                Some(now) => workflow = now,
                None => break,
            }
        }
        Ok(workflow)
    }

    /// For callers that answer a client: the state stands, so the answer does too.
    pub fn report_undelivered(&self, id: &WorkflowId, sent: Result<(), PortError>) {
        if let Err(error) = sent {
            tracing::warn!(workflow_id = %id, %error, "command not sent; the sweep will send it");
        }
    }
}

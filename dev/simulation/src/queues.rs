//! The queues: each message lives as an actor until it is deleted or dead.

use std::sync::Arc;
use std::time::Duration;

use aegis_contracts::command::{Command, Destination};
use aegis_contracts::flow::Name;
use aegis_contracts::ids::WorkflowId;
use aegis_engine::message::{Disposition, QueueHandler, Received};
use aegis_testkit::memory::{Lineage, SentCommand};
use serde_json::{Value, json};

use crate::flows::AGENTS;
use crate::harness::{Harness, Services};
use crate::observed::DeadLetter;

/// As Terraform's `max_receive_count` says by default.
const MAX_RECEIVES: u32 = 5;
/// What nobody said is wrong with a message that SQS gives up.
pub const WORN_OUT: &str = "received too often without success";
/// What nobody said is wrong with a message that Lambda keeps from a function which wakes itself.
pub const RECURSIVE: &str = "its function has led to its own invocation too often";
/// As Terraform says: six times the function's timeout.
const VISIBILITY_TIMEOUT: Duration = Duration::from_secs(180);
const USUAL_LATENCY: Duration = Duration::from_millis(40);

/// The service whose queue it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    Intake,
    Dispatcher(&'static Name),
    Approval,
    Callback,
}

impl Owner {
    /// The function that the queue invokes.
    pub fn function(self) -> &'static str {
        match self {
            Self::Intake => aegis_intake::SERVICE,
            Self::Approval => aegis_approval::SERVICE,
            Self::Callback => aegis_callback::SERVICE,
            Self::Dispatcher(agent) => agent.as_str(),
        }
    }
}

impl Services {
    fn handler(&self, owner: Owner) -> Option<Arc<dyn QueueHandler>> {
        match owner {
            Owner::Intake => Some(self.intake.clone()),
            Owner::Approval => Some(self.approval.clone()),
            Owner::Callback => Some(self.callback.clone()),
            Owner::Dispatcher(agent) => {
                let dispatcher = self.dispatchers.get(agent)?;
                Some(dispatcher.clone())
            }
        }
    }
}

impl Harness {
    /// A command on its way. Only these may be lost: the state owes them.
    pub fn carry(self: &Arc<Self>, sent: SentCommand) {
        let SentCommand {
            command,
            delay,
            lineage,
        } = sent;
        let owner = match command.body.destination() {
            Destination::Approval => Owner::Approval,
            Destination::Agent(agent) => match AGENTS.get(agent) {
                Some(agent) => Owner::Dispatcher(agent),
                None => return,
            },
        };
        if let Command::StopSession(stop) = &command.body {
            let session = (command.workflow_id.clone(), stop.of.clone());
            self.observed(|observed| observed.stops.insert(session));
        }
        // While a step waits for a session its sends do not count, nor does the rest of a retry's delay.
        if delay.is_zero() && !self.waits_for_a_session(&command.workflow_id) {
            let key = (command.workflow_id.clone(), format!("{:?}", command.body));
            self.observed(|observed| *observed.sends.entry(key).or_default() += 1);
        }
        self.trace.count("commands sent");
        let lost = self
            .faults
            .strikes("commands lost", self.faults.rates.command_lost);
        self.tell(|| {
            let fate = if lost { ", and is lost" } else { "" };
            format!("  -> {:?} for {}{fate}", command.body, command.workflow_id)
        });
        if let (false, Ok(body)) = (lost, serde_json::to_string(&command)) {
            self.queue(owner, body, delay, lineage);
        }
    }

    fn waits_for_a_session(&self, id: &WorkflowId) -> bool {
        let row = self.ports.table.row_of(id);
        let workflow = row.and_then(|row| row.workflow().ok());
        workflow.is_some_and(|workflow| {
            let mut work = workflow.work().iter();
            work.any(|work| work.throttled_at.is_some())
        })
    }

    /// An event of another system, as a rule of the bus hands it to a queue.
    pub fn emit(self: &Arc<Self>, owner: Owner, detail_type: &str, detail: &Value) {
        self.trace.count("external events");
        let id = format!("{:016x}", self.dice.between(0, u64::MAX));
        let body = json!({
            "version": "0", "id": id, "detail-type": detail_type, "source": "partner.crm",
            "account": "123456789012", "time": "2026-11-23T18:00:00Z", "region": "us-east-1",
            "resources": [], "detail": detail,
        });
        self.put(owner, body.to_string(), Duration::ZERO);
    }

    /// A message that no function of ours has sent.
    pub fn put(self: &Arc<Self>, owner: Owner, body: String, delay: Duration) {
        self.queue(owner, body, delay, Lineage::default());
    }

    fn queue(self: &Arc<Self>, owner: Owner, body: String, delay: Duration, lineage: Lineage) {
        let lineage = lineage.through(owner.function());
        self.observed(|observed| {
            observed.longest_lineage = observed.longest_lineage.max(lineage.longest())
        });
        let twice = self.faults.strikes(
            "messages delivered twice",
            self.faults.rates.delivered_twice,
        );
        let message_id = format!("m{:012x}", self.dice.between(0, u64::MAX) >> 16);
        for _ in 0..=u32::from(twice) {
            let harness = self.clone();
            let (message_id, body, lineage) = (message_id.clone(), body.clone(), lineage.clone());
            self.stage.enter("message", async move {
                harness.live(owner, message_id, body, delay, lineage).await;
            });
        }
    }

    /// One message, from its arrival to its end.
    async fn live(
        self: Arc<Self>,
        owner: Owner,
        message_id: String,
        body: String,
        delay: Duration,
        lineage: Lineage,
    ) {
        let latency = self.dice.skewed(USUAL_LATENCY);
        self.clock.sleep(delay + latency).await;
        if lineage.longest() > Lineage::MOST {
            self.bury(owner, body, RECURSIVE);
            return;
        }
        for receive_count in 1..=MAX_RECEIVES {
            let received = Received {
                message_id: message_id.clone(),
                body: body.clone(),
                receive_count,
            };
            self.trace.count("messages handled");
            let handled = self.on_a_machine(lineage.clone(), |services| {
                let handler = services.handler(owner);
                async move { Some(handler?.handle(&received).await) }
            });
            match handled.await {
                Ok(Some(Disposition::Ack)) | Ok(None) => return,
                Ok(Some(Disposition::RetryAfter(wait))) => self.clock.sleep(wait).await,
                Ok(Some(Disposition::DeadLetter(reason))) => {
                    self.bury(owner, body, &reason);
                    return;
                }
                Err(_) => self.clock.sleep(VISIBILITY_TIMEOUT).await,
            }
        }
        self.bury(owner, body, WORN_OUT);
    }

    fn bury(&self, owner: Owner, body: String, reason: &str) {
        self.trace.count("dead letters");
        if matches!(owner, Owner::Dispatcher(_)) {
            self.trace.count("commands dead");
        }
        self.tell(|| format!("  dead letter of {owner:?}: {reason}"));
        self.observed(|observed| {
            observed.dead_letters.push(DeadLetter {
                owner,
                body,
                reason: reason.to_owned(),
            });
        });
    }

    /// What an operator does once the trouble is over: every dead letter goes back to its owner.
    pub fn redrive_dead_letters(self: &Arc<Self>) -> usize {
        let letters = self.observed(|observed| std::mem::take(&mut observed.dead_letters));
        let count = letters.len();
        for letter in letters {
            self.trace.count("dead letters redriven");
            self.put(letter.owner, letter.body, Duration::ZERO);
        }
        count
    }
}

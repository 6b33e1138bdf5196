//! Commands in memory. The state of a workflow owes each until it had its effect, so that nothing is lost with the
//! process, or by a queue that is full.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aegis_contracts::command::Destination;
use aegis_contracts::envelope::CommandEnvelope;
use aegis_contracts::flow::Name;
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler, Received};
use aegis_engine::ports::{CommandQueues, DeadLetters};
use aegis_engine::stored::encode;
use async_trait::async_trait;
use tokio::sync::{Semaphore, mpsc};

/// Messages that wait in one queue.
const CAPACITY: usize = 10_000;
/// Messages of one queue that are handled at once.
const AT_ONCE: usize = 64;
/// Then it is set aside, as a queue on AWS does.
const MOST_RECEIVES: u32 = 20;

/// What a queue hands out.
pub struct Queue {
    messages: mpsc::Receiver<Received>,
    /// For what comes back.
    again: mpsc::Sender<Received>,
}

pub struct MemoryQueues {
    agents: BTreeMap<Name, mpsc::Sender<Received>>,
    approval: mpsc::Sender<Received>,
}

fn queue() -> (mpsc::Sender<Received>, Queue) {
    let (sender, messages) = mpsc::channel(CAPACITY);
    let again = sender.clone();
    (sender, Queue { messages, again })
}

impl MemoryQueues {
    /// The queues, and what each of them hands out: that of approvals, and one for each agent.
    pub fn new(agents: impl Iterator<Item = Name>) -> (Self, Queue, BTreeMap<Name, Queue>) {
        let (approval, asked) = queue();
        let (agents, queues) = agents
            .map(|agent| {
                let (sender, queue) = queue();
                ((agent.clone(), sender), (agent, queue))
            })
            .unzip();
        (Self { agents, approval }, asked, queues)
    }
}

#[async_trait]
impl CommandQueues for MemoryQueues {
    async fn send(&self, command: &CommandEnvelope, delay: Duration) -> Result<(), PortError> {
        let sender = match command.body.destination() {
            Destination::Agent(agent) => self.agents.get(agent).ok_or_else(|| {
                PortError::Permanent(format!("there is no agent `{agent}` in this configuration"))
            })?,
            Destination::Approval => &self.approval,
        };
        let message = Received {
            message_id: command.event_id.to_string(),
            body: encode(command)?,
            receive_count: 1,
        };
        if delay.is_zero() {
            let full = |error: mpsc::error::TrySendError<Received>| {
                PortError::Transient(format!("a queue in memory: {error}"))
            };
            return sender.try_send(message).map_err(full);
        }
        later(sender.clone(), message, delay);
        Ok(())
    }
}

/// What does not fit in when its time has come is owed still.
fn later(sender: mpsc::Sender<Received>, message: Received, delay: Duration) {
    tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        let _ = sender.try_send(message);
    });
}

impl Queue {
    /// Hands messages to `handler` until nobody can send any more.
    pub async fn serve(mut self, handler: Arc<dyn QueueHandler>, letters: Arc<dyn DeadLetters>) {
        let room = Arc::new(Semaphore::new(AT_ONCE));
        while let Some(message) = self.messages.recv().await {
            let Ok(place) = room.clone().acquire_owned().await else {
                return;
            };
            let (handler, letters) = (handler.clone(), letters.clone());
            let again = self.again.clone();
            tokio::spawn(async move {
                one(handler.as_ref(), letters.as_ref(), again, message).await;
                drop(place);
            });
        }
    }
}

async fn one(
    handler: &dyn QueueHandler,
    letters: &dyn DeadLetters,
    again: mpsc::Sender<Received>,
    mut message: Received,
) {
    let reason = match handler.handle(&message).await {
        Disposition::Ack => return,
        Disposition::RetryAfter(delay) if message.receive_count < MOST_RECEIVES => {
            message.receive_count += 1;
            return later(again, message, delay);
        }
        Disposition::RetryAfter(_) => format!("handed out {MOST_RECEIVES} times without success"),
        Disposition::DeadLetter(reason) => reason,
    };
    if let Err(error) = letters.set_aside(&message.body, &reason).await {
        tracing::error!(reason, %error, "message cannot be set aside; the workflow owes it still");
    }
}

//! Queues, bus and dead letters in memory: they keep what was sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aegis_contracts::envelope::{CommandEnvelope, EventEnvelope};
use aegis_contracts::ids::EventId;
use async_trait::async_trait;

use super::{Faults, lock};
use aegis_engine::error::PortError;
use aegis_engine::ports::{CommandQueues, DeadLetters, EventBus};

/// The functions whose invocations led to a message, and how often each did.
///
/// AWS Lambda counts the same, in the header `X-Amzn-Trace-Id` that the SDK sends with each message, and stops a
/// function that comes up too often:
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html>. A request over HTTP, a tick of a schedule
/// and a dead letter that an operator puts back begin a new lineage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lineage(BTreeMap<&'static str, u32>);

impl Lineage {
    /// AWS says "approximately 16"; the invocation after that many is dropped.
    pub const MOST: u32 = 16;

    /// That of an invocation of `function` by a message of this lineage.
    #[must_use]
    pub fn through(&self, function: &'static str) -> Self {
        let mut next = self.clone();
        *next.0.entry(function).or_default() += 1;
        next
    }

    /// How often the function that comes up most does.
    pub fn longest(&self) -> u32 {
        self.0.values().copied().max().unwrap_or(0)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct SentCommand {
    pub command: CommandEnvelope,
    pub delay: Duration,
    /// Of the invocation that sent it.
    pub lineage: Lineage,
}

#[derive(Debug, Default)]
pub struct MemoryQueues {
    sent: Mutex<Vec<SentCommand>>,
    lineage: Mutex<Lineage>,
    faults: Arc<Faults>,
}

impl MemoryQueues {
    pub fn new(faults: Arc<Faults>) -> Self {
        Self {
            faults,
            ..Self::default()
        }
    }

    /// Every command sent so far, oldest first.
    pub fn sent(&self) -> Vec<SentCommand> {
        lock(&self.sent).clone()
    }

    /// From now on an invocation of this lineage is at work.
    pub fn run_as(&self, lineage: Lineage) {
        *lock(&self.lineage) = lineage;
    }

    /// Takes what was sent.
    pub fn drain(&self) -> Vec<SentCommand> {
        std::mem::take(&mut *lock(&self.sent))
    }
}

#[async_trait]
impl CommandQueues for MemoryQueues {
    async fn send(&self, command: &CommandEnvelope, delay: Duration) -> Result<(), PortError> {
        let effect = || {
            lock(&self.sent).push(SentCommand {
                command: command.clone(),
                delay,
                lineage: lock(&self.lineage).clone(),
            });
            Ok(())
        };
        self.faults.call("send", effect).await
    }
}

#[derive(Debug, Default)]
pub struct MemoryBus {
    published: Mutex<Vec<EventEnvelope>>,
    refused: Mutex<Vec<EventId>>,
    faults: Arc<Faults>,
}

impl MemoryBus {
    pub fn new(faults: Arc<Faults>) -> Self {
        Self {
            faults,
            ..Self::default()
        }
    }

    pub fn published(&self) -> Vec<EventEnvelope> {
        lock(&self.published).clone()
    }

    /// Takes what was published since the last time.
    pub fn drain(&self) -> Vec<EventEnvelope> {
        std::mem::take(&mut *lock(&self.published))
    }

    /// Whatever contains this event is refused for good, as too large ones are.
    pub fn refuse(&self, event: EventId) {
        lock(&self.refused).push(event);
    }

    fn take(&self, events: &[EventEnvelope]) -> Result<(), PortError> {
        let refused = lock(&self.refused);
        if let Some(event) = events
            .iter()
            .find(|event| refused.contains(&event.event_id))
        {
            let what = format!("event {} is refused", event.event_id);
            return Err(PortError::Permanent(what));
        }
        lock(&self.published).extend_from_slice(events);
        Ok(())
    }
}

#[async_trait]
impl EventBus for MemoryBus {
    async fn publish(&self, events: &[EventEnvelope]) -> Result<(), PortError> {
        self.faults.call("publish", || self.take(events)).await
    }
}

#[derive(Debug, Default)]
pub struct MemoryDeadLetters {
    letters: Mutex<Vec<(String, String)>>,
    faults: Arc<Faults>,
}

impl MemoryDeadLetters {
    pub fn new(faults: Arc<Faults>) -> Self {
        Self {
            faults,
            ..Self::default()
        }
    }

    /// (body, reason), oldest first.
    pub fn all(&self) -> Vec<(String, String)> {
        lock(&self.letters).clone()
    }
}

#[async_trait]
impl DeadLetters for MemoryDeadLetters {
    async fn put(&self, body: &str, reason: &str) -> Result<(), PortError> {
        let effect = || {
            lock(&self.letters).push((body.to_owned(), reason.to_owned()));
            Ok(())
        };
        self.faults.call("set_aside", effect).await
    }
}

//! Queues, bus and dead letters in memory: they keep what was sent.

use std::sync::Mutex;
use std::time::Duration;

use aegis_contracts::envelope::{CommandEnvelope, EventEnvelope};
use async_trait::async_trait;

use super::lock;
use crate::error::PortError;
use crate::ports::{CommandQueues, DeadLetters, EventBus};

#[derive(Debug, Clone, PartialEq)]
pub struct SentCommand {
    pub command: CommandEnvelope,
    pub delay: Duration,
}

#[derive(Debug, Default)]
pub struct MemoryQueues {
    sent: Mutex<Vec<SentCommand>>,
    fault: Mutex<Option<PortError>>,
}

impl MemoryQueues {
    /// Every command sent so far, oldest first.
    pub fn sent(&self) -> Vec<SentCommand> {
        lock(&self.sent).clone()
    }

    /// Takes what was sent.
    pub fn drain(&self) -> Vec<SentCommand> {
        std::mem::take(&mut *lock(&self.sent))
    }

    /// The next send fails with `fault`.
    pub fn fail_next(&self, fault: PortError) {
        *lock(&self.fault) = Some(fault);
    }
}

#[async_trait]
impl CommandQueues for MemoryQueues {
    async fn send(&self, command: &CommandEnvelope, delay: Duration) -> Result<(), PortError> {
        if let Some(fault) = lock(&self.fault).take() {
            return Err(fault);
        }
        lock(&self.sent).push(SentCommand {
            command: command.clone(),
            delay,
        });
        Ok(())
    }
}

#[derive(Debug, Default)]
pub struct MemoryBus(Mutex<Vec<EventEnvelope>>);

impl MemoryBus {
    pub fn published(&self) -> Vec<EventEnvelope> {
        lock(&self.0).clone()
    }
}

#[async_trait]
impl EventBus for MemoryBus {
    async fn publish(&self, events: &[EventEnvelope]) -> Result<(), PortError> {
        lock(&self.0).extend_from_slice(events);
        Ok(())
    }
}

#[derive(Debug, Default)]
pub struct MemoryDeadLetters(Mutex<Vec<(String, String)>>);

impl MemoryDeadLetters {
    /// (body, reason), oldest first.
    pub fn all(&self) -> Vec<(String, String)> {
        lock(&self.0).clone()
    }
}

#[async_trait]
impl DeadLetters for MemoryDeadLetters {
    async fn set_aside(&self, body: &str, reason: &str) -> Result<(), PortError> {
        lock(&self.0).push((body.to_owned(), reason.to_owned()));
        Ok(())
    }
}

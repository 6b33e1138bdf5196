//! Whose events are taken as commands.
//!
//! The bus's policy and its rules say the same. This is for the day when one of them was widened.

use std::sync::Arc;

use aegis_contracts::EVENT_SOURCE;
use aegis_contracts::external::BusEvent;
use async_trait::async_trait;

use crate::message::{Disposition, Incoming, QueueHandler, Received};

/// EventBridge says which account sent an event; what its source is, the sender says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Senders {
    /// Empty: any source but our own.
    pub sources: Vec<String>,
    pub accounts: Vec<String>,
}

impl Senders {
    /// # Errors
    /// Why an event of this sender is not taken.
    pub fn admit(&self, event: &BusEvent) -> Result<(), String> {
        let BusEvent {
            source, account, ..
        } = event;
        if source == EVENT_SOURCE {
            return Err(format!(
                "sender_not_allowed: `{source}` is kept for our own events"
            ));
        }
        if !self.sources.is_empty() && !self.sources.contains(source) {
            return Err(format!(
                "sender_not_allowed: `{source}` is no source that commands are taken from"
            ));
        }
        if !self.accounts.contains(account) {
            return Err(format!(
                "sender_not_allowed: {account} is no account that commands are taken from"
            ));
        }
        Ok(())
    }
}

/// Stands before a handler that takes external events, and lets commands of ours through.
pub struct Gate {
    pub senders: Senders,
    pub handler: Arc<dyn QueueHandler>,
}

#[async_trait]
impl QueueHandler for Gate {
    async fn handle(&self, message: &Received) -> Disposition {
        if let Ok(Incoming::External(event)) = Incoming::parse(&message.body)
            && let Err(reason) = self.senders.admit(&event)
        {
            return Disposition::DeadLetter(reason);
        }
        self.handler.handle(message).await
    }
}

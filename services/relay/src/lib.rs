//! Publishes what happened: from the table's stream to the bus.
//!
//! The only service that uses the source `aegis.workflow`. At least once, in any order: the stream keeps that of one item,
//! and each entry of a history is an item. A record that cannot be published is set aside here: as an error it would block
//! its shard. What was set aside comes back through the queue, once somebody has mended the cause.

mod replay;

use std::sync::Arc;

use aegis_contracts::envelope::EventEnvelope;
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler, Received, disposition_of_error};
use aegis_engine::ports::{DeadLetters, EventBus};
use aegis_engine::stored::HistoryEntry;
use aegis_engine::stream::{StreamHandler, StreamRecord};
use aegis_engine::trace::{continue_from, rejoin_each};
use async_trait::async_trait;
use tracing::Instrument;

/// Also the name of its spans and dead letters.
pub const SERVICE: &str = "relay";

pub struct Relay {
    pub bus: Arc<dyn EventBus>,
    pub dead_letters: Arc<dyn DeadLetters>,
}

#[async_trait]
impl StreamHandler for Relay {
    async fn relay(&self, records: &[StreamRecord]) -> Result<(), PortError> {
        let mut events = Vec::new();
        for record in records {
            match read(record) {
                Ok(entry) => events.extend(entry.events),
                Err(reason) => self.set_aside(&record.raw, &reason).await?,
            }
        }
        self.publish(&events).await
    }
}

/// A dead letter on its way back. The events carry the ids that they always had, so that one that went
/// out before is known to whoever has seen it.
#[async_trait]
impl QueueHandler for Relay {
    async fn handle(&self, message: &Received) -> Disposition {
        let events = match replay::events(&message.body) {
            Ok(events) => events,
            Err(reason) => return Disposition::DeadLetter(reason),
        };
        match self.bus.publish(&events).await {
            Ok(()) => Disposition::Ack,
            Err(error) => disposition_of_error(message, &error),
        }
    }
}

/// For whoever looks for an event that did not arrive.
fn say_published(event: &EventEnvelope) {
    tracing::debug!(
        workflow_id = %event.workflow_id,
        event_id = %event.event_id,
        kind = event.body.detail_type(),
        "event published"
    );
}

fn read(record: &StreamRecord) -> Result<HistoryEntry, String> {
    let body = record.body.as_deref().ok_or("the record has no body")?;
    serde_json::from_str(body).map_err(|error| format!("not a history entry: {error}"))
}

impl Relay {
    async fn publish(&self, events: &[EventEnvelope]) -> Result<(), PortError> {
        let Some(first) = events.first() else {
            return Ok(());
        };
        let span = tracing::info_span!("publish", otel.kind = "producer", workflow_id = %first.workflow_id, events = events.len());
        continue_from(&span, first.traceparent.as_deref());
        // A batch of the stream is of many workflows.
        let all = events.iter();
        let all = all.map(|event| (event.traceparent.as_deref(), &event.workflow_id));
        let _others = span.in_scope(|| rejoin_each(all));
        match self.bus.publish(events).instrument(span).await {
            Ok(()) => events.iter().for_each(say_published),
            Err(PortError::Permanent(_)) => return self.publish_singly(events).await,
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// One event of the batch is unacceptable: the others still go out.
    async fn publish_singly(&self, events: &[EventEnvelope]) -> Result<(), PortError> {
        for event in events {
            match self.bus.publish(std::slice::from_ref(event)).await {
                Ok(()) => say_published(event),
                Err(PortError::Permanent(reason)) => {
                    let raw =
                        serde_json::to_string(event).unwrap_or_else(|_| event.event_id.to_string());
                    self.set_aside(&raw, &reason).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn set_aside(&self, raw: &str, reason: &str) -> Result<(), PortError> {
        tracing::error!(reason, "record set aside");
        self.dead_letters.set_aside(raw, reason).await
    }
}

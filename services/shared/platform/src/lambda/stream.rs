//! From the table's stream to the relay.
//!
//! An error fails the whole batch, which the stream hands out again from its start: the events that
//! went out already go out again with the same ids. A record that can never be relayed must not be an
//! error, or it would block its shard: the handler sets it aside.

use aegis_engine::error::PortError;
use async_trait::async_trait;
use aws_lambda_events::dynamodb::{Event, EventRecord};
use tracing::Instrument;

/// One inserted history item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRecord {
    /// `body` of the item; `None` if the record has none.
    pub body: Option<String>,
    /// What to set aside if the body cannot be relayed.
    pub raw: String,
}

#[async_trait]
pub trait StreamHandler: Send + Sync {
    /// Records of one batch, in their order.
    ///
    /// # Errors
    /// If the batch should be handed out again.
    async fn relay(&self, records: &[StreamRecord]) -> Result<(), PortError>;
}

pub(super) async fn relay(handler: &dyn StreamHandler, event: Event) -> Result<(), PortError> {
    let records: Vec<StreamRecord> = event.records.into_iter().map(record).collect();
    let span = tracing::info_span!("relay", records = records.len());
    handler.relay(&records).instrument(span).await
}

fn record(record: EventRecord) -> StreamRecord {
    let image = serde_json::to_value(&record.change.new_image).unwrap_or_default();
    let body = image.pointer("/body/S").and_then(serde_json::Value::as_str);
    StreamRecord {
        body: body.map(str::to_owned),
        raw: image.to_string(),
    }
}

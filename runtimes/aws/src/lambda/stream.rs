//! From the table's stream to the relay.

use aegis_engine::error::PortError;
use aegis_engine::stream::{StreamHandler, StreamRecord};
use aws_lambda_events::dynamodb::{Event, EventRecord};
use tracing::Instrument;

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

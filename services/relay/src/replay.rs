//! What a dead letter of the relay holds: a history item as the stream showed it, or one event of it.
//!
//! Knows the two shapes that the relay itself sets aside, and the notice by which the stream gives up.

use aegis_contracts::envelope::EventEnvelope;
use aegis_engine::stored::HistoryEntry;
use serde_json::Value;

/// # Errors
/// Why nothing can be published from it. The text goes to the dead-letter queue with the message.
pub fn events(body: &str) -> Result<Vec<EventEnvelope>, String> {
    let value: Value = serde_json::from_str(body).map_err(|error| format!("not JSON: {error}"))?;
    if value.get("DDBStreamBatchInfo").is_some() {
        return Err(
            "a notice of the stream: it names records that are gone from there, and holds none"
                .to_owned(),
        );
    }
    if value.get("event_id").is_some() {
        let event = serde_json::from_value(value);
        return event
            .map(|event| vec![event])
            .map_err(|error| format!("not an event: {error}"));
    }
    let entry = value.pointer("/body/S").and_then(Value::as_str);
    let entry = entry.ok_or("neither a history item nor an event")?;
    let entry: HistoryEntry =
        serde_json::from_str(entry).map_err(|error| format!("not a history entry: {error}"))?;
    Ok(entry.events)
}

//! Puts an external event on a stage's bus, as any other system would.
//!
//! Knows no detail-type and validates no detail: that is the receiving service's task.

use aws_config::SdkConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;

use super::error::CallError;

const OPERATION: &str = "PutEvents";
/// An entry's limit, source and detail-type included.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html>
const MAX_ENTRY_BYTES: usize = 1024 * 1024;

#[derive(Debug, Clone)]
pub struct BusClient {
    client: Client,
    bus: String,
}

impl BusClient {
    pub fn new(config: &SdkConfig, bus: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            bus: bus.into(),
        }
    }

    /// Returns EventBridge's id of the event. Accepted is not routed: a rule must match it.
    ///
    /// # Errors
    /// Where the entry is too large, or EventBridge refuses it or cannot be reached.
    pub async fn put(
        &self,
        source: &str,
        detail_type: &str,
        detail: &str,
    ) -> Result<String, CallError> {
        let size = source.len() + detail_type.len() + detail.len();
        if size > MAX_ENTRY_BYTES {
            let message = format!("the event has {size} bytes, at most {MAX_ENTRY_BYTES} pass");
            return Err(CallError::saying(OPERATION, None, message));
        }
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.bus)
            .source(source)
            .detail_type(detail_type)
            .detail(detail)
            .build();
        let answer = self
            .client
            .put_events()
            .entries(entry)
            .send()
            .await
            .map_err(CallError::of(OPERATION))?;
        // One entry went in, so one comes back: with an id, or with a reason.
        match answer.entries().first() {
            Some(entry) => match entry.event_id() {
                Some(id) => Ok(id.to_owned()),
                None => Err(CallError::saying(
                    OPERATION,
                    entry.error_code(),
                    entry.error_message().unwrap_or("refused without a reason"),
                )),
            },
            None => Err(CallError::saying(OPERATION, None, "the answer is empty")),
        }
    }
}

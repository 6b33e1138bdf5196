//! Publishing events on EventBridge.

use aegis_contracts::EVENT_SOURCE;
use aegis_contracts::envelope::EventEnvelope;
use aegis_engine::error::PortError;
use aegis_engine::ports::EventBus;
use aegis_engine::stored::encode;
use async_trait::async_trait;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_smithy_types::DateTime;

use super::fault::fault;

/// PutEvents takes ten entries per call.
const MAX_ENTRIES: usize = 10;
/// An entry may have 256 KB, source and detail-type included.
const MAX_ENTRY: usize = 250 * 1024;

pub struct EventBridgeBus {
    client: Client,
    bus: String,
}

impl EventBridgeBus {
    pub fn new(client: Client, bus: String) -> Self {
        Self { client, bus }
    }

    fn entry(&self, event: &EventEnvelope) -> Result<PutEventsRequestEntry, PortError> {
        let detail = encode(event)?;
        if detail.len() > MAX_ENTRY {
            return Err(PortError::Permanent(format!(
                "event {} has {} bytes",
                event.event_id,
                detail.len()
            )));
        }
        Ok(PutEventsRequestEntry::builder()
            .event_bus_name(&self.bus)
            .source(EVENT_SOURCE)
            .detail_type(event.body.detail_type())
            .resources(event.workflow_id.to_string())
            .time(DateTime::from_millis(event.occurred_at.as_millis()))
            .detail(detail)
            .build())
    }

    /// Sends one batch and returns the entries that were refused.
    async fn put(
        &self,
        batch: Vec<PutEventsRequestEntry>,
    ) -> Result<Vec<PutEventsRequestEntry>, PortError> {
        let sent = self
            .client
            .put_events()
            .set_entries(Some(batch.clone()))
            .send()
            .await;
        let answer = sent.map_err(fault("PutEvents"))?;
        if answer.failed_entry_count() == 0 {
            return Ok(Vec::new());
        }
        // Entries are answered in their order.
        let refused = batch
            .into_iter()
            .zip(answer.entries())
            .filter(|(_, result)| result.error_code().is_some());
        Ok(refused.map(|(entry, _)| entry).collect())
    }
}

/// Batches under the limits on number and on total size.
fn batches(entries: Vec<PutEventsRequestEntry>) -> Vec<Vec<PutEventsRequestEntry>> {
    let size = |entry: &PutEventsRequestEntry| entry.detail().map_or(0, str::len);
    let mut batches: Vec<Vec<PutEventsRequestEntry>> = Vec::new();
    let mut room = 0;
    for entry in entries {
        let needed = size(&entry);
        match batches.last_mut() {
            Some(batch) if batch.len() < MAX_ENTRIES && needed <= room => {
                room -= needed;
                batch.push(entry);
            }
            Some(_) | None => {
                room = MAX_ENTRY.saturating_sub(needed);
                batches.push(vec![entry]);
            }
        }
    }
    batches
}

#[async_trait]
impl EventBus for EventBridgeBus {
    async fn publish(&self, events: &[EventEnvelope]) -> Result<(), PortError> {
        let entries = events
            .iter()
            .map(|event| self.entry(event))
            .collect::<Result<Vec<_>, _>>()?;
        for batch in batches(entries) {
            let refused = self.put(batch).await?;
            if refused.is_empty() {
                continue;
            }
            // Entries fail one by one when the bus is throttled: those alone are sent once more.
            let still = self.put(refused).await?;
            if !still.is_empty() {
                return Err(PortError::Transient(format!(
                    "PutEvents refused {} entries twice",
                    still.len()
                )));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(bytes: usize) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .detail("x".repeat(bytes))
            .build()
    }

    #[test]
    fn batches_keep_order_and_limits() {
        let many = batches((0..23).map(|_| entry(10)).collect());
        assert_eq!(many.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 3]);
        let large = batches(vec![
            entry(100 * 1024),
            entry(100 * 1024),
            entry(100 * 1024),
        ]);
        assert_eq!(large.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    }
}

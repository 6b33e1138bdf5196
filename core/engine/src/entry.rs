//! `sk = EVT#<version>`: the events of one transition. Audit trail and outbox in one.
//!
//! What all events of an entry have in common is stored once, and an id that follows from the rest not at all: two
//! events then fit into the KB that a write is counted by. An event that differs says so itself, which is also how
//! entries were stored at first: each event with its whole envelope.

use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::envelope::{Envelope, EventEnvelope};
use aegis_contracts::event::Event;
use aegis_contracts::ids::{EventId, WorkflowId};
use aegis_contracts::time::Timestamp;
use aegis_workflow::Transition;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "Stored", from = "Stored")]
pub struct HistoryEntry {
    pub workflow_id: WorkflowId,
    pub version: u64,
    pub occurred_at: Timestamp,
    pub events: Vec<EventEnvelope>,
}

impl HistoryEntry {
    pub fn of(transition: &Transition, traceparent: Option<&str>) -> Self {
        let next = &transition.next;
        let envelope = |(index, event): (usize, &Event)| {
            Envelope::new(
                &next.id,
                next.version,
                index,
                next.updated_at,
                event.clone(),
            )
            .traced(traceparent.map(str::to_owned))
        };
        Self {
            workflow_id: next.id.clone(),
            version: next.version,
            occurred_at: next.updated_at,
            events: transition.events.iter().enumerate().map(envelope).collect(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    workflow_id: WorkflowId,
    version: u64,
    occurred_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schema_version: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    events: Vec<StoredEvent>,
}

/// What is absent is as the entry says.
#[derive(Serialize, Deserialize)]
struct StoredEvent {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event_id: Option<EventId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schema_version: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    workflow_id: Option<WorkflowId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    occurred_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
    #[serde(flatten)]
    body: Event,
}

/// The first event's, if all have it.
fn common<T: PartialEq>(mut values: impl Iterator<Item = T>) -> Option<T> {
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}

fn unless<T: PartialEq>(usual: &T, value: T) -> Option<T> {
    (value != *usual).then_some(value)
}

impl From<HistoryEntry> for Stored {
    fn from(entry: HistoryEntry) -> Self {
        let events = entry.events.iter();
        let schema_version = common(events.clone().map(|event| event.schema_version));
        let traceparent = common(events.map(|event| event.traceparent.clone())).flatten();
        let stored = |(index, event): (usize, EventEnvelope)| StoredEvent {
            event_id: unless(
                &EventId::derive(&entry.workflow_id, entry.version, index),
                event.event_id,
            ),
            schema_version: Some(event.schema_version).filter(|_| schema_version.is_none()),
            workflow_id: unless(&entry.workflow_id, event.workflow_id),
            version: unless(&entry.version, event.version),
            occurred_at: unless(&entry.occurred_at, event.occurred_at),
            traceparent: event.traceparent.filter(|_| traceparent.is_none()),
            tenant: event.tenant,
            body: event.body,
        };
        let events = entry.events.into_iter().enumerate().map(stored).collect();
        Self {
            workflow_id: entry.workflow_id,
            version: entry.version,
            occurred_at: entry.occurred_at,
            schema_version,
            traceparent,
            events,
        }
    }
}

impl From<Stored> for HistoryEntry {
    fn from(stored: Stored) -> Self {
        let (workflow_id, version) = (stored.workflow_id, stored.version);
        let envelope = |(index, event): (usize, StoredEvent)| Envelope {
            event_id: event
                .event_id
                .unwrap_or_else(|| EventId::derive(&workflow_id, version, index)),
            schema_version: event
                .schema_version
                .or(stored.schema_version)
                .unwrap_or(SCHEMA_VERSION),
            workflow_id: event.workflow_id.unwrap_or_else(|| workflow_id.clone()),
            version: event.version.unwrap_or(version),
            occurred_at: event.occurred_at.unwrap_or(stored.occurred_at),
            traceparent: event.traceparent.or_else(|| stored.traceparent.clone()),
            tenant: event.tenant,
            body: event.body,
        };
        let events = stored.events.into_iter().enumerate().map(envelope);
        Self {
            events: events.collect(),
            occurred_at: stored.occurred_at,
            version,
            workflow_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> HistoryEntry {
        let id = WorkflowId::derive("a", "b");
        let event = |index, body| Envelope::new(&id, 4, index, Timestamp::from_millis(1), body);
        let events = [0, 1].map(|revision| Event::WorkflowExpired {
            approval: "findings".parse().unwrap(),
            revision,
        });
        let events = events.into_iter().enumerate();
        HistoryEntry {
            events: events.map(|(index, body)| event(index, body)).collect(),
            workflow_id: id,
            version: 4,
            occurred_at: Timestamp::from_millis(1),
        }
    }

    fn stored(entry: &HistoryEntry) -> String {
        let json = serde_json::to_string(entry).unwrap();
        assert_eq!(*entry, serde_json::from_str(&json).unwrap(), "{json}");
        json
    }

    #[test]
    fn what_events_share_is_stored_once() {
        let json = stored(&entry());
        for once in ["wf_", "1970", "schema_version"] {
            assert_eq!(json.matches(once).count(), 1, "{once} in {json}");
        }
        assert!(!json.contains("ev_"), "{json}");
    }

    #[test]
    fn an_event_that_differs_says_so() {
        let mut odd = entry();
        let [first, second] = odd.events.as_mut_slice() else {
            panic!("two events")
        };
        first.traceparent = Some("00-1".to_owned());
        second.schema_version = 9;
        second.version = 5;
        second.event_id = EventId::derive(&second.workflow_id, 5, 7);
        second.occurred_at = Timestamp::from_millis(2);
        second.tenant = Some("t".to_owned());
        stored(&odd);
    }
}

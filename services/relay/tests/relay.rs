//! From stream records to the bus, with nothing lost and nothing in the way.

#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use aegis_contracts::ids::EventId;
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler};
use aegis_engine::ports::Table;
use aegis_engine::stored::HistoryEntry;
use aegis_engine::stream::{StreamHandler, StreamRecord};
use aegis_relay::Relay;
use aegis_testkit::harness::{Harness, at_once, received_text};

fn history(harness: &Harness) -> Vec<HistoryEntry> {
    at_once(harness.ports.table.history(&harness.id)).unwrap()
}

fn record(entry: &HistoryEntry) -> StreamRecord {
    let body = serde_json::to_string(entry).unwrap();
    StreamRecord {
        raw: format!("raw {body}"),
        body: Some(body),
    }
}

fn relay(harness: &Harness, records: &[StreamRecord]) -> Result<(), PortError> {
    let relay = Relay {
        bus: harness.ports.bus.clone(),
        dead_letters: harness.ports.dead_letters.clone(),
    };
    at_once(relay.relay(records))
}

fn published(harness: &Harness) -> Vec<EventId> {
    let events = harness.ports.bus.published().into_iter();
    events.map(|event| event.event_id).collect()
}

fn ids(entries: &[HistoryEntry]) -> Vec<EventId> {
    let events = entries.iter().flat_map(|entry| &entry.events);
    events.map(|event| event.event_id.clone()).collect()
}

#[test]
fn events_go_out_in_their_order() {
    let harness = Harness::completed();
    let entries = history(&harness);
    let records: Vec<_> = entries.iter().map(record).collect();
    relay(&harness, &records).unwrap();
    assert_eq!(published(&harness), ids(&entries));
    assert_eq!(harness.ports.dead_letters.all(), []);
}

#[test]
fn an_empty_batch_is_no_work() {
    let harness = Harness::started();
    relay(&harness, &[]).unwrap();
    assert_eq!(published(&harness), []);
}

#[test]
fn a_poison_record_is_set_aside_and_the_others_go_out() {
    let harness = Harness::completed();
    let entries = history(&harness);
    let mut records: Vec<_> = entries.iter().map(record).collect();
    let poison = |body: Option<&str>, raw: &str| StreamRecord {
        body: body.map(str::to_owned),
        raw: raw.to_owned(),
    };
    records.insert(1, poison(Some("{\"version\":"), "poison 1"));
    records.insert(3, poison(None, "poison 2"));
    records.push(poison(Some("{}"), "poison 3"));
    relay(&harness, &records).unwrap();
    assert_eq!(published(&harness), ids(&entries));
    let aside = harness.ports.dead_letters.all();
    let bodies: Vec<_> = aside.iter().map(|(body, _)| body.as_str()).collect();
    assert_eq!(bodies, ["poison 1", "poison 2", "poison 3"]);
    assert!(
        aside[0].1.starts_with("not a history entry"),
        "{}",
        aside[0].1
    );
    assert_eq!(aside[1].1, "the record has no body");
}

#[test]
fn an_event_that_the_bus_refuses_is_set_aside_and_the_others_go_out() {
    let harness = Harness::completed();
    let entries = history(&harness);
    let mut expected = ids(&entries);
    let refused = expected.remove(2);
    harness.ports.bus.refuse(refused.clone());
    let records: Vec<_> = entries.iter().map(record).collect();
    relay(&harness, &records).unwrap();
    assert_eq!(published(&harness), expected);
    let aside = harness.ports.dead_letters.all();
    assert_eq!(aside.len(), 1);
    assert!(aside[0].0.contains(refused.as_str()), "{aside:?}");
}

#[test]
fn a_transient_error_brings_the_whole_batch_back() {
    let harness = Harness::completed();
    let entries = history(&harness);
    let records: Vec<_> = entries.iter().map(record).collect();
    for fault in [
        PortError::Transient("away".to_owned()),
        PortError::Throttled("slow down".to_owned()),
    ] {
        harness.ports.faults.fail_next("publish", fault.clone());
        assert_eq!(relay(&harness, &records), Err(fault));
    }
    assert_eq!(published(&harness), []);
    relay(&harness, &records).unwrap();
    assert_eq!(published(&harness), ids(&entries));
}

#[test]
fn what_cannot_be_set_aside_is_not_dropped() {
    let harness = Harness::started();
    let poison = StreamRecord {
        body: None,
        raw: "poison".to_owned(),
    };
    let fault = PortError::Transient("queue away".to_owned());
    harness.ports.faults.fail_next("set_aside", fault.clone());
    assert_eq!(relay(&harness, std::slice::from_ref(&poison)), Err(fault));
    relay(&harness, &[poison]).unwrap();
    assert_eq!(harness.ports.dead_letters.all().len(), 1);
}

#[test]
fn the_same_batch_again_carries_the_same_ids() {
    let harness = Harness::completed();
    let records: Vec<_> = history(&harness).iter().map(record).collect();
    relay(&harness, &records).unwrap();
    let first = published(&harness);
    relay(&harness, &records).unwrap();
    assert_eq!(published(&harness), [first.clone(), first].concat());
}

fn replay(harness: &Harness, body: &str) -> Disposition {
    let relay = Relay {
        bus: harness.ports.bus.clone(),
        dead_letters: harness.ports.dead_letters.clone(),
    };
    at_once(relay.handle(&received_text(body)))
}

/// A history item in the form in which the stream shows it.
fn image(entry: &HistoryEntry) -> String {
    let body = serde_json::to_string(entry).unwrap();
    serde_json::json!({"pk": {"S": "WF#wf_1"}, "body": {"S": body}}).to_string()
}

#[test]
fn a_dead_letter_that_comes_back_is_published_with_its_ids() {
    let harness = Harness::completed();
    let entries = history(&harness);
    assert_eq!(replay(&harness, &image(&entries[1])), Disposition::Ack);
    let event = &entries[2].events[0];
    let single = serde_json::to_string(event).unwrap();
    assert_eq!(replay(&harness, &single), Disposition::Ack);
    let mut expected = ids(&entries[1..2]);
    expected.push(event.event_id.clone());
    assert_eq!(published(&harness), expected);
    assert_eq!(replay(&harness, &single), Disposition::Ack);
    assert_eq!(published(&harness).last(), expected.last());
}

#[test]
fn a_dead_letter_that_is_still_poison_is_set_aside_again() {
    let harness = Harness::started();
    let bad_entry = r#"{"body": {"S": "{}"}}"#;
    let notice = r#"{"DDBStreamBatchInfo": {"shardId": "s", "startSequenceNumber": "1"}}"#;
    for (body, reason) in [
        ("poison", "not JSON"),
        ("{}", "neither a history item nor an event"),
        (bad_entry, "not a history entry"),
        (r#"{"event_id": "x"}"#, "not an event"),
        (notice, "a notice of the stream"),
    ] {
        let Disposition::DeadLetter(said) = replay(&harness, body) else {
            panic!("{body} was taken");
        };
        assert!(said.contains(reason), "{body}: {said}");
    }
    assert_eq!(published(&harness), []);
}

#[test]
fn a_dead_letter_waits_while_the_bus_is_away_and_goes_back_where_it_is_refused() {
    let harness = Harness::started();
    let entry = &history(&harness)[0];
    let away = PortError::Transient("away".to_owned());
    harness.ports.faults.fail_next("publish", away);
    let again = replay(&harness, &image(entry));
    assert!(matches!(again, Disposition::RetryAfter(_)), "{again:?}");
    harness.ports.bus.refuse(entry.events[0].event_id.clone());
    let refused = replay(&harness, &image(entry));
    assert!(matches!(refused, Disposition::DeadLetter(_)), "{refused:?}");
}

//! What becomes of a message: reading it, and the answers to errors and outcomes.

use std::collections::BTreeSet;
use std::time::Duration;

use aegis_contracts::external::{BusEvent, CancelRequested};
use aegis_engine::error::PortError;
use aegis_engine::message::{
    Disposition, Incoming, Received, backoff, detail, disposition_of_error, disposition_of_turn,
};
use aegis_testkit::harness::{Harness, external, received_text};
use aegis_workflow::{Input, Success};
use serde_json::json;

#[test]
fn bodies_that_are_nothing_say_why() {
    for (body, reason) in [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("7", "not a command"),
        ("{}", "not a command: missing field `event_id`"),
        (
            r#"{"detail-type":"X"}"#,
            "not an event of the bus: missing field `id`",
        ),
        (r#"{"detail-type":7}"#, "not an event of the bus"),
    ] {
        let refused = Incoming::parse(body).unwrap_err();
        assert!(refused.starts_with(reason), "{body}: {refused}");
    }
}

#[test]
fn an_unknown_command_is_no_command() {
    let mut body = serde_json::to_value(Harness::started().last_command()).unwrap();
    assert!(Incoming::parse(&body.to_string()).is_ok());
    body["type"] = json!("Dance");
    let refused = Incoming::parse(&body.to_string()).unwrap_err();
    assert!(refused.contains("Dance"), "{refused}");
}

#[test]
fn the_trace_is_found_in_both_kinds() {
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let mut command = serde_json::to_value(Harness::started().last_command()).unwrap();
    command["traceparent"] = json!(traceparent);
    let event = external("CancelRequested", json!({ "traceparent": traceparent }));
    for body in [command.to_string(), event.body] {
        let incoming = Incoming::parse(&body).unwrap();
        assert_eq!(incoming.traceparent(), Some(traceparent));
    }
}

#[test]
fn details_name_the_field_that_is_wrong() {
    let read = |body: serde_json::Value| {
        let Ok(Incoming::External(event)) =
            Incoming::parse(&external("CancelRequested", body).body)
        else {
            panic!("an event");
        };
        let event: BusEvent = event;
        detail::<CancelRequested>(&event).unwrap_err()
    };
    let id = Harness::empty().id;
    let missing = read(json!({ "workflow_id": id }));
    assert!(missing.contains("idempotency_key"), "{missing}");
    let long = read(json!({"workflow_id": id, "idempotency_key": "k", "reason": "x".repeat(1001)}));
    assert!(long.contains("reason"), "{long}");
}

#[test]
fn backoff_grows_and_stays_bounded() {
    for receive_count in [0, 1, 2, 5, 9, 30, u32::MAX] {
        let mut waits = BTreeSet::new();
        for number in 0..50 {
            let message = Received {
                message_id: format!("m{number}"),
                body: "{}".to_owned(),
                receive_count,
            };
            let wait = backoff(&message);
            assert_eq!(backoff(&message), wait, "the same when it is replayed");
            waits.insert(wait);
            let bound = 2u64.saturating_pow(receive_count.min(20) + 1).min(300);
            assert!(
                (1..=bound).contains(&wait.as_secs()),
                "{receive_count}: {wait:?}"
            );
        }
        assert!(waits.len() > 1, "spread: {receive_count}");
    }
}

#[test]
fn errors_are_retried_unless_they_are_permanent() {
    let message = received_text("{}");
    for error in [
        PortError::Transient("x".to_owned()),
        PortError::Throttled("x".to_owned()),
    ] {
        let disposition = disposition_of_error(&message, &error);
        assert!(matches!(disposition, Disposition::RetryAfter(_)));
    }
    let disposition = disposition_of_error(&message, &PortError::Permanent("gone".to_owned()));
    assert_eq!(disposition, Disposition::DeadLetter("gone".to_owned()));
}

/// The redelivery has to come late enough to be more than a quick repetition.
#[test]
fn what_could_not_be_sent_comes_back_and_is_sent() {
    let harness = Harness::dispatched();
    let fault = PortError::Transient("queue away".to_owned());
    harness.ports.faults.fail_next("send", fault);
    let input = Input::StepSucceeded(Success {
        of: harness.current(),
        summary: "done".to_owned(),
        artifacts: vec![harness.result()],
        items: None,
        usage: Default::default(),
    });
    let turn = harness.apply(input.clone());
    let Disposition::RetryAfter(delay) = disposition_of_turn(&received_text("{}"), &turn) else {
        panic!("it has to come back: {turn:?}");
    };
    harness.ports.clock.advance(delay);
    let before = harness.ports.queues.sent().len();
    let turn = aegis_testkit::harness::at_once(harness.engine.apply(&harness.id, input)).unwrap();
    assert_eq!(
        disposition_of_turn(&received_text("{}"), &turn),
        Disposition::Ack
    );
    assert_eq!(harness.ports.queues.sent().len(), before + 1);
    assert!(delay < Duration::from_secs(30), "and soon");
}

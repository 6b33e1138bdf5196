//! What is said of each kind of dead letter.

use std::collections::BTreeMap;

use aegis_aws::client::queues::QueueMessage;
use aegis_contracts::time::Timestamp;
use serde_json::{Value, json};

use super::letter::{Letter, Seen, way_back};
use super::places::{Place, WayBack};

const WORKFLOW: &str = "wf_aaaaaaaaaaaaaaaaaaaaaaaaaa";

fn message(body: &Value, attributes: &[(&str, &str)]) -> QueueMessage {
    let pairs = attributes.iter();
    QueueMessage {
        id: "m1".to_owned(),
        body: body.to_string(),
        attributes: pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        receipt: "r1".to_owned(),
        sent_at_millis: Some(1_000),
        receive_count: 3,
    }
}

fn place(name: &str, way_back: WayBack) -> Place {
    let url = format!("q/{name}-dlq");
    Place {
        name: name.to_owned(),
        url,
        way_back,
    }
}

fn owned(name: &str) -> Place {
    place(name, WayBack::Queue(format!("q/{name}")))
}

fn told(message: &QueueMessage, place: &Place) -> Letter {
    let now = Timestamp::from_millis(61_000);
    let max_receives = Some(4);
    Letter::of(
        message,
        Seen {
            place,
            now,
            max_receives,
        },
    )
}

fn command() -> Value {
    json!({"event_id": "ev_mdamrbbaoer5to6nbmiarrjpzw", "schema_version": 1, "workflow_id": WORKFLOW, "version": 1,
        "occurred_at": "2026-11-23T18:00:00Z", "type": "RunStep", "data": {"agent": "researcher", "step": "research", "attempt": 1, "revision": 0}})
}

#[test]
fn ours_carry_their_reason() {
    let event = json!({"detail-type": "ApprovalDecided", "detail": {"workflow_id": WORKFLOW}});
    let seen = told(
        &message(&event, &[("reason", "invalid ApprovalDecided")]),
        &owned("approval"),
    );
    let expected = Letter {
        message_id: "m1".to_owned(),
        kind: "event ApprovalDecided".to_owned(),
        reason: "invalid ApprovalDecided".to_owned(),
        workflow_id: Some(WORKFLOW.to_owned()),
        age_seconds: Some(60),
        next: crate::client::next_step::of_letter(Some("invalid ApprovalDecided")),
        body: None,
    };
    assert_eq!(seen, expected);
}

#[test]
fn what_sqs_moved_says_how_often_it_was_tried() {
    let seen = told(&message(&command(), &[]), &owned("researcher-dispatch"));
    assert_eq!(
        (seen.kind.as_str(), seen.reason.as_str()),
        ("command RunStep", "received 4 times without success")
    );
    assert_eq!(seen.workflow_id.as_deref(), Some(WORKFLOW));
}

#[test]
fn what_a_rule_could_not_deliver_goes_to_its_target() {
    let queues = BTreeMap::from([("aegis-dev-intake".to_owned(), "q/intake".to_owned())]);
    let bus = place("bus", WayBack::Target(queues));
    let event = json!({"detail-type": "CancelRequested", "detail": {}});
    let target = "arn:aws:sqs:us-east-1:123456789012:aegis-dev-intake";
    let attributes = [
        ("ERROR_CODE", "NO_PERMISSIONS"),
        ("ERROR_MESSAGE", "not authorized"),
        ("TARGET_ARN", target),
    ];
    let letter = message(&event, &attributes);
    assert_eq!(
        told(&letter, &bus).reason,
        "EventBridge could not deliver it: NO_PERMISSIONS: not authorized"
    );
    assert_eq!(way_back(&letter, &bus), Ok("q/intake"));
    let elsewhere = [("TARGET_ARN", "arn:aws:sqs:us-east-1:123456789012:other")];
    let refused = way_back(&message(&event, &elsewhere), &bus).unwrap_err();
    assert!(refused.contains("no queue of this stage"), "{refused}");
    assert!(way_back(&message(&event, &[]), &bus).is_err());
}

#[test]
fn relay_s_go_back_to_relay_but_for_notices_of_the_stream() {
    let item = json!({"pk": {"S": format!("WF#{WORKFLOW}")}, "body": {"S": "{}"}});
    let letter = message(&item, &[("reason", "not a history entry")]);
    let seen = told(&letter, &owned("relay"));
    assert_eq!(
        (seen.kind.as_str(), seen.workflow_id.as_deref()),
        ("history item", Some(WORKFLOW))
    );
    assert_eq!(way_back(&letter, &owned("relay")), Ok("q/relay"));
    let notice = json!({"requestContext": {"condition": "RecordAgeExceeded"}, "DDBStreamBatchInfo": {"batchSize": 3}});
    let letter = message(&notice, &[]);
    let seen = told(&letter, &owned("relay"));
    assert_eq!(seen.kind, "notice of the stream");
    assert_eq!(seen.reason, "Lambda gave it up (RecordAgeExceeded)");
    let refused = way_back(&letter, &owned("relay")).unwrap_err();
    assert!(refused.contains("holds none of them"), "{refused}");
}

#[test]
fn a_failed_sweep_says_why_and_goes_nowhere() {
    let schedule = place("deadlines", WayBack::Nowhere("the next tick does it"));
    let body = json!({"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": {"source": "aws.events"},
        "responsePayload": {"errorMessage": "table away"}});
    let letter = message(&body, &[]);
    let seen = told(&letter, &schedule);
    assert_eq!(
        (seen.kind.as_str(), seen.reason.as_str()),
        ("sweep", "Lambda gave it up (RetriesExhausted): table away")
    );
    assert_eq!(
        way_back(&letter, &schedule),
        Err("the next tick does it".to_owned())
    );
}

#[test]
fn what_cannot_be_read_is_still_shown() {
    let mut letter = message(&Value::Null, &[("reason", "not JSON")]);
    letter.body = "gibberish".to_owned();
    letter.sent_at_millis = None;
    let seen = told(&letter, &owned("intake"));
    assert_eq!(
        (seen.kind.as_str(), seen.workflow_id, seen.age_seconds),
        ("unreadable", None, None)
    );
}

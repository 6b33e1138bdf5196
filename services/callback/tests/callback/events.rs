//! `StepReported` on the bus.

use aegis_contracts::view::Status;
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler, Received};
use aegis_testkit::flow::name;
use aegis_testkit::harness::{Harness, at_once, external, received_text};
use serde_json::{Value, json};

use crate::reports::{callback, failed, progress, succeeded};

fn reported(harness: &Harness, mut report: Value) -> Received {
    report["idempotency_key"] = json!("k1");
    report["workflow_id"] = json!(harness.id);
    report["token"] = json!(harness.token());
    external("StepReported", report)
}

fn handle(harness: &Harness, message: &Received) -> Disposition {
    at_once(callback(harness).handle(message))
}

fn set_aside(harness: &Harness, message: &Received) -> String {
    match handle(harness, message) {
        Disposition::DeadLetter(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_report_moves_the_workflow() {
    let harness = Harness::dispatched();
    assert_eq!(
        handle(&harness, &reported(&harness, succeeded(&harness))),
        Disposition::Ack
    );
    assert_eq!(harness.current().step, name("analyze"));
}

#[test]
fn what_is_invalid_is_set_aside_with_its_reason() {
    let harness = Harness::dispatched();
    let with = |field: &str, value: Value| {
        let mut report = progress(&harness);
        report["idempotency_key"] = json!("k1");
        report["workflow_id"] = json!(harness.id);
        report["token"] = json!(harness.token());
        report[field] = value;
        set_aside(&harness, &external("StepReported", report))
    };
    assert!(with("idempotency_key", json!("")).contains("idempotency_key"));
    assert!(with("percent", json!(300)).contains("percent"));
    assert!(with("token", json!("x")).contains("refused: the token"));
    let mut wrong = succeeded(&harness);
    wrong["artifacts"][0]["size"] = json!(7);
    assert!(set_aside(&harness, &reported(&harness, wrong)).contains("bytes, not 7"));
    let elsewhere = external("WorkflowRequested", json!({}));
    assert_eq!(
        set_aside(&harness, &elsewhere),
        "misrouted: WorkflowRequested is not for callback"
    );
    assert!(set_aside(&harness, &harness.last_message()).starts_with("misrouted"));
    assert!(set_aside(&harness, &received_text("")).starts_with("not JSON"));
}

/// Whoever has no token learns nothing: not what a report looks like, and not which workflows there are.
#[test]
fn a_token_is_judged_before_the_rest_of_the_event() {
    let harness = Harness::dispatched();
    let report = |id: &str, token: Value| {
        let detail = json!({"workflow_id": id, "token": token, "percent": 300, "kind": "nonsense"});
        set_aside(&harness, &external("StepReported", detail))
    };
    for id in [
        harness.id.as_str(),
        "wf_aaaaaaaaaaaaaaaaaaaaaaaaaa",
        "x",
        "",
    ] {
        for token in [json!("x"), json!(""), json!(null), json!(7)] {
            let reason = report(id, token);
            assert!(reason.starts_with("refused: the token"), "{reason}");
        }
    }
    let own = report(harness.id.as_str(), json!(harness.token()));
    assert!(own.starts_with("invalid StepReported"), "{own}");
    let elsewhere = report("x", json!(harness.token()));
    assert!(elsewhere.starts_with("refused: the token"), "{elsewhere}");
}

#[test]
fn late_reports_are_acknowledged() {
    let harness = Harness::dispatched();
    let late = reported(&harness, failed(&harness, false));
    harness.cancel();
    assert_eq!(handle(&harness, &late), Disposition::Ack);
    assert_eq!(harness.status(), Status::Cancelled);
}

#[test]
fn transient_errors_bring_it_back() {
    for operation in ["load_keys", "facts", "load", "commit", "send"] {
        let harness = Harness::dispatched();
        let message = reported(&harness, succeeded(&harness));
        let fault = PortError::Transient("away".to_owned());
        harness.ports.faults.fail_next(operation, fault);
        let disposition = handle(&harness, &message);
        assert!(
            matches!(disposition, Disposition::RetryAfter(_)),
            "{operation}: {disposition:?}"
        );
        assert_eq!(handle(&harness, &message), Disposition::Ack, "{operation}");
    }
}

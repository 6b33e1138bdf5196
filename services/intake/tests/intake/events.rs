//! `WorkflowRequested`, `CancelRequested` and `RedriveRequested` on the bus.

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::Status;
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler, Received};
use aegis_engine::ports::Table;
use aegis_testkit::flow::{attempt, name, triage};
use aegis_testkit::harness::{Harness, at_once, external, received_text};
use serde_json::{Value, json};

use crate::service;

/// Under which `partner.crm` of this account asks.
const PARTNER: &str = "123456789012:partner.crm";

fn requested(more: Value) -> Received {
    let mut detail = json!({"idempotency_key": "order-7", "topic": "lattices", "surprise": 1});
    for (name, value) in more.as_object().unwrap() {
        detail[name] = value.clone();
    }
    external("WorkflowRequested", detail)
}

fn cancelled(harness: &Harness) -> Received {
    let detail = json!({"idempotency_key": "c1", "workflow_id": harness.id, "reason": "no"});
    external("CancelRequested", detail)
}

fn redriven(harness: &Harness, more: Value) -> Received {
    let mut detail = json!({"idempotency_key": "r1", "workflow_id": harness.id});
    for (name, value) in more.as_object().unwrap() {
        detail[name] = value.clone();
    }
    external("RedriveRequested", detail)
}

fn handle(harness: &Harness, message: &Received) -> Disposition {
    at_once(service(harness).handle(message))
}

fn set_aside(harness: &Harness, message: &Received) -> String {
    match handle(harness, message) {
        Disposition::DeadLetter(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_opens_the_workflow_of_its_source_and_key() {
    let harness = Harness::empty();
    assert_eq!(handle(&harness, &requested(json!({}))), Disposition::Ack);
    let id = WorkflowId::derive(PARTNER, "order-7");
    let (_, stored) = at_once(harness.ports.table.load_with_request(&id))
        .unwrap()
        .unwrap();
    assert_eq!(
        (stored.topic.as_str(), stored.requested_by.as_str()),
        ("lattices", PARTNER)
    );
    assert_eq!(harness.last_command().workflow_id, id);
}

#[test]
fn requests_that_cannot_be_served_are_set_aside() {
    let harness = Harness::empty();
    for (more, reason) in [
        (
            json!({"idempotency_key": ""}),
            "invalid WorkflowRequested: idempotency_key",
        ),
        (
            json!({"idempotency_key": null}),
            "invalid WorkflowRequested: ",
        ),
        (json!({"topic": "?"}), "invalid WorkflowRequested: "),
        (json!({"topic": null}), "invalid WorkflowRequested: "),
        (
            json!({"approval": {"required": 99}}),
            "invalid WorkflowRequested: ",
        ),
        (
            json!({"parameters": {"sources": ["s3://other/x"]}}),
            "source_not_allowed: parameters.sources[0]: ",
        ),
        (json!({"flow": "Report"}), "invalid WorkflowRequested: flow"),
        (
            json!({"flow": "triage"}),
            "unknown_flow: there is no flow `triage` here; known: report",
        ),
        (
            json!({"parameters": {"depth": "deep"}, "approvals": {"scope": {}}}),
            "unfit_for_flow: parameters.depth: ",
        ),
    ] {
        let why = set_aside(&harness, &requested(more));
        assert!(why.starts_with(reason), "{why}");
    }
    assert!(harness.ports.queues.sent().is_empty());
    handle(&harness, &requested(json!({})));
    let other = requested(json!({"topic": "codes"}));
    assert!(set_aside(&harness, &other).starts_with("idempotency_conflict"));
}

#[test]
fn a_cancel_ends_the_workflow() {
    let harness = Harness::awaiting_approval();
    assert_eq!(handle(&harness, &cancelled(&harness)), Disposition::Ack);
    assert_eq!(harness.status(), Status::Cancelled);
    let ended = Harness::completed();
    assert!(set_aside(&ended, &cancelled(&ended)).starts_with("already_ended"));
    let none = Harness::empty();
    assert!(set_aside(&none, &cancelled(&none)).starts_with("unknown_workflow"));
    let nameless = external("CancelRequested", json!({"workflow_id": harness.id}));
    assert!(set_aside(&harness, &nameless).contains("idempotency_key"));
}

#[test]
fn a_request_names_its_flow() {
    let harness = Harness::knowing(vec![triage()]);
    let wanted = requested(json!({"flow": "triage", "parameters": {"severity": "high"}}));
    assert_eq!(handle(&harness, &wanted), Disposition::Ack);
    assert_eq!(harness.last_run().of.step, name("collect"));
    let none = set_aside(&harness, &requested(json!({"idempotency_key": "order-8"})));
    assert_eq!(
        none,
        "unknown_flow: there is no flow `report` here; known: triage"
    );
}

#[test]
fn a_redrive_takes_the_workflow_up_once() {
    for version in [json!({}), json!({"version": 2}), json!({"version": null})] {
        let harness = Harness::failed();
        let message = redriven(&harness, version.clone());
        for _ in 0..2 {
            assert_eq!(handle(&harness, &message), Disposition::Ack, "{version}");
            assert_eq!(harness.current(), attempt("research", 2));
        }
        let history = at_once(harness.ports.table.history(&harness.id)).unwrap();
        let last = &history.last().unwrap().events[0].body;
        let by = serde_json::to_value(last).unwrap()["data"]["redriven_by"].take();
        assert_eq!(by, PARTNER);
    }
}

#[test]
fn a_redrive_that_does_not_fit_is_set_aside() {
    let running = Harness::started();
    assert!(set_aside(&running, &redriven(&running, json!({}))).starts_with("not_failed"));
    assert_eq!(running.current(), attempt("research", 1));
    let none = Harness::empty();
    assert!(set_aside(&none, &redriven(&none, json!({}))).starts_with("unknown_workflow"));
    let failed = Harness::failed();
    for (more, reason) in [
        (json!({"idempotency_key": " "}), "idempotency_key"),
        (json!({"version": -1}), "version"),
    ] {
        let why = set_aside(&failed, &redriven(&failed, more));
        assert!(why.starts_with("invalid RedriveRequested: "), "{why}");
        assert!(why.contains(reason), "{why}");
    }
    // Of another failure than the one that is there: it is late, and late messages are acknowledged.
    let late = redriven(&failed, json!({"version": 1}));
    assert_eq!(handle(&failed, &late), Disposition::Ack);
    assert_eq!(failed.status(), Status::Failed);
}

#[test]
fn what_is_not_for_intake_is_set_aside() {
    let harness = Harness::started();
    let decided = external("ApprovalDecided", json!({}));
    assert_eq!(
        set_aside(&harness, &decided),
        "misrouted: ApprovalDecided is not for intake"
    );
    assert!(set_aside(&harness, &harness.last_message()).starts_with("misrouted"));
    assert!(set_aside(&harness, &received_text("{]")).starts_with("not JSON"));
}

#[test]
fn transient_errors_bring_it_back() {
    let harness = Harness::empty();
    let fault = PortError::Transient("away".to_owned());
    harness.ports.faults.fail_next("open", fault.clone());
    let message = requested(json!({}));
    assert!(matches!(
        handle(&harness, &message),
        Disposition::RetryAfter(_)
    ));
    assert_eq!(handle(&harness, &message), Disposition::Ack);
    for operation in ["load", "commit"] {
        let harness = Harness::started();
        harness.ports.faults.fail_next(operation, fault.clone());
        let disposition = handle(&harness, &cancelled(&harness));
        assert!(
            matches!(disposition, Disposition::RetryAfter(_)),
            "{operation}"
        );
        assert_eq!(handle(&harness, &cancelled(&harness)), Disposition::Ack);
        let harness = Harness::failed();
        harness.ports.faults.fail_next(operation, fault.clone());
        let message = redriven(&harness, json!({}));
        let disposition = handle(&harness, &message);
        assert!(
            matches!(disposition, Disposition::RetryAfter(_)),
            "{operation}"
        );
        assert_eq!(handle(&harness, &message), Disposition::Ack);
    }
}

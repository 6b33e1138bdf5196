//! `ApprovalDecided` on the bus.

use aegis_contracts::view::Status;
use aegis_engine::api::Authorization;
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler, Received};
use aegis_testkit::flow::name;
use aegis_testkit::harness::{Harness, at_once, external, received_text};
use aegis_workflow::approval_view;
use serde_json::{Value, json};

use crate::service;

fn decided(harness: &Harness, more: Value) -> Received {
    let mut detail = json!({
        "idempotency_key": "d1", "workflow_id": harness.id, "decision": "approve",
    });
    for (name, value) in more.as_object().unwrap() {
        detail[name] = value.clone();
    }
    external("ApprovalDecided", detail)
}

fn handle(harness: &Harness, message: &Received) -> Disposition {
    at_once(service(harness, Authorization::Iam).handle(message))
}

fn set_aside(harness: &Harness, message: &Received) -> String {
    match handle(harness, message) {
        Disposition::DeadLetter(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_decision_counts_and_says_who_claims_it() {
    let harness = Harness::awaiting_approval();
    let message = decided(
        &harness,
        json!({"approver": "bob", "comment": "fine", "surprise": 1}),
    );
    assert_eq!(handle(&harness, &message), Disposition::Ack);
    assert_eq!(harness.current().step, name("write"));
    let decision = approval_view(&harness.workflow())
        .unwrap()
        .decisions
        .remove(0);
    assert_eq!(decision.approver, "bob");
    assert_eq!(
        decision.claimed_by.as_deref(),
        Some("123456789012:partner.crm")
    );
}

#[test]
fn a_source_that_may_not_name_an_approver_decides_as_itself() {
    let harness = Harness::awaiting_approval();
    let message = decided(&harness, json!({"approver": "bob"}));
    let mut event: Value = serde_json::from_str(&message.body).unwrap();
    event["source"] = json!("stranger");
    let message = received_text(&event.to_string());
    assert_eq!(handle(&harness, &message), Disposition::Ack);
    let decision = approval_view(&harness.workflow())
        .unwrap()
        .decisions
        .remove(0);
    assert_eq!(decision.approver, "123456789012:stranger");
}

#[test]
fn a_decision_on_another_revision_is_not_lost() {
    let harness = Harness::awaiting_approval();
    let before = harness.workflow();
    let told = "stale_revision: the decision names revision 3, waiting is revision 0";
    assert_eq!(
        handle(&harness, &decided(&harness, json!({"revision": 3}))),
        Disposition::DeadLetter(told.to_owned())
    );
    assert_eq!(harness.workflow(), before);
}

#[test]
fn what_is_invalid_is_set_aside_with_its_reason() {
    let harness = Harness::awaiting_approval();
    for (more, reason) in [
        (
            json!({"idempotency_key": ""}),
            "invalid ApprovalDecided: idempotency_key",
        ),
        (
            json!({"idempotency_key": null}),
            "invalid ApprovalDecided: ",
        ),
        (json!({"decision": "maybe"}), "invalid ApprovalDecided: "),
        (
            json!({"comment": "x".repeat(2001)}),
            "invalid ApprovalDecided: ",
        ),
        (
            json!({"decision": "request_changes", "comment": " \n"}),
            "invalid ApprovalDecided: comment: must say",
        ),
        (
            json!({"decision": "request_changes"}),
            "invalid ApprovalDecided: comment: must say",
        ),
        (
            json!({"approver": "b\u{1b}b"}),
            "invalid ApprovalDecided: approver: must not",
        ),
        (
            json!({"idempotency_key": "größe"}),
            "invalid ApprovalDecided: idempotency_key: must be",
        ),
        (json!({"workflow_id": "wf_x"}), "invalid ApprovalDecided: "),
        (
            json!({"workflow_id": "wf_aaaaaaaaaaaaaaaaaaaaaaaaaa"}),
            "unknown_workflow",
        ),
    ] {
        let why = set_aside(&harness, &decided(&harness, more));
        assert!(why.starts_with(reason), "{why}");
    }
    let elsewhere = external("StepReported", json!({}));
    assert_eq!(
        set_aside(&harness, &elsewhere),
        "misrouted: StepReported is not for approval"
    );
    assert!(set_aside(&harness, &received_text("[]")).starts_with("not a command"));
    let early = Harness::started();
    assert!(set_aside(&early, &decided(&early, json!({}))).starts_with("not_awaiting_approval"));
    assert_eq!(harness.status(), Status::AwaitingApproval);
}

#[test]
fn one_that_comes_after_the_deadline_is_set_aside() {
    let harness = Harness::awaiting_approval();
    harness.wait(72 * 3600);
    let why = set_aside(&harness, &decided(&harness, json!({})));
    assert!(
        why.starts_with("decision_too_late: the time to decide"),
        "{why}"
    );
    assert_eq!(harness.status(), Status::AwaitingApproval);
}

#[test]
fn transient_errors_bring_it_back() {
    for operation in ["load", "commit", "send"] {
        let harness = Harness::awaiting_approval();
        let fault = PortError::Throttled("slow down".to_owned());
        harness.ports.faults.fail_next(operation, fault);
        let message = decided(&harness, json!({}));
        assert!(
            matches!(handle(&harness, &message), Disposition::RetryAfter(_)),
            "{operation}"
        );
        assert_eq!(handle(&harness, &message), Disposition::Ack, "{operation}");
        assert_eq!(harness.current().step, name("write"), "{operation}");
    }
}

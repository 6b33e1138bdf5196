//! `ApprovalDecided` on the bus.

use aegis_contracts::view::Status;
use aegis_engine::api::Authorization;
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler, Received};
use aegis_testkit::world::{World, at_once, external, received_text};
use aegis_workflow::approval_view;
use serde_json::{Value, json};

use crate::service;

fn decided(world: &World, more: Value) -> Received {
    let mut detail = json!({
        "idempotency_key": "d1", "workflow_id": world.id, "decision": "approve",
    });
    for (name, value) in more.as_object().unwrap() {
        detail[name] = value.clone();
    }
    external("ApprovalDecided", detail)
}

fn handle(world: &World, message: &Received) -> Disposition {
    at_once(service(world, Authorization::Iam).handle(message))
}

fn set_aside(world: &World, message: &Received) -> String {
    match handle(world, message) {
        Disposition::DeadLetter(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_decision_counts_and_says_who_claims_it() {
    let world = World::awaiting_approval();
    let message = decided(
        &world,
        json!({"approver": "bob", "comment": "fine", "surprise": 1}),
    );
    assert_eq!(handle(&world, &message), Disposition::Ack);
    assert_eq!(world.status(), Status::Writing);
    let decision = approval_view(&world.workflow())
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
    let world = World::awaiting_approval();
    let message = decided(&world, json!({"approver": "bob"}));
    let mut event: Value = serde_json::from_str(&message.body).unwrap();
    event["source"] = json!("stranger");
    let message = received_text(&event.to_string());
    assert_eq!(handle(&world, &message), Disposition::Ack);
    let decision = approval_view(&world.workflow())
        .unwrap()
        .decisions
        .remove(0);
    assert_eq!(decision.approver, "123456789012:stranger");
}

#[test]
fn a_decision_on_another_revision_is_not_lost() {
    let world = World::awaiting_approval();
    let before = world.workflow();
    let told = "stale_revision: the decision names revision 3, waiting is revision 0";
    assert_eq!(
        handle(&world, &decided(&world, json!({"revision": 3}))),
        Disposition::DeadLetter(told.to_owned())
    );
    assert_eq!(world.workflow(), before);
}

#[test]
fn what_is_invalid_is_set_aside_with_its_reason() {
    let world = World::awaiting_approval();
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
        let why = set_aside(&world, &decided(&world, more));
        assert!(why.starts_with(reason), "{why}");
    }
    let elsewhere = external("StepReported", json!({}));
    assert_eq!(
        set_aside(&world, &elsewhere),
        "misrouted: StepReported is not for approval"
    );
    assert!(set_aside(&world, &received_text("[]")).starts_with("not a command"));
    let early = World::started();
    assert!(set_aside(&early, &decided(&early, json!({}))).starts_with("not_awaiting_approval"));
    assert_eq!(world.status(), Status::AwaitingApproval);
}

#[test]
fn one_that_comes_after_the_deadline_is_set_aside() {
    let world = World::awaiting_approval();
    world.wait(72 * 3600);
    let why = set_aside(&world, &decided(&world, json!({})));
    assert!(
        why.starts_with("decision_too_late: the time to decide"),
        "{why}"
    );
    assert_eq!(world.status(), Status::AwaitingApproval);
}

#[test]
fn transient_errors_bring_it_back() {
    for operation in ["load", "commit", "send"] {
        let world = World::awaiting_approval();
        let fault = PortError::Throttled("slow down".to_owned());
        world.ports.faults.fail_next(operation, fault);
        let message = decided(&world, json!({}));
        assert!(
            matches!(handle(&world, &message), Disposition::RetryAfter(_)),
            "{operation}"
        );
        assert_eq!(handle(&world, &message), Disposition::Ack, "{operation}");
        assert_eq!(world.status(), Status::Writing, "{operation}");
    }
}

//! `WorkflowRequested` and `CancelRequested` on the bus.

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::Status;
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler, Received};
use aegis_engine::ports::Table;
use aegis_testkit::world::{World, at_once, external, received_text};
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

fn cancelled(world: &World) -> Received {
    let detail = json!({"idempotency_key": "c1", "workflow_id": world.id, "reason": "no"});
    external("CancelRequested", detail)
}

fn handle(world: &World, message: &Received) -> Disposition {
    at_once(service(world).handle(message))
}

fn set_aside(world: &World, message: &Received) -> String {
    match handle(world, message) {
        Disposition::DeadLetter(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_opens_the_workflow_of_its_source_and_key() {
    let world = World::empty();
    assert_eq!(handle(&world, &requested(json!({}))), Disposition::Ack);
    let id = WorkflowId::derive(PARTNER, "order-7");
    let (_, stored) = at_once(world.ports.table.load_with_request(&id))
        .unwrap()
        .unwrap();
    assert_eq!(
        (stored.topic.as_str(), stored.requested_by.as_str()),
        ("lattices", PARTNER)
    );
    assert_eq!(world.last_command().workflow_id, id);
}

#[test]
fn requests_that_cannot_be_served_are_set_aside() {
    let world = World::empty();
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
            "source_not_allowed: ",
        ),
    ] {
        let why = set_aside(&world, &requested(more));
        assert!(why.starts_with(reason), "{why}");
    }
    assert!(world.ports.queues.sent().is_empty());
    handle(&world, &requested(json!({})));
    let other = requested(json!({"topic": "codes"}));
    assert!(set_aside(&world, &other).starts_with("idempotency_conflict"));
}

#[test]
fn a_cancel_ends_the_workflow() {
    let world = World::awaiting_approval();
    assert_eq!(handle(&world, &cancelled(&world)), Disposition::Ack);
    assert_eq!(world.status(), Status::Cancelled);
    let ended = World::completed();
    assert!(set_aside(&ended, &cancelled(&ended)).starts_with("already_ended"));
    let none = World::empty();
    assert!(set_aside(&none, &cancelled(&none)).starts_with("unknown_workflow"));
    let nameless = external("CancelRequested", json!({"workflow_id": world.id}));
    assert!(set_aside(&world, &nameless).contains("idempotency_key"));
}

#[test]
fn what_is_not_for_intake_is_set_aside() {
    let world = World::started();
    let decided = external("ApprovalDecided", json!({}));
    assert_eq!(
        set_aside(&world, &decided),
        "misrouted: ApprovalDecided is not for intake"
    );
    assert!(set_aside(&world, &world.last_message()).starts_with("misrouted"));
    assert!(set_aside(&world, &received_text("{]")).starts_with("not JSON"));
}

#[test]
fn transient_errors_bring_it_back() {
    let world = World::empty();
    let fault = PortError::Transient("away".to_owned());
    world.ports.faults.fail_next("open", fault.clone());
    let message = requested(json!({}));
    assert!(matches!(
        handle(&world, &message),
        Disposition::RetryAfter(_)
    ));
    assert_eq!(handle(&world, &message), Disposition::Ack);
    for operation in ["load", "commit"] {
        let world = World::started();
        world.ports.faults.fail_next(operation, fault.clone());
        let disposition = handle(&world, &cancelled(&world));
        assert!(
            matches!(disposition, Disposition::RetryAfter(_)),
            "{operation}"
        );
        assert_eq!(handle(&world, &cancelled(&world)), Disposition::Ack);
    }
}

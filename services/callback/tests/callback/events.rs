//! `StepReported` on the bus.

use aegis_contracts::view::Status;
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler, Received};
use aegis_testkit::world::{World, at_once, external, received_text};
use serde_json::{Value, json};

use crate::reports::{callback, failed, progress, succeeded};

fn reported(world: &World, mut report: Value) -> Received {
    report["idempotency_key"] = json!("k1");
    report["workflow_id"] = json!(world.id);
    report["token"] = json!(world.token());
    external("StepReported", report)
}

fn handle(world: &World, message: &Received) -> Disposition {
    at_once(callback(world).handle(message))
}

fn set_aside(world: &World, message: &Received) -> String {
    match handle(world, message) {
        Disposition::DeadLetter(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_report_moves_the_workflow() {
    let world = World::dispatched();
    assert_eq!(
        handle(&world, &reported(&world, succeeded(&world))),
        Disposition::Ack
    );
    assert_eq!(world.status(), Status::Analyzing);
}

#[test]
fn what_is_invalid_is_set_aside_with_its_reason() {
    let world = World::dispatched();
    let with = |field: &str, value: Value| {
        let mut report = progress(&world);
        report["idempotency_key"] = json!("k1");
        report["workflow_id"] = json!(world.id);
        report["token"] = json!(world.token());
        report[field] = value;
        set_aside(&world, &external("StepReported", report))
    };
    assert!(with("idempotency_key", json!("")).contains("idempotency_key"));
    assert!(with("percent", json!(300)).contains("percent"));
    assert!(with("token", json!("x")).contains("refused: the token"));
    let mut wrong = succeeded(&world);
    wrong["artifacts"][0]["size"] = json!(7);
    assert!(set_aside(&world, &reported(&world, wrong)).contains("bytes, not 7"));
    let elsewhere = external("WorkflowRequested", json!({}));
    assert_eq!(
        set_aside(&world, &elsewhere),
        "misrouted: WorkflowRequested is not for callback"
    );
    assert!(set_aside(&world, &world.last_message()).starts_with("misrouted"));
    assert!(set_aside(&world, &received_text("")).starts_with("not JSON"));
}

/// Whoever has no token learns nothing: not what a report looks like, and not which workflows there are.
#[test]
fn a_token_is_judged_before_the_rest_of_the_event() {
    let world = World::dispatched();
    let report = |id: &str, token: Value| {
        let detail = json!({"workflow_id": id, "token": token, "percent": 300, "kind": "nonsense"});
        set_aside(&world, &external("StepReported", detail))
    };
    for id in [world.id.as_str(), "wf_aaaaaaaaaaaaaaaaaaaaaaaaaa", "x", ""] {
        for token in [json!("x"), json!(""), json!(null), json!(7)] {
            let reason = report(id, token);
            assert!(reason.starts_with("refused: the token"), "{reason}");
        }
    }
    let own = report(world.id.as_str(), json!(world.token()));
    assert!(own.starts_with("invalid StepReported"), "{own}");
    let elsewhere = report("x", json!(world.token()));
    assert!(elsewhere.starts_with("refused: the token"), "{elsewhere}");
}

#[test]
fn late_reports_are_acknowledged() {
    let world = World::dispatched();
    let late = reported(&world, failed(&world, false));
    world.cancel();
    assert_eq!(handle(&world, &late), Disposition::Ack);
    assert_eq!(world.status(), Status::Cancelled);
}

#[test]
fn transient_errors_bring_it_back() {
    for operation in ["load_keys", "facts", "load", "commit", "send"] {
        let world = World::dispatched();
        let message = reported(&world, succeeded(&world));
        let fault = PortError::Transient("away".to_owned());
        world.ports.faults.fail_next(operation, fault);
        let disposition = handle(&world, &message);
        assert!(
            matches!(disposition, Disposition::RetryAfter(_)),
            "{operation}: {disposition:?}"
        );
        assert_eq!(handle(&world, &message), Disposition::Ack, "{operation}");
    }
}

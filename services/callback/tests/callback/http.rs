//! `POST /callbacks/{id}` when all is well.

use aegis_contracts::agent::Role;
use aegis_contracts::view::Status;
use aegis_engine::error::PortError;
use aegis_testkit::requests::{ask, ok};
use aegis_testkit::world::World;
use serde_json::{Value, json};

use crate::reports::{callback, failed, post, progress, succeeded};

/// Posts `report` with a token for the step under way.
fn accepted(world: &World, report: Value) -> bool {
    let answer = ask(
        callback(world).as_ref(),
        &post(world, &world.token(), report),
    );
    ok(200, &answer)["accepted"].as_bool().unwrap()
}

#[test]
fn progress_counts_as_heartbeat() {
    let world = World::dispatched();
    world.wait(30);
    assert!(accepted(&world, progress(&world)));
    let workflow = world.workflow();
    let step = workflow.current_step(Role::Researcher, 1).unwrap();
    assert_eq!(step.last_heartbeat_at, Some(world.now()));
    assert_eq!(step.usage.input_tokens, 10);
    // Too soon for another write.
    world.wait(5);
    assert!(!accepted(&world, progress(&world)));
    assert_eq!(world.workflow(), workflow);
}

#[test]
fn progress_may_overtake_the_dispatcher_s_note() {
    let world = World::started();
    assert!(accepted(&world, progress(&world)));
    let workflow = world.workflow();
    let step = workflow.current_step(Role::Researcher, 1).unwrap();
    assert_eq!(step.dispatched_at, Some(world.now()));
}

#[test]
fn success_asks_the_next_service() {
    let world = World::dispatched();
    assert!(accepted(&world, succeeded(&world)));
    assert_eq!(world.status(), Status::Analyzing);
    assert_eq!(
        world.last_command().body.as_step().unwrap().0,
        Role::Analyst
    );
}

#[test]
fn the_same_success_again_gets_the_same_answer() {
    let world = World::dispatched();
    let (token, report) = (world.token(), succeeded(&world));
    let service = callback(&world);
    let first = ask(service.as_ref(), &post(&world, &token, report.clone()));
    let second = ask(service.as_ref(), &post(&world, &token, report));
    assert_eq!(ok(200, &first), json!({"accepted": true}));
    assert_eq!(ok(200, &second), json!({"accepted": false}));
    assert_eq!(world.events(), ["WorkflowStarted", "StepCompleted"]);
    assert_eq!(world.commands().len(), 2);
}

#[test]
fn the_same_failure_again_gets_the_same_answer() {
    let world = World::dispatched();
    let (token, report) = (world.token(), failed(&world, true));
    let service = callback(&world);
    let first = ask(service.as_ref(), &post(&world, &token, report.clone()));
    let second = ask(service.as_ref(), &post(&world, &token, report.clone()));
    assert_eq!(ok(200, &first), json!({"accepted": true}));
    assert_eq!(ok(200, &second), json!({"accepted": false}));
    assert_eq!(world.current(), (Role::Researcher, 2), "one retry");
    // Another failure of that attempt is a late one.
    let mut other = report;
    other["error"]["code"] = json!("something_else");
    let third = ask(service.as_ref(), &post(&world, &token, other));
    assert_eq!(third.status, 409);
}

#[test]
fn a_failure_is_tried_again_if_that_can_help() {
    let world = World::dispatched();
    assert!(accepted(&world, failed(&world, true)));
    assert_eq!(world.current(), (Role::Researcher, 2));
    assert!(accepted(&world, failed(&world, false)));
    assert_eq!(world.status(), Status::Failed);
}

#[test]
fn a_command_that_cannot_be_sent_is_not_the_agent_s_business() {
    let world = World::dispatched();
    let fault = PortError::Transient("queue away".to_owned());
    world.ports.faults.fail_next("send", fault);
    assert!(accepted(&world, succeeded(&world)));
    assert_eq!(world.status(), Status::Analyzing);
}

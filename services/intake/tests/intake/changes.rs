//! Cancel and redrive over HTTP.

use aegis_contracts::agent::Role;
use aegis_contracts::view::Status;
use aegis_engine::api::ApiRequest;
use aegis_engine::error::PortError;
use aegis_testing::requests::{With, ask, ok, refusal, request, tells_of_port_errors};
use aegis_testing::world::World;
use serde_json::json;

use crate::{because, service};

fn post(world: &World, verb: &str) -> ApiRequest {
    request(&format!("POST /workflows/{{id}}/{verb}")).id(world.id.as_str())
}

fn done(world: &World, request: &ApiRequest) -> String {
    let body = ok(202, &ask(service(world).as_ref(), request));
    body["status"].as_str().unwrap().to_owned()
}

#[test]
fn every_live_state_can_be_cancelled() {
    for make in [
        World::started,
        World::dispatched,
        World::awaiting_approval,
        World::writing,
    ] {
        let world = make();
        assert_eq!(done(&world, &post(&world, "cancel")), "cancelled");
        let version = world.workflow().version;
        assert_eq!(done(&world, &post(&world, "cancel")), "cancelled", "again");
        assert_eq!(world.workflow().version, version);
    }
}

#[test]
fn a_reason_may_be_given() {
    let world = World::started();
    let with = post(&world, "cancel").json(json!({"reason": "not needed"}));
    done(&world, &with);
    let read = request("GET /workflows/{id}/history").id(world.id.as_str());
    let history = ok(200, &ask(service(&world).as_ref(), &read));
    assert_eq!(history["events"][1]["data"]["reason"], "not needed");
    for body in [
        json!({"reason": "x".repeat(1001)}),
        json!({"why": "x"}),
        json!([]),
    ] {
        let refused = refusal(service(&world).as_ref(), &post(&world, "cancel").json(body));
        assert_eq!(refused, because(400, "invalid_request"));
    }
}

#[test]
fn what_has_ended_is_not_cancelled() {
    for make in [World::completed, World::failed] {
        let world = make();
        let refused = refusal(service(&world).as_ref(), &post(&world, "cancel"));
        assert_eq!(refused, because(409, "already_ended"));
    }
}

#[test]
fn a_failed_workflow_goes_on_where_it_failed() {
    let world = World::failed();
    assert_eq!(done(&world, &post(&world, "redrive")), "researching");
    assert_eq!(world.current(), (Role::Researcher, 2));
    assert_eq!(world.last_command().body.as_step().unwrap().1.attempt, 2);
    // Again, with or without the version: one redrive.
    done(&world, &post(&world, "redrive"));
    done(&world, &post(&world, "redrive").json(json!({"version": 2})));
    assert_eq!(world.current(), (Role::Researcher, 2));
}

#[test]
fn a_redrive_names_the_failure_that_was_seen() {
    let world = World::failed();
    for version in [1, 3] {
        let request = post(&world, "redrive").json(json!({ "version": version }));
        assert_eq!(
            refusal(service(&world).as_ref(), &request),
            because(409, "stale")
        );
    }
    let request = post(&world, "redrive").json(json!({"version": -1}));
    assert_eq!(
        refusal(service(&world).as_ref(), &request),
        because(400, "invalid_request")
    );
    assert_eq!(world.status(), Status::Failed);
}

#[test]
fn only_what_failed_is_redriven() {
    for make in [World::started, World::completed, World::cancelled] {
        let world = make();
        let refused = refusal(service(&world).as_ref(), &post(&world, "redrive"));
        assert_eq!(refused, because(409, "not_failed"));
    }
}

#[test]
fn errors_of_ports_say_whether_to_try_again() {
    for (verb, operation) in [
        ("cancel", "load"),
        ("redrive", "load"),
        ("redrive", "commit"),
    ] {
        tells_of_port_errors(&|error: PortError| {
            let world = World::failed();
            world.ports.faults.fail_next(operation, error);
            ask(service(&world).as_ref(), &post(&world, verb))
        });
    }
}

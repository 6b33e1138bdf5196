//! Cancel and redrive over HTTP.

use aegis_contracts::agent::Role;
use aegis_contracts::view::Status;
use aegis_engine::api::ApiRequest;
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler};
use aegis_testkit::requests::{With, ask, ok, refusal, request, tells_of_port_errors};
use aegis_testkit::world::{World, at_once};
use aegis_workflow::{Input, StepFailure};
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
fn a_cancel_ends_the_session_of_the_agent_at_work() {
    let world = World::dispatched();
    done(&world, &post(&world, "cancel"));
    done(&world, &post(&world, "cancel"));
    assert_eq!(world.stops().len(), 1, "once");
    let waiting = World::awaiting_approval();
    let before = waiting.stops();
    done(&waiting, &post(&waiting, "cancel"));
    assert_eq!(waiting.stops(), before, "no agent is at work");
}

/// What the analyst of `world` is told to work with, once its dispatcher has the last command.
fn inputs_of_the_analyst(world: &World) -> Vec<aegis_contracts::artifact::ArtifactRef> {
    let dispatcher = aegis_engine::dispatch::Dispatcher {
        engine: world.engine.clone(),
        runtime: world.ports.runtime.clone(),
        keys: world.ports.key_ring(false),
        role: Role::Analyst,
        callback_api_url: "https://api.example".to_owned(),
    };
    let handled = at_once(dispatcher.handle(&world.last_message()));
    assert_eq!(handled, Disposition::Ack);
    world.ports.runtime.invocations().pop().unwrap().task.inputs
}

#[test]
fn a_redrive_works_with_what_succeeded_before() {
    let world = World::dispatched();
    let evidence = world.result();
    world.succeed();
    let before = inputs_of_the_analyst(&world);
    world.apply(Input::StepFailed {
        role: Role::Analyst,
        attempt: 1,
        failure: StepFailure {
            code: "input_invalid".to_owned(),
            message: "not readable".to_owned(),
            transient: false,
        },
        usage: None,
    });
    assert_eq!(done(&world, &post(&world, "redrive")), "analyzing");
    assert_eq!(world.current(), (Role::Analyst, 2));
    let inputs = inputs_of_the_analyst(&world);
    assert_eq!(inputs, before);
    assert_eq!(inputs, [evidence], "the researcher is not asked again");
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

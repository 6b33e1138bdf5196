//! Cancel and redrive over HTTP.

use aegis_contracts::view::Status;
use aegis_engine::api::ApiRequest;
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler};
use aegis_testkit::flow::{attempt, name};
use aegis_testkit::harness::{Harness, at_once};
use aegis_testkit::requests::{With, ask, ok, refusal, request, tells_of_port_errors};
use aegis_workflow::{Input, StepFailure};
use serde_json::json;

use crate::{because, service};

fn post(harness: &Harness, verb: &str) -> ApiRequest {
    request(&format!("POST /workflows/{{id}}/{verb}")).id(harness.id.as_str())
}

fn done(harness: &Harness, request: &ApiRequest) -> String {
    let body = ok(202, &ask(service(harness).as_ref(), request));
    body["status"].as_str().unwrap().to_owned()
}

#[test]
fn every_live_state_can_be_cancelled() {
    for make in [
        Harness::started,
        Harness::dispatched,
        Harness::awaiting_approval,
        Harness::writing,
    ] {
        let harness = make();
        assert_eq!(done(&harness, &post(&harness, "cancel")), "cancelled");
        let version = harness.workflow().version;
        assert_eq!(
            done(&harness, &post(&harness, "cancel")),
            "cancelled",
            "again"
        );
        assert_eq!(harness.workflow().version, version);
    }
}

#[test]
fn a_cancel_ends_the_session_of_the_agent_at_work() {
    let harness = Harness::dispatched();
    done(&harness, &post(&harness, "cancel"));
    done(&harness, &post(&harness, "cancel"));
    assert_eq!(harness.stops().len(), 1, "once");
    let waiting = Harness::awaiting_approval();
    let before = waiting.stops();
    done(&waiting, &post(&waiting, "cancel"));
    assert_eq!(waiting.stops(), before, "no agent is at work");
}

/// What the analyst of `harness` is told to work with, once its dispatcher has the last command.
fn inputs_of_the_analyst(harness: &Harness) -> Vec<aegis_contracts::agent::Input> {
    let dispatcher = aegis_engine::dispatch::Dispatcher {
        engine: harness.engine.clone(),
        runtime: harness.ports.runtime.clone(),
        keys: harness.ports.key_ring(false),
        agent: name("analyst"),
        callback_api_url: "https://api.example".to_owned(),
    };
    let handled = at_once(dispatcher.handle(&harness.last_message()));
    assert_eq!(handled, Disposition::Ack);
    harness
        .ports
        .runtime
        .invocations()
        .pop()
        .unwrap()
        .task
        .inputs
}

#[test]
fn a_redrive_works_with_what_succeeded_before() {
    let harness = Harness::dispatched();
    let evidence = harness.result();
    harness.succeed();
    let before = inputs_of_the_analyst(&harness);
    let failure = StepFailure {
        code: "input_invalid".to_owned(),
        message: "not readable".to_owned(),
        transient: false,
        usage: None,
    };
    harness.apply(Input::StepFailed(harness.current(), failure));
    assert_eq!(done(&harness, &post(&harness, "redrive")), "running");
    assert_eq!(harness.current(), attempt("analyze", 2));
    let inputs = inputs_of_the_analyst(&harness);
    assert_eq!(inputs, before);
    let keys: Vec<&String> = inputs.iter().map(|input| &input.key).collect();
    assert_eq!(keys, [&evidence.key], "the researcher is not asked again");
}

#[test]
fn a_reason_may_be_given() {
    let harness = Harness::started();
    let with = post(&harness, "cancel").json(json!({"reason": "not needed"}));
    done(&harness, &with);
    let read = request("GET /workflows/{id}/history").id(harness.id.as_str());
    let history = ok(200, &ask(service(&harness).as_ref(), &read));
    assert_eq!(history["events"][1]["data"]["reason"], "not needed");
    for body in [
        json!({"reason": "x".repeat(1001)}),
        json!({"why": "x"}),
        json!([]),
    ] {
        let refused = refusal(
            service(&harness).as_ref(),
            &post(&harness, "cancel").json(body),
        );
        assert_eq!(refused, because(400, "invalid_request"));
    }
}

#[test]
fn what_has_ended_is_not_cancelled() {
    for make in [Harness::completed, Harness::failed] {
        let harness = make();
        let refused = refusal(service(&harness).as_ref(), &post(&harness, "cancel"));
        assert_eq!(refused, because(409, "already_ended"));
    }
}

#[test]
fn a_failed_workflow_goes_on_where_it_failed() {
    let harness = Harness::failed();
    assert_eq!(done(&harness, &post(&harness, "redrive")), "running");
    assert_eq!(harness.current(), attempt("research", 2));
    assert_eq!(harness.last_run().of.attempt, 2);
    // Again, with or without the version: one redrive.
    done(&harness, &post(&harness, "redrive"));
    done(
        &harness,
        &post(&harness, "redrive").json(json!({"version": 2})),
    );
    assert_eq!(harness.current(), attempt("research", 2));
}

#[test]
fn a_redrive_names_the_failure_that_was_seen() {
    let harness = Harness::failed();
    for version in [1, 3] {
        let request = post(&harness, "redrive").json(json!({ "version": version }));
        assert_eq!(
            refusal(service(&harness).as_ref(), &request),
            because(409, "stale")
        );
    }
    let request = post(&harness, "redrive").json(json!({"version": -1}));
    assert_eq!(
        refusal(service(&harness).as_ref(), &request),
        because(400, "invalid_request")
    );
    assert_eq!(harness.status(), Status::Failed);
}

#[test]
fn only_what_failed_is_redriven() {
    for make in [Harness::started, Harness::completed, Harness::cancelled] {
        let harness = make();
        let refused = refusal(service(&harness).as_ref(), &post(&harness, "redrive"));
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
            let harness = Harness::failed();
            harness.ports.faults.fail_next(operation, error);
            ask(service(&harness).as_ref(), &post(&harness, verb))
        });
    }
}

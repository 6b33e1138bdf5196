//! `POST /callbacks/{id}` when all is well.

use aegis_contracts::view::Status;
use aegis_engine::error::PortError;
use aegis_testkit::flow::{attempt, name};
use aegis_testkit::harness::Harness;
use aegis_testkit::requests::{ask, ok};
use serde_json::{Value, json};

use crate::reports::{callback, failed, post, progress, succeeded};

/// Posts `report` with a token for the step under way.
fn accepted(harness: &Harness, report: Value) -> bool {
    let answer = ask(
        callback(harness).as_ref(),
        &post(harness, &harness.token(), report),
    );
    ok(200, &answer)["accepted"].as_bool().unwrap()
}

#[test]
fn progress_counts_as_heartbeat() {
    let harness = Harness::dispatched();
    harness.wait(30);
    assert!(accepted(&harness, progress(&harness)));
    let workflow = harness.workflow();
    let step = workflow.current_work(&attempt("research", 1)).unwrap();
    assert_eq!(step.last_heartbeat_at, Some(harness.now()));
    assert_eq!(step.usage.input_tokens, 10);
    // Too soon for another write.
    harness.wait(5);
    assert!(!accepted(&harness, progress(&harness)));
    assert_eq!(harness.workflow(), workflow);
}

#[test]
fn progress_may_overtake_the_dispatcher_s_note() {
    let harness = Harness::started();
    assert!(accepted(&harness, progress(&harness)));
    let workflow = harness.workflow();
    let step = workflow.current_work(&attempt("research", 1)).unwrap();
    assert_eq!(step.dispatched_at, Some(harness.now()));
}

#[test]
fn success_asks_the_next_service() {
    let harness = Harness::dispatched();
    assert!(accepted(&harness, succeeded(&harness)));
    assert_eq!(harness.current().step, name("analyze"));
    assert_eq!(harness.last_run().agent, name("analyst"));
}

#[test]
fn the_same_success_again_gets_the_same_answer() {
    let harness = Harness::dispatched();
    let (token, report) = (harness.token(), succeeded(&harness));
    let service = callback(&harness);
    let first = ask(service.as_ref(), &post(&harness, &token, report.clone()));
    let second = ask(service.as_ref(), &post(&harness, &token, report));
    assert_eq!(ok(200, &first), json!({"accepted": true}));
    assert_eq!(ok(200, &second), json!({"accepted": false}));
    assert_eq!(harness.events(), ["WorkflowStarted", "StepCompleted"]);
    assert_eq!(harness.commands().len(), 2);
}

#[test]
fn the_same_failure_again_gets_the_same_answer() {
    let harness = Harness::dispatched();
    let (token, report) = (harness.token(), failed(&harness, true));
    let service = callback(&harness);
    let first = ask(service.as_ref(), &post(&harness, &token, report.clone()));
    let second = ask(service.as_ref(), &post(&harness, &token, report.clone()));
    assert_eq!(ok(200, &first), json!({"accepted": true}));
    assert_eq!(ok(200, &second), json!({"accepted": false}));
    assert_eq!(harness.current(), attempt("research", 2), "one retry");
    // Another failure of that attempt is a late one.
    let mut other = report;
    other["error"]["code"] = json!("something_else");
    let third = ask(service.as_ref(), &post(&harness, &token, other));
    assert_eq!(third.status, 409);
}

#[test]
fn a_failure_is_tried_again_if_that_can_help() {
    let harness = Harness::dispatched();
    assert!(accepted(&harness, failed(&harness, true)));
    assert_eq!(harness.current(), attempt("research", 2));
    assert!(accepted(&harness, failed(&harness, false)));
    assert_eq!(harness.status(), Status::Failed);
}

#[test]
fn a_command_that_cannot_be_sent_is_not_the_agent_s_business() {
    let harness = Harness::dispatched();
    let fault = PortError::Transient("queue away".to_owned());
    harness.ports.faults.fail_next("send", fault);
    assert!(accepted(&harness, succeeded(&harness)));
    assert_eq!(harness.current().step, name("analyze"));
}

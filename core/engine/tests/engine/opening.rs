//! Opening a workflow: once, under its key.

use aegis_contracts::view::Status;
use aegis_engine::apply::Opened;
use aegis_engine::error::PortError;
use aegis_engine::stored::StoredRequest;
use aegis_testkit::flow::report;
use aegis_testkit::harness::{Harness, at_once};
use aegis_testkit::life::{policies, policy, start_request};
use aegis_workflow::Start;

fn open(harness: &Harness, topic: &str) -> Result<Opened, PortError> {
    let begin = Start {
        id: harness.id.clone(),
        topic: topic.to_owned(),
        requested_by: "ada".to_owned(),
        flow: report(),
        policies: policies(policy()),
        budget: None,
    };
    let request = StoredRequest::new(&start_request(topic), "ada").unwrap();
    at_once(harness.engine.open(request, begin))
}

#[test]
fn the_first_request_opens_and_sends() {
    let harness = Harness::empty();
    let Ok(Opened::New(workflow)) = open(&harness, "lattices") else {
        panic!("new");
    };
    assert_eq!(workflow.status(), Status::Running);
    assert_eq!(harness.ports.queues.sent().len(), 1);
    assert_eq!(harness.events(), ["WorkflowStarted"]);
}

#[test]
fn the_same_request_again_finds_it() {
    let harness = Harness::empty();
    assert!(matches!(open(&harness, "lattices"), Ok(Opened::New(_))));
    harness.dispatch();
    let Ok(Opened::Again(workflow)) = open(&harness, "lattices") else {
        panic!("again");
    };
    assert_eq!(workflow, harness.workflow());
    assert_eq!(harness.ports.queues.sent().len(), 1);
}

#[test]
fn another_request_under_the_same_key_conflicts() {
    let harness = Harness::empty();
    assert!(matches!(open(&harness, "lattices"), Ok(Opened::New(_))));
    assert_eq!(open(&harness, "codes"), Ok(Opened::Conflict));
    assert_eq!(harness.events(), ["WorkflowStarted"]);
}

#[test]
fn a_lost_command_is_no_error_and_goes_out_with_the_repetition() {
    let harness = Harness::empty();
    let fault = PortError::Transient("queue away".to_owned());
    harness.ports.faults.fail_next("send", fault);
    assert!(matches!(open(&harness, "lattices"), Ok(Opened::New(_))));
    assert!(harness.ports.queues.sent().is_empty());
    harness.wait(1);
    assert!(matches!(open(&harness, "lattices"), Ok(Opened::Again(_))));
    assert!(harness.ports.queues.sent().is_empty(), "too soon to tell");
    harness.wait(5);
    assert!(matches!(open(&harness, "lattices"), Ok(Opened::Again(_))));
    assert_eq!(harness.ports.queues.sent().len(), 1);
}

#[test]
fn the_table_s_errors_are_the_caller_s() {
    let harness = Harness::empty();
    let fault = PortError::Throttled("slow down".to_owned());
    harness.ports.faults.fail_next("open", fault.clone());
    assert_eq!(open(&harness, "lattices"), Err(fault));
    assert!(
        harness.ports.queues.sent().is_empty(),
        "nothing before the state"
    );
}

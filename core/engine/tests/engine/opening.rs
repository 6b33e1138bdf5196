//! Opening a workflow: once, under its key.

use aegis_contracts::view::Status;
use aegis_engine::error::PortError;
use aegis_engine::stored::StoredRequest;
use aegis_engine::turn::Opened;
use aegis_testkit::life::{policy, start_request};
use aegis_testkit::world::{World, at_once};
use aegis_workflow::Start;

fn open(world: &World, topic: &str) -> Result<Opened, PortError> {
    let begin = Start {
        id: world.id.clone(),
        topic: topic.to_owned(),
        requested_by: "ada".to_owned(),
        policy: policy(),
        budget: None,
    };
    let request = StoredRequest::new(&start_request(topic), "ada").unwrap();
    at_once(world.engine.open(request, begin))
}

#[test]
fn the_first_request_opens_and_sends() {
    let world = World::empty();
    let Ok(Opened::New(workflow)) = open(&world, "lattices") else {
        panic!("new");
    };
    assert_eq!(workflow.status(), Status::Researching);
    assert_eq!(world.ports.queues.sent().len(), 1);
    assert_eq!(world.events(), ["WorkflowStarted"]);
}

#[test]
fn the_same_request_again_finds_it() {
    let world = World::empty();
    assert!(matches!(open(&world, "lattices"), Ok(Opened::New(_))));
    world.dispatch();
    let Ok(Opened::Again(workflow)) = open(&world, "lattices") else {
        panic!("again");
    };
    assert_eq!(workflow, world.workflow());
    assert_eq!(world.ports.queues.sent().len(), 1);
}

#[test]
fn another_request_under_the_same_key_conflicts() {
    let world = World::empty();
    assert!(matches!(open(&world, "lattices"), Ok(Opened::New(_))));
    assert_eq!(open(&world, "codes"), Ok(Opened::Conflict));
    assert_eq!(world.events(), ["WorkflowStarted"]);
}

#[test]
fn a_lost_command_is_no_error_and_goes_out_with_the_repetition() {
    let world = World::empty();
    let fault = PortError::Transient("queue away".to_owned());
    world.ports.faults.fail_next("send", fault);
    assert!(matches!(open(&world, "lattices"), Ok(Opened::New(_))));
    assert!(world.ports.queues.sent().is_empty());
    world.wait(1);
    assert!(matches!(open(&world, "lattices"), Ok(Opened::Again(_))));
    assert!(world.ports.queues.sent().is_empty(), "too soon to tell");
    world.wait(5);
    assert!(matches!(open(&world, "lattices"), Ok(Opened::Again(_))));
    assert_eq!(world.ports.queues.sent().len(), 1);
}

#[test]
fn the_table_s_errors_are_the_caller_s() {
    let world = World::empty();
    let fault = PortError::Throttled("slow down".to_owned());
    world.ports.faults.fail_next("open", fault.clone());
    assert_eq!(open(&world, "lattices"), Err(fault));
    assert!(
        world.ports.queues.sent().is_empty(),
        "nothing before the state"
    );
}

//! Silent agents: what their completion record says is believed if it holds.

use aegis_contracts::agent::Role;
use aegis_contracts::artifact::CompletionRecord;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::Status;
use aegis_engine::error::PortError;
use aegis_testkit::world::World;
use aegis_workflow::Phase;

use crate::sweep::tick;

/// Long enough for an agent that never gave a sign of life.
const SILENCE: u64 = 121;

#[test]
fn without_a_record_a_new_attempt_is_asked_for() {
    let world = World::dispatched();
    world.wait(SILENCE);
    tick(&world).unwrap();
    assert_eq!(world.current(), (Role::Researcher, 2));
    assert_eq!(world.last_command().body.as_step().unwrap().1.attempt, 2);
    assert_eq!(world.events(), ["WorkflowStarted", "StepRetried"]);
    assert_eq!(
        world.stops().len(),
        1,
        "whatever still works on it is ended"
    );
}

#[test]
fn after_all_attempts_the_workflow_fails() {
    let world = World::dispatched();
    for _ in 0..2 {
        world.wait(SILENCE);
        tick(&world).unwrap();
        world.wait(10);
        world.dispatch();
    }
    world.wait(SILENCE);
    tick(&world).unwrap();
    assert_eq!(world.status(), Status::Failed);
}

#[test]
fn work_whose_callback_was_lost_counts() {
    let world = World::dispatched();
    world.put_completion(&world.completion());
    world.wait(SILENCE);
    tick(&world).unwrap();
    assert_eq!(world.status(), Status::Analyzing);
    assert_eq!(world.events(), ["WorkflowStarted", "StepCompleted"]);
    assert_eq!(world.stops().len(), 1, "the attempt has ended");
}

fn believed(change: impl Fn(&mut CompletionRecord)) -> bool {
    let world = World::dispatched();
    let mut record = world.completion();
    change(&mut record);
    world.put_completion(&record);
    world.wait(SILENCE);
    tick(&world).unwrap();
    if world.status() == Status::Analyzing {
        return true;
    }
    assert_eq!(
        world.current(),
        (Role::Researcher, 2),
        "given up like any silent attempt"
    );
    false
}

#[test]
fn a_record_that_does_not_hold_is_not_believed() {
    assert!(believed(|_| {}));
    assert!(!believed(
        |record| record.workflow_id = WorkflowId::derive("eve", "k")
    ));
    assert!(!believed(|record| record.role = Role::Writer));
    assert!(!believed(|record| record.attempt = 2));
    assert!(!believed(
        |record| record.artifacts[0].sha256 = "0".repeat(64)
    ));
    assert!(!believed(|record| record.artifacts[0].size += 1));
    assert!(!believed(|record| record.artifacts[0].key.push('x')));
    assert!(
        !believed(|record| record.artifacts.clear()),
        "a result without the one artifact that counts"
    );
    assert!(!believed(
        |record| record.artifacts[0].name = "other.json".to_owned()
    ));
}

#[test]
fn a_record_that_cannot_be_read_is_not_believed() {
    let world = World::dispatched();
    let key = format!("workflows/{}/researcher/1/_completed.json", world.id);
    world.ports.artifacts.put(&key, b"{");
    world.wait(SILENCE);
    tick(&world).unwrap();
    assert_eq!(world.current(), (Role::Researcher, 2));
}

#[test]
fn a_bucket_that_does_not_answer_ends_nobody_s_work() {
    for operation in ["completion", "facts"] {
        let world = World::dispatched();
        world.put_completion(&world.completion());
        world.wait(SILENCE);
        let fault = PortError::Transient("bucket away".to_owned());
        world.ports.faults.fail_next(operation, fault);
        tick(&world).unwrap();
        assert_eq!(world.current(), (Role::Researcher, 1), "{operation}");
        tick(&world).unwrap();
        assert_eq!(world.status(), Status::Analyzing, "{operation}");
    }
}

#[test]
fn the_bucket_is_not_asked_about_commands_that_nobody_picked_up() {
    let world = World::started();
    world.put_completion(&world.completion());
    world.wait(61);
    tick(&world).unwrap();
    assert!(matches!(world.workflow().phase, Phase::Working(step) if step.sends == 2));
}

#[test]
fn work_whose_dispatch_was_never_noted_is_not_given_up_as_undeliverable() {
    let world = World::started();
    world.put_completion(&world.completion());
    while world.status() == Status::Researching {
        world.wait(60);
        tick(&world).unwrap();
    }
    assert_eq!(world.status(), Status::Analyzing);
    assert_eq!(world.events(), ["WorkflowStarted", "StepCompleted"]);
}

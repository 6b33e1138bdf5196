//! One turn: state first, then commands; races, repetitions, refusals.

use aegis_contracts::agent::Role;
use aegis_contracts::ids::WorkflowId;
use aegis_engine::error::PortError;
use aegis_engine::turn::{Outcome, Turn};
use aegis_testkit::world::{World, at_once};
use aegis_workflow::{Input, STATE_VERSION};

fn apply(world: &World, input: Input) -> Result<Turn, PortError> {
    at_once(world.engine.apply(&world.id, input))
}

fn succeeded(world: &World) -> Input {
    Input::StepSucceeded {
        role: Role::Researcher,
        attempt: 1,
        summary: "done".to_owned(),
        artifacts: vec![world.result()],
        usage: Default::default(),
    }
}

fn cancel() -> Input {
    let by = "ada".to_owned();
    Input::Cancel { by, reason: None }
}

#[test]
fn a_transition_is_written_and_its_commands_sent() {
    let world = World::dispatched();
    let turn = apply(&world, succeeded(&world)).unwrap();
    assert_eq!(turn.outcome, Outcome::Applied(world.workflow()));
    assert_eq!(turn.undelivered, None);
    let command = world.last_command();
    assert_eq!(command.body.as_step().unwrap().0, Role::Analyst);
    assert_eq!(command.version, 2);
    assert_eq!(world.events(), ["WorkflowStarted", "StepCompleted"]);
}

#[test]
fn a_command_has_no_id_of_an_event() {
    let world = World::dispatched();
    apply(&world, succeeded(&world)).unwrap();
    let history = at_once(aegis_engine::ports::Table::history(
        world.ports.table.as_ref(),
        &world.id,
    ));
    let mut ids: Vec<String> = history
        .unwrap()
        .into_iter()
        .flat_map(|entry| entry.events)
        .map(|event| event.event_id.to_string())
        .collect();
    let sent = world.ports.queues.sent().into_iter();
    ids.extend(sent.map(|sent| sent.command.event_id.to_string()));
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

#[test]
fn nothing_is_sent_for_a_state_that_was_not_written() {
    let world = World::dispatched();
    let before = (world.workflow(), world.ports.queues.sent());
    let fault = PortError::Transient("table away".to_owned());
    world.ports.faults.fail_next("commit", fault.clone());
    assert_eq!(apply(&world, succeeded(&world)), Err(fault));
    assert_eq!((world.workflow(), world.ports.queues.sent()), before);
}

#[test]
fn a_failed_send_is_told_and_the_state_stands() {
    let world = World::dispatched();
    let fault = PortError::Transient("queue away".to_owned());
    world.ports.faults.fail_next("send", fault.clone());
    let turn = apply(&world, succeeded(&world)).unwrap();
    assert_eq!(turn.undelivered, Some(fault));
    assert_eq!(world.events(), ["WorkflowStarted", "StepCompleted"]);

    // The redelivery is a duplicate that sends what is owed, but not at once.
    let sent = world.ports.queues.sent().len();
    let again = apply(&world, succeeded_again(&world)).unwrap();
    assert!(matches!(again.outcome, Outcome::Duplicate(_)));
    assert_eq!(world.ports.queues.sent().len(), sent);
    world.wait(5);
    apply(&world, succeeded_again(&world)).unwrap();
    assert_eq!(world.ports.queues.sent().len(), sent + 1);
}

fn succeeded_again(world: &World) -> Input {
    let artifacts = aegis_workflow::artifact_refs(&world.workflow());
    Input::StepSucceeded {
        role: Role::Researcher,
        attempt: 1,
        summary: "done".to_owned(),
        artifacts,
        usage: Default::default(),
    }
}

#[test]
fn a_lost_race_is_run_again() {
    let world = World::dispatched();
    world.ports.table.lose_races(7);
    let turn = apply(&world, cancel()).unwrap();
    assert!(matches!(turn.outcome, Outcome::Applied(_)));
}

#[test]
fn too_many_lost_races_are_transient() {
    let world = World::dispatched();
    world.ports.table.lose_races(8);
    assert!(matches!(
        apply(&world, cancel()),
        Err(PortError::Transient(_))
    ));
    assert_eq!(world.events(), ["WorkflowStarted"]);
}

#[test]
fn refusals_change_nothing() {
    let world = World::completed();
    let before = world.workflow();
    let refused = apply(&world, cancel()).unwrap();
    assert!(
        matches!(refused.outcome, Outcome::Illegal { .. }),
        "{refused:?}"
    );
    let (role, attempt) = (Role::Researcher, 9);
    let refused = apply(&world, Input::Dispatched { role, attempt }).unwrap();
    assert!(
        matches!(refused.outcome, Outcome::Illegal { .. }),
        "{refused:?}"
    );
    let (role, attempt) = (Role::Analyst, 1);
    let refused = apply(&world, Input::Dispatched { role, attempt }).unwrap();
    assert!(
        matches!(refused.outcome, Outcome::Stale { .. }),
        "{refused:?}"
    );
    assert_eq!(world.workflow(), before);
}

#[test]
fn an_unknown_workflow_is_not_found() {
    let world = World::started();
    let other = WorkflowId::derive("nobody", "k");
    let turn = at_once(world.engine.apply(&other, cancel())).unwrap();
    assert_eq!(turn.outcome, Outcome::NotFound);
}

#[test]
fn a_state_of_newer_code_is_left_to_it() {
    let world = World::started();
    let newer = format!(
        r#"{{"state_version":{},"flow_version":1}}"#,
        STATE_VERSION + 1
    );
    world.ports.table.overwrite(&world.id, &newer);
    assert!(matches!(
        apply(&world, cancel()),
        Err(PortError::Transient(_))
    ));
}

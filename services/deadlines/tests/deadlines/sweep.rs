//! Owed commands, moved deadlines, and what cannot be read.

use aegis_contracts::agent::Role;
use aegis_contracts::view::{PickupView, Status};
use aegis_deadlines::Deadlines;
use aegis_engine::dispatch::Dispatcher;
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler, Received};
use aegis_engine::ports::Table;
use aegis_engine::schedule::ScheduleHandler;
use aegis_testkit::world::{World, at_once};
use aegis_workflow::{Input, STATE_VERSION, failure_view, step_views};

pub fn tick(world: &World) -> Result<(), PortError> {
    let deadlines = Deadlines {
        engine: world.engine.clone(),
        artifacts: world.ports.artifacts.clone(),
        dead_letters: world.ports.dead_letters.clone(),
    };
    at_once(deadlines.tick())
}

fn sends(world: &World) -> usize {
    world.commands().len()
}

#[test]
fn nothing_due_nothing_done() {
    let world = World::started();
    let before = world.workflow();
    tick(&world).unwrap();
    world.wait(59);
    tick(&world).unwrap();
    assert_eq!((world.workflow(), sends(&world)), (before, 1));
}

#[test]
fn a_command_that_nobody_picked_up_is_sent_again_ever_more_slowly() {
    let world = World::started();
    let first = world.last_command();
    let mut gaps = Vec::new();
    for _ in 0..5 {
        let (before, mut waited) = (sends(&world), 0);
        while sends(&world) == before {
            world.wait(30);
            waited += 30;
            tick(&world).unwrap();
        }
        gaps.push(waited);
        assert_eq!(world.last_command().body, first.body);
    }
    assert_eq!(gaps, [60, 120, 240, 480, 960]);
    world.wait(1920);
    tick(&world).unwrap();
    assert_eq!(world.status(), Status::Failed);
    assert_eq!(
        failure_view(&world.workflow()).unwrap().code,
        "undeliverable"
    );
    assert_eq!(sends(&world), 6);
}

fn pickup(world: &World) -> Option<PickupView> {
    step_views(&world.workflow())[0].pickup
}

/// A dead letter that somebody puts back reaches its service like any message.
fn redrive(world: &World, letter: &Received) -> Disposition {
    let dispatcher = Dispatcher {
        engine: world.engine.clone(),
        runtime: world.ports.runtime.clone(),
        keys: world.ports.key_ring(true),
        role: Role::Researcher,
        callback_api_url: "https://api.example".to_owned(),
    };
    at_once(dispatcher.handle(letter))
}

#[test]
fn a_workflow_whose_command_died_says_so_and_goes_on_after_its_redrive() {
    let world = World::started();
    let letter = world.last_message();
    let asked_at = world.now();
    for sends in [1, 2] {
        let seen = pickup(&world).unwrap();
        assert_eq!((seen.sends, seen.waiting_since), (sends, asked_at));
        assert!(seen.resend_at.unwrap() > world.now());
        world.wait(60 * u64::from(sends));
        tick(&world).unwrap();
    }
    assert_eq!(redrive(&world, &letter), Disposition::Ack);
    assert_eq!(pickup(&world), None);
    assert_eq!(world.ports.runtime.invocations().len(), 1);
    let invoked = redrive(&world, &world.last_message());
    assert_eq!(
        (invoked, world.ports.runtime.invocations().len()),
        (Disposition::Ack, 1)
    );
}

#[test]
fn a_workflow_given_up_as_undeliverable_is_taken_up_by_its_own_redrive() {
    let world = World::started();
    let letter = world.last_message();
    while world.status() != Status::Failed {
        world.wait(1920);
        tick(&world).unwrap();
    }
    assert_eq!(redrive(&world, &letter), Disposition::Ack);
    assert_eq!(world.ports.runtime.invocations(), [], "it came too late");
    let by = "ada".to_owned();
    let version = world.workflow().version;
    world.apply(Input::Redrive { by, version });
    assert_eq!(pickup(&world).map(|seen| seen.sends), Some(1));
    assert_eq!(redrive(&world, &world.last_message()), Disposition::Ack);
    assert_eq!(
        (world.current(), pickup(&world)),
        ((Role::Researcher, 2), None)
    );
}

#[test]
fn a_heartbeat_since_then_only_moves_the_index() {
    let world = World::dispatched();
    world.wait(60);
    let (role, attempt, message) = (Role::Researcher, 1, "reading".to_owned());
    world.apply(Input::Progress {
        role,
        attempt,
        message,
        percent: None,
        usage: None,
    });
    let before = world.workflow();
    world.wait(70);
    assert!(
        before.wake_at.unwrap() <= world.now(),
        "the index still says so"
    );
    tick(&world).unwrap();
    let after = world.workflow();
    assert_eq!(
        (after.version, after.status()),
        (before.version, Status::Researching)
    );
    assert!(after.wake_at.unwrap() > world.now());
}

#[test]
fn a_state_that_cannot_be_read_stops_no_other() {
    for broken in [
        "{".to_owned(),
        format!(
            r#"{{"state_version":{},"flow_version":1}}"#,
            STATE_VERSION + 1
        ),
    ] {
        let world = World::started();
        let other = aegis_testkit::life::Life::begin("broken", world.now());
        let opened = world
            .ports
            .table
            .open(&other.workflow, &other.request, &other.entry);
        at_once(opened).unwrap();
        world.ports.table.overwrite(other.id(), &broken);
        world.wait(60);
        tick(&world).unwrap();
        assert_eq!(sends(&world), 2, "the readable one was sent again");
    }
}

#[test]
fn more_than_a_page_is_swept_in_one_tick() {
    let world = World::empty();
    for _ in 0..250 {
        let life = aegis_testkit::life::Life::begin("many", world.now());
        at_once(
            world
                .ports
                .table
                .open(&life.workflow, &life.request, &life.entry),
        )
        .unwrap();
    }
    world.wait(60);
    tick(&world).unwrap();
    assert_eq!(sends(&world), 250);
}

#[test]
fn a_send_that_fails_is_owed_until_the_next_time() {
    let world = World::started();
    world.wait(60);
    let fault = PortError::Transient("queue away".to_owned());
    world.ports.faults.fail_next("send", fault);
    tick(&world).unwrap();
    assert_eq!(sends(&world), 1);
    world.wait(120);
    tick(&world).unwrap();
    assert_eq!(sends(&world), 2);
}

#[test]
fn an_index_that_cannot_be_read_fails_the_tick() {
    let world = World::started();
    let fault = PortError::Throttled("slow down".to_owned());
    world.ports.faults.fail_next("due", fault.clone());
    assert_eq!(tick(&world), Err(fault));
    // One workflow that cannot be loaded does not.
    world.wait(60);
    let fault = PortError::Transient("lost".to_owned());
    world.ports.faults.fail_next("load", fault);
    assert_eq!(tick(&world), Ok(()));
    tick(&world).unwrap();
    assert_eq!(sends(&world), 2);
}

#[test]
fn two_sweeps_at_once_send_once() {
    let world = World::started();
    world.wait(60);
    tick(&world).unwrap();
    tick(&world).unwrap();
    assert_eq!(sends(&world), 2);
}

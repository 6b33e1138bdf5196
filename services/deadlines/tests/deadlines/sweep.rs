//! Owed commands, moved deadlines, and what cannot be read.

use aegis_contracts::view::{PickupView, Status};
use aegis_deadlines::Deadlines;
use aegis_engine::dispatch::Dispatcher;
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler, Received};
use aegis_engine::ports::Table;
use aegis_engine::schedule::ScheduleHandler;
use aegis_testkit::flow::{attempt, name};
use aegis_testkit::harness::{Harness, at_once};
use aegis_workflow::{Heartbeat, Input, Redrive, STATE_VERSION, failure_view, step_views};

pub fn tick(harness: &Harness) -> Result<(), PortError> {
    let deadlines = Deadlines {
        engine: harness.engine.clone(),
        artifacts: harness.ports.artifacts.clone(),
        dead_letters: harness.ports.dead_letters.clone(),
    };
    at_once(deadlines.tick())
}

fn sends(harness: &Harness) -> usize {
    harness.commands().len()
}

#[test]
fn nothing_due_nothing_done() {
    let harness = Harness::started();
    let before = harness.workflow();
    tick(&harness).unwrap();
    harness.wait(59);
    tick(&harness).unwrap();
    assert_eq!((harness.workflow(), sends(&harness)), (before, 1));
}

#[test]
fn a_command_that_nobody_picked_up_is_sent_again_ever_more_slowly() {
    let harness = Harness::started();
    let first = harness.last_command();
    let mut gaps = Vec::new();
    for _ in 0..5 {
        let (before, mut waited) = (sends(&harness), 0);
        while sends(&harness) == before {
            harness.wait(30);
            waited += 30;
            tick(&harness).unwrap();
        }
        gaps.push(waited);
        assert_eq!(harness.last_command().body, first.body);
    }
    assert_eq!(gaps, [60, 120, 240, 480, 960]);
    harness.wait(1920);
    tick(&harness).unwrap();
    assert_eq!(harness.status(), Status::Failed);
    assert_eq!(
        failure_view(&harness.workflow()).unwrap().code,
        "undeliverable"
    );
    assert_eq!(sends(&harness), 6);
}

fn pickup(harness: &Harness) -> Option<PickupView> {
    step_views(&harness.workflow())[0].pickup
}

/// A dead letter that somebody puts back reaches its service like any message.
fn redrive(harness: &Harness, letter: &Received) -> Disposition {
    let dispatcher = Dispatcher {
        engine: harness.engine.clone(),
        runtime: harness.ports.runtime.clone(),
        keys: harness.ports.key_ring(true),
        agent: name("researcher"),
        callback_api_url: "https://api.example".to_owned(),
    };
    at_once(dispatcher.handle(letter))
}

#[test]
fn a_workflow_whose_command_died_says_so_and_goes_on_after_its_redrive() {
    let harness = Harness::started();
    let letter = harness.last_message();
    let asked_at = harness.now();
    for sends in [1, 2] {
        let seen = pickup(&harness).unwrap();
        assert_eq!((seen.sends, seen.waiting_since), (sends, asked_at));
        assert!(seen.resend_at.unwrap() > harness.now());
        harness.wait(60 * u64::from(sends));
        tick(&harness).unwrap();
    }
    assert_eq!(redrive(&harness, &letter), Disposition::Ack);
    assert_eq!(pickup(&harness), None);
    assert_eq!(harness.ports.runtime.invocations().len(), 1);
    let invoked = redrive(&harness, &harness.last_message());
    assert_eq!(
        (invoked, harness.ports.runtime.invocations().len()),
        (Disposition::Ack, 1)
    );
}

#[test]
fn a_workflow_given_up_as_undeliverable_is_taken_up_by_its_own_redrive() {
    let harness = Harness::started();
    let letter = harness.last_message();
    while harness.status() != Status::Failed {
        harness.wait(1920);
        tick(&harness).unwrap();
    }
    assert_eq!(redrive(&harness, &letter), Disposition::Ack);
    assert_eq!(harness.ports.runtime.invocations(), [], "it came too late");
    let by = "ada".to_owned();
    let version = harness.workflow().version;
    let found = Vec::new();
    harness.apply(Input::Redrive(Redrive { by, version, found }));
    assert_eq!(pickup(&harness).map(|seen| seen.sends), Some(1));
    assert_eq!(redrive(&harness, &harness.last_message()), Disposition::Ack);
    assert_eq!(
        (harness.current(), pickup(&harness)),
        (attempt("research", 2), None)
    );
}

#[test]
fn a_heartbeat_since_then_only_moves_the_index() {
    let harness = Harness::dispatched();
    harness.wait(60);
    harness.apply(Input::Progress(Heartbeat {
        of: harness.current(),
        message: "reading".to_owned(),
        percent: None,
        usage: None,
    }));
    let before = harness.workflow();
    harness.wait(70);
    assert!(
        before.wake_at.unwrap() <= harness.now(),
        "the index still says so"
    );
    tick(&harness).unwrap();
    let after = harness.workflow();
    assert_eq!(
        (after.version, after.status()),
        (before.version, Status::Running)
    );
    assert!(after.wake_at.unwrap() > harness.now());
}

#[test]
fn a_state_that_cannot_be_read_stops_no_other() {
    for broken in [
        "{".to_owned(),
        format!(r#"{{"state_version":{}}}"#, STATE_VERSION + 1),
    ] {
        let harness = Harness::started();
        let other = aegis_testkit::life::Life::begin("broken", harness.now());
        let opened = harness
            .ports
            .table
            .open(&other.workflow, &other.request, &other.entry);
        at_once(opened).unwrap();
        harness.ports.table.overwrite(other.id(), &broken);
        harness.wait(60);
        tick(&harness).unwrap();
        assert_eq!(sends(&harness), 2, "the readable one was sent again");
    }
}

#[test]
fn more_than_a_page_is_swept_in_one_tick() {
    let harness = Harness::empty();
    for _ in 0..250 {
        let life = aegis_testkit::life::Life::begin("many", harness.now());
        at_once(
            harness
                .ports
                .table
                .open(&life.workflow, &life.request, &life.entry),
        )
        .unwrap();
    }
    harness.wait(60);
    tick(&harness).unwrap();
    assert_eq!(sends(&harness), 250);
}

#[test]
fn a_send_that_fails_is_owed_until_the_next_time() {
    let harness = Harness::started();
    harness.wait(60);
    let fault = PortError::Transient("queue away".to_owned());
    harness.ports.faults.fail_next("send", fault);
    tick(&harness).unwrap();
    assert_eq!(sends(&harness), 1);
    harness.wait(120);
    tick(&harness).unwrap();
    assert_eq!(sends(&harness), 2);
}

#[test]
fn an_index_that_cannot_be_read_fails_the_tick() {
    let harness = Harness::started();
    let fault = PortError::Throttled("slow down".to_owned());
    harness.ports.faults.fail_next("due", fault.clone());
    assert_eq!(tick(&harness), Err(fault));
    // One workflow that cannot be loaded does not.
    harness.wait(60);
    let fault = PortError::Transient("lost".to_owned());
    harness.ports.faults.fail_next("load", fault);
    assert_eq!(tick(&harness), Ok(()));
    tick(&harness).unwrap();
    assert_eq!(sends(&harness), 2);
}

#[test]
fn two_sweeps_at_once_send_once() {
    let harness = Harness::started();
    harness.wait(60);
    tick(&harness).unwrap();
    tick(&harness).unwrap();
    assert_eq!(sends(&harness), 2);
}

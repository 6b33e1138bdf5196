//! A command that waits because the agent runtime has no free session.

use std::time::Duration;

use aegis_contracts::agent::Role;
use aegis_workflow::{Answer, Input, Rejection, Rules};

use crate::rules::{failure, seconds};
use crate::walk::{Walk, policy, rules};

fn throttled(wait: u64) -> Input {
    Input::Throttled {
        role: Role::Researcher,
        attempt: 1,
        wait: Duration::from_secs(wait),
    }
}

fn current(walk: &Walk) -> &aegis_workflow::Step {
    walk.workflow.current_step(Role::Researcher, 1).unwrap()
}

/// The dispatcher is told every other minute that no session is free.
#[test]
fn who_waits_for_a_free_session_does_not_use_up_sends_and_fails_by_the_hour() {
    let mut walk = Walk::begin();
    let begun = walk.now;
    let mut noted = 0;
    while !walk.workflow.status().is_terminal() {
        let due = walk.workflow.due_at(&walk.rules).unwrap();
        assert!(due > walk.now, "the sweep has nothing to do meanwhile");
        match walk.answer(throttled(110)) {
            Answer::Touch(touch) => {
                noted += 1;
                walk.workflow = touch.next;
                assert_eq!(current(&walk).throttled_at, Some(walk.now));
            }
            Answer::Rejected(Rejection::Duplicate) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(current(&walk).sends, 1);
        walk = walk.wait(Duration::from_secs(120));
        if walk.workflow.due_at(&walk.rules).unwrap() <= walk.now {
            walk = walk.then(Input::DeadlinePassed);
        }
    }
    let (code, message) = failure(&walk.workflow);
    assert_eq!(code, "agent_capacity");
    assert!(message.contains("48.0 h"), "{message}");
    assert_eq!(walk.now.since(begun), Duration::from_secs(48 * 3600));
    assert!((50..150).contains(&noted), "noted {noted} times");
}

#[test]
fn a_copy_that_is_lost_while_no_session_is_free_is_sent_again() {
    let mut walk = Walk::begin().then(throttled(40));
    let mut waits = Vec::new();
    while !walk.workflow.status().is_terminal() {
        waits.push(seconds(&walk));
        let sent = current(&walk).sends;
        walk = walk.until_due();
        let looked = walk.workflow.silent_step(&walk.rules, walk.now).is_some();
        walk = walk.then(Input::DeadlinePassed);
        let ended = walk.workflow.status().is_terminal();
        assert_eq!(
            looked, ended,
            "its completion record is looked for at the end"
        );
        assert!(ended || current(&walk).sends == sent + 1);
    }
    assert_eq!(waits[..6], [100, 100, 200, 400, 800, 1600]);
    assert!(waits.iter().all(|wait| *wait <= 3600), "{waits:?}");
    assert_eq!(waits.iter().sum::<u64>(), 48 * 3600);
    assert_eq!(failure(&walk.workflow).0, "agent_capacity");
}

#[test]
fn once_a_session_was_free_nothing_is_left_of_the_wait() {
    let walk = Walk::begin().then(throttled(120)).dispatched();
    assert_eq!(current(&walk).throttled_at, None);
    assert_eq!(walk.rejection(throttled(120)), Rejection::Duplicate);
    assert_eq!(seconds(&walk), 120, "to the first sign of life");
}

/// Where nobody is to wait, or the dispatcher came too late.
#[test]
fn a_wait_that_is_over_when_it_is_first_heard_of_ends_for_its_own_reason() {
    let rules = Rules {
        capacity_timeout: Duration::ZERO,
        ..rules()
    };
    let walk = Walk::under(rules, policy(), None).wait(Duration::from_secs(5));
    let ended = walk.then(throttled(30)).then(Input::DeadlinePassed);
    assert_eq!(failure(&ended.workflow).0, "agent_capacity");
}

#[test]
fn a_wait_that_is_over_soon_is_not_noted() {
    assert_eq!(
        Walk::begin().rejection(throttled(30)),
        Rejection::Duplicate,
        "back half a minute before it would be sent again"
    );
    Walk::begin().then(throttled(31));
}

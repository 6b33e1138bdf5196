//! A step that waits because the agent runtime has no free session.

use std::collections::BTreeSet;
use std::time::Duration;

use aegis_contracts::ids::WorkflowId;
use aegis_workflow::{Input, Rejection, Rules, Work};

use crate::rules::{failure, seconds};
use crate::walk::{Walk, attempt, policy, rules};

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;

fn throttled() -> Input {
    Input::Throttled(attempt("research", 1))
}

fn current(walk: &Walk) -> &Work {
    walk.workflow.current_work(&attempt("research", 1)).unwrap()
}

/// Seconds between the sends of the sweep, until the wait ends.
fn pauses(mut walk: Walk) -> (Vec<u64>, Walk) {
    let mut pauses = Vec::new();
    while !walk.workflow.status().is_terminal() {
        let sent = current(&walk).sends;
        pauses.push(seconds(&walk));
        walk = walk.until_due();
        let looked = !walk.workflow.silent_work(&walk.rules, walk.now).is_empty();
        walk = walk.then(Input::DeadlinePassed);
        let ended = walk.workflow.status().is_terminal();
        assert!(
            looked || !ended,
            "its completion record is looked for at the end"
        );
        assert!(ended || current(&walk).sends == sent + 1);
    }
    (pauses, walk)
}

#[test]
fn who_waits_for_a_free_session_does_not_use_up_sends_and_fails_by_the_hour() {
    let walk = Walk::begin().then(throttled());
    let begun = walk.now;
    let (pauses, walk) = pauses(walk);
    let (code, message) = failure(&walk.workflow);
    assert_eq!(code, "agent_capacity");
    assert!(message.contains("48.0 h"), "{message}");
    assert_eq!(walk.now.since(begun), Duration::from_secs(48 * HOUR));
    assert_eq!(pauses.iter().sum::<u64>(), 48 * HOUR);
    // A quarter of an hour each, on average.
    assert!((160..230).contains(&pauses.len()), "{}", pauses.len());
}

/// Between half and all of the time waited so far, a minute at first and twenty at last.
#[test]
fn the_pauses_grow_with_the_wait_and_are_spread() {
    let mut waited = 0;
    let (pauses, _) = pauses(Walk::begin().then(throttled()));
    for pause in &pauses[..pauses.len() - 1] {
        let most = waited.clamp(MINUTE, 20 * MINUTE);
        assert!((most / 2..=most).contains(pause), "{pause} after {waited}");
        waited += pause;
    }
    let of_others: BTreeSet<u64> = (0..50)
        .map(|number| {
            let mut walk = Walk::begin().wait(Duration::from_secs(HOUR));
            walk.workflow.id = WorkflowId::derive("ada", &format!("k{number}"));
            seconds(&walk.then(throttled()))
        })
        .collect();
    assert!(of_others.len() > 40, "{of_others:?}");
}

/// The sweep sends the command, and has already set the time of the next send when that one is refused too.
#[test]
fn it_is_noted_once_and_nobody_but_the_sweep_sends_the_command() {
    let waiting = Walk::begin()
        .wait(Duration::from_secs(30))
        .then(throttled());
    assert_eq!(current(&waiting).throttled_at, Some(waiting.now));
    assert_eq!(waiting.workflow.wake_at, current(&waiting).resend_at);
    let sent_again = waiting.clone().until_due().then(Input::DeadlinePassed);
    for walk in [waiting, sent_again] {
        for wait in [0, 5, 60, 3 * HOUR] {
            let later = walk.clone().wait(Duration::from_secs(wait));
            for input in [throttled(), Input::Resent] {
                assert_eq!(later.rejection(input), Rejection::Duplicate, "{wait} s");
            }
        }
    }
}

#[test]
fn once_a_session_was_free_nothing_is_left_of_the_wait() {
    let walk = Walk::begin().then(throttled()).dispatched();
    assert_eq!(current(&walk).throttled_at, None);
    assert_eq!(walk.rejection(throttled()), Rejection::Duplicate);
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
    let ended = walk.then(throttled()).then(Input::DeadlinePassed);
    assert_eq!(failure(&ended.workflow).0, "agent_capacity");
}

//! Stops that the state owes: sent after the commit, struck off once sent, sent again by whoever comes next.

use aegis_contracts::attempt::Attempt;
use aegis_engine::apply::{Applied, Outcome};
use aegis_engine::error::PortError;
use aegis_testkit::flow::attempt;
use aegis_testkit::harness::{Harness, at_once};
use aegis_testkit::measured::measured;
use aegis_workflow::{Input, StepFailure, codes};

fn away() -> PortError {
    PortError::Transient("away".to_owned())
}

fn cancel(harness: &Harness) -> Applied {
    let by = "ada".to_owned();
    let cancel = Input::Cancel { by, reason: None };
    at_once(harness.engine.apply(&harness.id, cancel)).unwrap()
}

fn owed(harness: &Harness) -> Vec<Attempt> {
    let stops = harness.workflow().stops;
    stops.map(|stops| stops.of).unwrap_or_default()
}

#[test]
fn a_stop_that_was_sent_is_owed_no_more() {
    let harness = Harness::dispatched();
    let before = harness.workflow().seq;
    let turn = cancel(&harness);
    assert_eq!(turn.outcome, Outcome::Applied(harness.workflow()));
    assert_eq!((owed(&harness), harness.stops().len()), (vec![], 1));
    let after = harness.workflow();
    assert_eq!((after.seq, after.wake_at), (before + 2, None));
}

/// The next write is the next step's: the way of a workflow without faults has not one more.
#[test]
fn a_report_costs_one_write() {
    let harness = Harness::dispatched();
    let before = harness.workflow().seq;
    harness.succeed();
    assert_eq!(harness.workflow().seq, before + 1);
    assert_eq!(harness.stops().len(), 1);
}

#[test]
fn a_stop_that_could_not_be_sent_holds_nothing_up_and_is_sent_by_the_sweep() {
    let harness = Harness::dispatched();
    harness.ports.faults.fail_next("send", away());
    let turn = cancel(&harness);
    assert!(matches!(turn.outcome, Outcome::Applied(_)));
    assert_eq!(turn.undelivered, None, "nobody has to come back for it");
    assert_eq!(owed(&harness), [attempt("research", 1)]);
    harness.wait(60);
    harness.apply(Input::DeadlinePassed);
    assert_eq!((owed(&harness), harness.stops().len()), (vec![], 1));
}

#[test]
fn a_repeated_request_sends_what_is_owed() {
    let harness = Harness::dispatched();
    harness.ports.faults.fail_next("send", away());
    cancel(&harness);
    harness.wait(4);
    cancel(&harness);
    assert_eq!(harness.stops().len(), 0, "somebody else may be about it");
    harness.wait(1);
    let again = cancel(&harness);
    assert_eq!(again.outcome, Outcome::Duplicate(harness.workflow()));
    assert_eq!((owed(&harness), harness.stops().len()), (vec![], 1));
}

#[test]
fn a_stop_that_was_sent_and_not_struck_off_is_sent_again() {
    let harness = Harness::dispatched();
    harness.ports.faults.fail_next("touch", away());
    let turn = cancel(&harness);
    assert!(matches!(turn.outcome, Outcome::Applied(_)));
    assert_eq!(owed(&harness), [attempt("research", 1)]);
    harness.wait(60);
    harness.apply(Input::DeadlinePassed);
    assert_eq!((owed(&harness), harness.stops().len()), (vec![], 2));
    let [first, again] = &harness.stops()[..] else {
        panic!("two of them");
    };
    assert_eq!(first.event_id, again.event_id, "it is the same command");
}

/// Its own queue would invoke it again, and its role lets it send no command.
#[test]
fn a_dispatcher_leaves_the_stops_to_the_sweep() {
    let harness = Harness::started();
    let refused = StepFailure {
        code: codes::AGENT_REFUSED.to_owned(),
        message: "the agent answered 400".to_owned(),
        transient: false,
        usage: None,
    };
    harness.apply(Input::StepFailed(attempt("research", 1), refused));
    assert_eq!(harness.stops(), []);
    assert_eq!(owed(&harness), [attempt("research", 1)]);
    harness.wait(60);
    harness.apply(Input::DeadlinePassed);
    assert_eq!((owed(&harness), harness.stops().len()), (vec![], 1));
}

#[test]
fn stops_that_can_never_be_sent_are_given_up_and_counted() {
    let found = measured(|| {
        let harness = Harness::dispatched();
        harness.ports.faults.fail_next("send", away());
        cancel(&harness);
        for _ in 1..harness.engine.rules.max_sends {
            harness.ports.faults.fail_next("send", away());
            harness.wait(3600);
            harness.apply(Input::DeadlinePassed);
            assert_eq!(owed(&harness), [attempt("research", 1)]);
        }
        harness.wait(3600);
        harness.apply(Input::DeadlinePassed);
        assert_eq!((owed(&harness), harness.stops()), (vec![], vec![]));
        assert_eq!(harness.workflow().wake_at, None);
    });
    assert_eq!(found["StopsGivenUp Agent=researcher"], [1.0]);
}

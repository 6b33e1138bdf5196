//! Stops of sessions are owed until they were sent, or were sent often enough.

use std::slice;
use std::time::Duration;

use aegis_contracts::attempt::Attempt;
use aegis_contracts::view::Status;
use aegis_workflow::{Answer, Input, RESEND_FLOOR, Rejection, StepFailure, codes};
use serde_json::json;

use crate::laws;
use crate::walk::{
    Walk, attempt, cancel, failed, flow, policy, progress, redrive, rules, succeeded,
};

fn owed(walk: &Walk) -> Vec<Attempt> {
    let stops = walk.workflow.stops.iter();
    stops.flat_map(|stops| stops.of.clone()).collect()
}

fn sent(walk: &Walk, input: Input) -> Vec<Attempt> {
    let stops = match walk.answer(input) {
        Answer::Transition(transition) => transition.stops,
        Answer::Touch(touch) => touch.stops,
        Answer::Rejected(why) => panic!("{why:?}"),
    };
    stops.into_iter().map(|stop| stop.of).collect()
}

/// Two steps at work at once.
fn both() -> Walk {
    let flow = flow(json!({
        "flow": "both", "version": 1, "title": "Both",
        "steps": [
            {"parallel": [
                {"step": "weigh", "agent": "analyst", "writes": "weights.json"},
                {"step": "doubt", "agent": "critic", "writes": "doubts.json"}]},
            {"step": "close", "agent": "writer", "reads": ["weigh", "doubt"], "writes": "end.md"},
        ],
        "result": "close",
    }));
    Walk::of(flow, rules(), policy(), None)
}

#[test]
fn a_report_of_its_own_owes_nothing() {
    let walk = Walk::begin().dispatched();
    let of = walk.current();
    for report in [
        succeeded(&walk.workflow, of.clone()),
        failed(of.clone(), true),
        failed(of.clone(), false),
    ] {
        assert_eq!(sent(&walk, report.clone()), slice::from_ref(&of));
        assert_eq!(owed(&walk.clone().owing(report)), []);
    }
}

#[test]
fn a_failure_leaves_the_stop_of_its_sibling_owed() {
    let (weigh, doubt) = (attempt("weigh", 1), attempt("doubt", 1));
    let failed = both().owing(failed(doubt, false));
    assert_eq!(failed.workflow.status(), Status::Failed);
    assert_eq!(owed(&failed), [weigh]);
}

/// The dispatcher speaks, not the agent: an earlier delivery may have started it.
#[test]
fn a_refusal_of_the_runtime_is_no_report() {
    let refused = StepFailure {
        code: codes::AGENT_REFUSED.to_owned(),
        message: "no such runtime".to_owned(),
        transient: false,
        usage: None,
    };
    let of = attempt("weigh", 1);
    let failed = both().owing(Input::StepFailed(of.clone(), refused));
    assert_eq!(owed(&failed), [of, attempt("doubt", 1)]);
}

#[test]
fn stops_are_sent_again_less_and_less_often_and_then_given_up() {
    let mut walk = Walk::begin().owing(cancel());
    let pickup = walk.rules.pickup_timeout;
    for send in 1..walk.rules.max_sends {
        let before = walk.now;
        walk = walk.until_due();
        assert_eq!(walk.now.since(before), pickup * 2u32.pow(send - 1));
        assert_eq!(sent(&walk, Input::DeadlinePassed), owed(&walk));
        walk.workflow = laws::check(&walk, &Input::DeadlinePassed);
    }
    walk = walk.until_due();
    assert_eq!(sent(&walk, Input::DeadlinePassed), []);
    let ended = walk.owing(Input::DeadlinePassed);
    assert_eq!(owed(&ended), []);
    assert_eq!(
        (ended.workflow.wake_at, ended.workflow.status()),
        (None, Status::Cancelled)
    );
}

#[test]
fn a_redelivery_sends_them_again_and_no_two_at_once() {
    let walk = Walk::begin().owing(cancel());
    assert_eq!(walk.rejection(Input::Resent), Rejection::Duplicate);
    let walk = walk.wait(RESEND_FLOOR);
    assert_eq!(sent(&walk, Input::Resent), owed(&walk));
    let walk = walk.owing(Input::Resent);
    assert_eq!(walk.rejection(Input::Resent), Rejection::Duplicate);
    let sent = Input::StopsSent(owed(&walk));
    let told = walk.owing(sent.clone());
    assert_eq!(told.workflow.wake_at, None, "nobody has to look any more");
    assert_eq!(told.rejection(sent), Rejection::Duplicate);
}

#[test]
fn what_was_owed_before_is_sent_with_what_is_owed_now() {
    let (weigh, doubt) = (attempt("weigh", 1), attempt("doubt", 1));
    let walk = both().owing(Input::Dispatched(weigh.clone()));
    let walk = walk.owing(Input::Dispatched(doubt.clone()));
    let walk = walk
        .wait(Duration::from_secs(60))
        .owing(progress(doubt.clone()));
    let walk = walk.until_due().owing(Input::DeadlinePassed);
    assert_eq!(owed(&walk), slice::from_ref(&weigh));
    // At the very same moment.
    let all = [weigh.clone(), doubt.clone(), attempt("weigh", 2)];
    assert_eq!(sent(&walk, cancel()), all);
    let cancelled = walk.owing(cancel());
    assert_eq!(owed(&cancelled), all);
    let told = cancelled.owing(Input::StopsSent(vec![weigh]));
    assert_eq!(owed(&told), all[1..]);
}

#[test]
fn a_redrive_leaves_what_is_owed_of_old_attempts() {
    let walk = both().owing(failed(attempt("doubt", 1), false));
    let version = walk.workflow.version;
    let redriven = walk.owing(redrive(version));
    assert_eq!(owed(&redriven), [attempt("weigh", 1)]);
    assert_eq!(
        redriven.at_work(),
        [attempt("weigh", 2), attempt("doubt", 2)]
    );
    let later = redriven.until_due();
    assert_eq!(sent(&later, Input::DeadlinePassed), [attempt("weigh", 1)]);
}

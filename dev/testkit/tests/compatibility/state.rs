//! The state of a workflow.

use aegis_contracts::approval::DecisionKind;
use aegis_contracts::request::Budget;
use aegis_engine::error::PortError;
use aegis_engine::stored::decode_state;
use aegis_testkit::flow::{report, survey, triage};
use aegis_testkit::harness::Harness;
use aegis_workflow::{
    Answer, Heartbeat, Input, Pinned, STATE_VERSION, StepFailure, StoredWorkflow, Workflow, decide,
};
use serde_json::{Value, to_value};

use crate::{golden, json};

fn retried() -> Harness {
    let harness = Harness::dispatched();
    let failure = StepFailure {
        code: "storage_unavailable".to_owned(),
        message: "the bucket did not answer".to_owned(),
        transient: true,
        usage: None,
    };
    harness.apply(Input::StepFailed(harness.current(), failure));
    harness
}

/// With a budget, and a comment on what should change.
fn revised() -> Harness {
    let harness = Harness::awaiting_approval_within(Budget {
        max_cost_usd: Some(5.0),
        max_tokens: Some(100_000),
        max_duration_minutes: Some(600.0),
    });
    harness.decide(DecisionKind::RequestChanges);
    harness
}

fn at_work() -> Harness {
    let harness = Harness::dispatched();
    harness.apply(Input::Progress(Heartbeat {
        of: harness.current(),
        message: "reading".to_owned(),
        percent: Some(10),
        usage: Some(aegis_contracts::usage::Usage {
            input_tokens: 12,
            output_tokens: 3,
            cost_usd: 0.25,
        }),
    }));
    harness
}

/// Called off, and nobody could tell the dispatcher.
fn stop_owed() -> Harness {
    let harness = Harness::dispatched();
    let away = PortError::Transient("away".to_owned());
    harness.ports.faults.fail_next("send", away);
    harness.cancel();
    harness
}

type Make = fn() -> Harness;

fn reminded() -> Harness {
    let harness = Harness::awaiting_approval();
    harness.wait(25 * 3600);
    harness.apply(Input::DeadlinePassed);
    harness
}

/// The first of two approvals is settled, and what it was about is kept.
fn second_approval() -> Harness {
    let harness = Harness::started_in(triage());
    harness.succeed();
    harness.decide(DecisionKind::Approve);
    harness.succeed();
    harness.succeed();
    harness
}

fn lost() -> StepFailure {
    StepFailure {
        code: "nothing_found".to_owned(),
        message: "no document has it".to_owned(),
        transient: false,
        usage: None,
    }
}

/// One branch is done, one is lost, two are at work, within a budget.
fn branches() -> Harness {
    let harness = Harness::started_in(survey());
    harness.succeed();
    harness.apply(Input::StepFailed(harness.current(), lost()));
    harness.succeed();
    harness
}

/// Another one is lost, and the last one stopped.
fn branches_failed() -> Harness {
    let harness = branches();
    harness.apply(Input::StepFailed(harness.current(), lost()));
    harness
}

const STATES: [(&str, Make); 15] = [
    ("state-requested", Harness::started as Make),
    ("state-dispatched", Harness::dispatched),
    ("state-at-work", at_work),
    ("state-retried", retried),
    ("state-awaiting-approval", Harness::awaiting_approval),
    ("state-reminded", reminded),
    ("state-revised", revised),
    ("state-second-approval", second_approval),
    ("state-writing", Harness::writing),
    ("state-completed", Harness::completed),
    ("state-failed", Harness::failed),
    ("state-cancelled", Harness::cancelled),
    ("state-stop-owed", stop_owed),
    ("state-branches", branches),
    ("state-branches-failed", branches_failed),
];

/// (name, what released code wrote)
fn all() -> Vec<(&'static str, Value)> {
    let read = |(name, make): (&'static str, Make)| {
        let now = to_value(make().workflow()).unwrap();
        (name, golden::read(name, &now))
    };
    STATES.into_iter().map(read).collect()
}

fn decoded(json: &Value) -> StoredWorkflow {
    decode_state(&json.to_string()).unwrap()
}

/// With the definition that it is pinned to.
fn whole(json: &Value) -> Workflow {
    let stored = decoded(json);
    let known = [report(), Pinned::new(triage()), Pinned::new(survey())].into_iter();
    let mut known = known.filter(|flow| *flow.id() == stored.flow);
    let flow = known.next().unwrap();
    stored.with_flow(flow).unwrap()
}

#[test]
fn what_released_code_stored_is_read_and_written_unchanged() {
    for (name, stored) in all() {
        assert_eq!(to_value(decoded(&stored)).unwrap(), stored, "{name}");
        assert_eq!(to_value(whole(&stored)).unwrap(), stored, "{name}");
    }
}

#[test]
fn what_released_code_stored_goes_on() {
    for (name, stored) in all() {
        let workflow = whole(&stored);
        let cancel = Input::Cancel {
            by: "ada".to_owned(),
            reason: None,
        };
        let now = workflow.updated_at;
        let rules = aegis_workflow::Rules::default();
        match decide(&rules, &workflow, cancel, now) {
            Answer::Transition(done) => {
                assert_eq!(done.next.flow, workflow.flow, "{name}");
                whole(&to_value(done.next).unwrap());
            }
            Answer::Touch(_) => panic!("{name}: a cancel is a transition"),
            Answer::Rejected(_) => assert!(workflow.status().is_terminal(), "{name}"),
        }
    }
}

#[test]
fn what_newer_code_added_is_passed_over_at_every_depth() {
    for (name, stored) in all() {
        let known = decoded(&stored);
        // The phase names its kind by its only key; attempts and policies have names of the flow for keys.
        for (pointer, newer) in json::added_to(&stored, &["/phase", "/a", "/p"]) {
            let read = decode_state(&newer.to_string());
            assert_eq!(read, Ok(known.clone()), "{name} {pointer}");
        }
    }
}

#[test]
fn what_newer_code_must_not_lose_is_left_to_it() {
    for (name, stored) in all() {
        let mut newer = stored.clone();
        newer["state_version"] = (STATE_VERSION + 1).into();
        newer["phase"] = serde_json::json!({"dancing": {}});
        let refused = decode_state(&newer.to_string()).unwrap_err();
        assert!(!refused.is_permanent(), "{name}: {refused}");
    }
}

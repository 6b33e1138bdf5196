//! Silent agents: what their completion record says is believed if it holds. Else their sessions are stopped, which a workflow
//! that has ended owes too.

use aegis_contracts::artifact::CompletionRecord;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::Status;
use aegis_engine::error::PortError;
use aegis_testkit::flow::{attempt, name, triage};
use aegis_testkit::harness::Harness;
use aegis_workflow::{Heartbeat, Input};

use crate::sweep::tick;

/// Long enough for an agent that never gave a sign of life.
const SILENCE: u64 = 121;

#[test]
fn without_a_record_a_new_attempt_is_asked_for() {
    let harness = Harness::dispatched();
    harness.wait(SILENCE);
    tick(&harness).unwrap();
    assert_eq!(harness.current(), attempt("research", 2));
    assert_eq!(harness.last_run().of.attempt, 2);
    assert_eq!(harness.events(), ["WorkflowStarted", "StepRetried"]);
    assert_eq!(
        harness.stops().len(),
        1,
        "whatever still works on it is ended"
    );
}

#[test]
fn after_all_attempts_the_workflow_fails() {
    let harness = Harness::dispatched();
    for _ in 0..2 {
        harness.wait(SILENCE);
        tick(&harness).unwrap();
        harness.wait(10);
        harness.dispatch();
    }
    harness.wait(SILENCE);
    tick(&harness).unwrap();
    assert_eq!(harness.status(), Status::Failed);
}

#[test]
fn work_whose_callback_was_lost_counts() {
    let harness = Harness::dispatched();
    harness.put_completion(&harness.completion());
    harness.wait(SILENCE);
    tick(&harness).unwrap();
    assert_eq!(harness.current().step, name("analyze"));
    assert_eq!(harness.events(), ["WorkflowStarted", "StepCompleted"]);
    assert_eq!(harness.stops().len(), 1, "the attempt has ended");
}

fn believed(change: impl Fn(&mut CompletionRecord)) -> bool {
    let harness = Harness::dispatched();
    let mut record = harness.completion();
    change(&mut record);
    harness.put_completion(&record);
    harness.wait(SILENCE);
    tick(&harness).unwrap();
    if harness.current().step == name("analyze") {
        return true;
    }
    assert_eq!(
        harness.current(),
        attempt("research", 2),
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
    assert!(!believed(|record| record.of.step = name("write")));
    assert!(!believed(|record| record.of.attempt = 2));
    assert!(!believed(|record| record.of.branch = Some(1)));
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
    let harness = Harness::dispatched();
    let key = format!("workflows/report/{}/research/1/_completed.json", harness.id);
    harness.ports.artifacts.put(&key, b"{");
    harness.wait(SILENCE);
    tick(&harness).unwrap();
    assert_eq!(harness.current(), attempt("research", 2));
}

#[test]
fn a_bucket_that_does_not_answer_ends_nobody_s_work() {
    for operation in ["completion", "facts"] {
        let harness = Harness::dispatched();
        harness.put_completion(&harness.completion());
        harness.wait(SILENCE);
        let fault = PortError::Transient("bucket away".to_owned());
        harness.ports.faults.fail_next(operation, fault);
        tick(&harness).unwrap();
        assert_eq!(harness.current(), attempt("research", 1), "{operation}");
        tick(&harness).unwrap();
        assert_eq!(harness.current().step, name("analyze"), "{operation}");
    }
}

#[test]
fn the_bucket_is_not_asked_about_commands_that_nobody_picked_up() {
    let harness = Harness::started();
    harness.put_completion(&harness.completion());
    harness.wait(61);
    tick(&harness).unwrap();
    assert_eq!(harness.workflow().work()[0].sends, 2);
}

#[test]
fn work_whose_dispatch_was_never_noted_is_not_given_up_as_undeliverable() {
    let harness = Harness::started();
    harness.put_completion(&harness.completion());
    while harness.current().step == name("research") {
        harness.wait(60);
        tick(&harness).unwrap();
    }
    assert_eq!(harness.current().step, name("analyze"));
    assert_eq!(harness.events(), ["WorkflowStarted", "StepCompleted"]);
}

/// `collect` has 45 seconds between two reports, five minutes in all, and one retry.
#[test]
fn silence_is_as_long_as_the_flow_says() {
    let harness = Harness::started_in(triage());
    harness.dispatch();
    let alive = || {
        harness.apply(Input::Progress(Heartbeat {
            of: harness.current(),
            message: "reading".to_owned(),
            percent: None,
            usage: None,
        }));
    };
    alive();
    harness.wait(44);
    tick(&harness).unwrap();
    assert_eq!(harness.current(), attempt("collect", 1));
    harness.wait(1);
    tick(&harness).unwrap();
    assert_eq!(harness.current(), attempt("collect", 2));
    harness.wait(60);
    harness.dispatch();
    for _ in 0..9 {
        alive();
        harness.wait(30);
        tick(&harness).unwrap();
    }
    assert_eq!(harness.current(), attempt("collect", 2));
    alive();
    harness.wait(30);
    tick(&harness).unwrap();
    assert_eq!(
        harness.status(),
        Status::Failed,
        "five minutes, and no other retry"
    );
}

#[test]
fn a_stop_that_an_ended_workflow_owes_is_sent() {
    let harness = Harness::dispatched();
    let away = PortError::Transient("away".to_owned());
    harness.ports.faults.fail_next("send", away);
    harness.cancel();
    assert_eq!(
        (harness.status(), harness.stops().len()),
        (Status::Cancelled, 0)
    );
    harness.wait(59);
    tick(&harness).unwrap();
    assert_eq!(harness.stops().len(), 0);
    harness.wait(1);
    tick(&harness).unwrap();
    assert_eq!(harness.stops().len(), 1);
    let told = harness.workflow();
    assert_eq!((told.stops, told.wake_at), (None, None));
    harness.wait(24 * 3600);
    tick(&harness).unwrap();
    assert_eq!(harness.stops().len(), 1);
}

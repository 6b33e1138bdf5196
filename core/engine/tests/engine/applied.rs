//! One turn: state first, then commands; races, repetitions, refusals.

use aegis_contracts::command::Command;
use aegis_contracts::ids::WorkflowId;
use aegis_engine::apply::{Applied, Outcome};
use aegis_engine::error::PortError;
use aegis_testkit::flow::{attempt, name, survey};
use aegis_testkit::harness::{Harness, at_once};
use aegis_workflow::{Input, STATE_VERSION, StepFailure, Success, codes};

fn apply(harness: &Harness, input: Input) -> Result<Applied, PortError> {
    at_once(harness.engine.apply(&harness.id, input))
}

fn succeeded(harness: &Harness) -> Input {
    Input::StepSucceeded(Success {
        of: attempt("research", 1),
        summary: "done".to_owned(),
        artifacts: vec![harness.result()],
        items: None,
        usage: Default::default(),
    })
}

fn cancel() -> Input {
    let by = "ada".to_owned();
    Input::Cancel { by, reason: None }
}

#[test]
fn a_transition_is_written_and_its_commands_sent() {
    let harness = Harness::dispatched();
    let turn = apply(&harness, succeeded(&harness)).unwrap();
    assert_eq!(turn.outcome, Outcome::Applied(harness.workflow()));
    assert_eq!(turn.undelivered, None);
    let command = harness.last_command();
    assert_eq!(harness.last_run().agent, name("analyst"));
    assert_eq!(command.version, 2);
    assert_eq!(harness.events(), ["WorkflowStarted", "StepCompleted"]);
}

#[test]
fn a_command_has_no_id_of_an_event() {
    let harness = Harness::dispatched();
    apply(&harness, succeeded(&harness)).unwrap();
    let history = at_once(aegis_engine::ports::Table::history(
        harness.ports.table.as_ref(),
        &harness.id,
    ));
    let mut ids: Vec<String> = history
        .unwrap()
        .into_iter()
        .flat_map(|entry| entry.events)
        .map(|event| event.event_id.to_string())
        .collect();
    let sent = harness.ports.queues.sent().into_iter();
    ids.extend(sent.map(|sent| sent.command.event_id.to_string()));
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

#[test]
fn nothing_is_sent_for_a_state_that_was_not_written() {
    let harness = Harness::dispatched();
    let before = (harness.workflow(), harness.ports.queues.sent());
    let fault = PortError::Transient("table away".to_owned());
    harness.ports.faults.fail_next("commit", fault.clone());
    assert_eq!(apply(&harness, succeeded(&harness)), Err(fault));
    assert_eq!((harness.workflow(), harness.ports.queues.sent()), before);
}

#[test]
fn a_failed_send_is_told_and_the_state_stands() {
    let harness = Harness::dispatched();
    let fault = PortError::Transient("queue away".to_owned());
    harness.ports.faults.fail_next("send", fault.clone());
    let turn = apply(&harness, succeeded(&harness)).unwrap();
    assert_eq!(turn.undelivered, Some(fault));
    assert_eq!(harness.events(), ["WorkflowStarted", "StepCompleted"]);

    // The redelivery is a duplicate that sends what is owed, but not at once.
    let sent = harness.ports.queues.sent().len();
    let again = apply(&harness, succeeded_again(&harness)).unwrap();
    assert!(matches!(again.outcome, Outcome::Duplicate(_)));
    assert_eq!(harness.ports.queues.sent().len(), sent);
    harness.wait(5);
    apply(&harness, succeeded_again(&harness)).unwrap();
    assert_eq!(harness.ports.queues.sent().len(), sent + 1);
}

fn succeeded_again(harness: &Harness) -> Input {
    let artifacts = aegis_workflow::artifact_refs(&harness.workflow());
    Input::StepSucceeded(Success {
        of: attempt("research", 1),
        summary: "done".to_owned(),
        artifacts,
        items: None,
        usage: Default::default(),
    })
}

#[test]
fn a_lost_race_is_run_again() {
    let harness = Harness::dispatched();
    harness.ports.table.lose_races(7);
    let turn = apply(&harness, cancel()).unwrap();
    assert!(matches!(turn.outcome, Outcome::Applied(_)));
}

#[test]
fn too_many_lost_races_are_transient() {
    let harness = Harness::dispatched();
    harness.ports.table.lose_races(8);
    assert!(matches!(
        apply(&harness, cancel()),
        Err(PortError::Transient(_))
    ));
    assert_eq!(harness.events(), ["WorkflowStarted"]);
}

#[test]
fn refusals_change_nothing() {
    let harness = Harness::completed();
    let before = harness.workflow();
    let refused = apply(&harness, cancel()).unwrap();
    assert!(
        matches!(refused.outcome, Outcome::Illegal { .. }),
        "{refused:?}"
    );
    let refused = apply(&harness, Input::Dispatched(attempt("research", 9))).unwrap();
    assert!(
        matches!(refused.outcome, Outcome::Illegal { .. }),
        "{refused:?}"
    );
    let refused = apply(&harness, Input::Dispatched(attempt("analyze", 1))).unwrap();
    assert!(
        matches!(refused.outcome, Outcome::Stale { .. }),
        "{refused:?}"
    );
    assert_eq!(harness.workflow(), before);
}

#[test]
fn an_unknown_workflow_is_not_found() {
    let harness = Harness::started();
    let other = WorkflowId::derive("nobody", "k");
    let turn = at_once(harness.engine.apply(&other, cancel())).unwrap();
    assert_eq!(turn.outcome, Outcome::NotFound);
}

#[test]
fn a_state_of_newer_code_is_left_to_it() {
    let harness = Harness::started();
    let newer = format!(r#"{{"state_version":{}}}"#, STATE_VERSION + 1);
    harness.ports.table.overwrite(&harness.id, &newer);
    assert!(matches!(
        apply(&harness, cancel()),
        Err(PortError::Transient(_))
    ));
}

/// Commands sent to agents so far.
fn work_sent(harness: &Harness) -> usize {
    let sent = harness.ports.queues.sent().into_iter();
    sent.filter(|sent| matches!(sent.command.body, Command::RunStep(_)))
        .count()
}

/// Its role lets it send to no other dispatcher, and its own queue would invoke it again.
#[test]
fn a_dispatcher_sends_no_work() {
    let harness = Harness::started_in(survey());
    harness.succeed();
    let workflow = harness.workflow();
    let [one, beside] = workflow.work() else {
        panic!("two branches: {:?}", workflow.phase);
    };
    let dispatched = Input::Dispatched(beside.of.clone());
    harness.apply(dispatched.clone());
    harness.wait(10);
    let before = work_sent(&harness);
    // The branch beside it is owed, and was sent long enough ago.
    let again = apply(&harness, dispatched).unwrap();
    assert!(matches!(again.outcome, Outcome::Duplicate(_)), "{again:?}");
    assert_eq!(work_sent(&harness), before);
    let refused = StepFailure {
        code: codes::AGENT_REFUSED.to_owned(),
        message: "the agent answered 400".to_owned(),
        transient: false,
        usage: None,
    };
    harness.apply(Input::StepFailed(one.of.clone(), refused));
    assert_eq!(
        harness.workflow().work().len(),
        2,
        "the next branch is owed"
    );
    assert_eq!(work_sent(&harness), before);
    harness.wait(70);
    harness.apply(Input::DeadlinePassed);
    assert_eq!(work_sent(&harness), before + 1, "the sweep sends it");
}

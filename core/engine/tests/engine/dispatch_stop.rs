//! Sessions of attempts that have ended are stopped.

use aegis_contracts::attempt::Attempt;
use aegis_contracts::command::{Command, SessionCommand};
use aegis_contracts::envelope::CommandEnvelope;
use aegis_contracts::ids::{SessionId, WorkflowId};
use aegis_contracts::usage::Usage;
use aegis_engine::apply::Outcome;
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler, Received};
use aegis_testkit::flow::{STEPS, attempt, name};
use aegis_testkit::harness::{Harness, at_once, received};
use aegis_workflow::{Input, STOP_AFTER, Success};

use crate::dispatch::dispatcher;

fn message(command: &CommandEnvelope) -> Received {
    received(&serde_json::to_value(command).unwrap())
}

/// The stop that a cancel of a dispatched researcher has sent.
fn stop(harness: &Harness) -> CommandEnvelope {
    let stops = harness.stops();
    assert_eq!(stops.len(), 1, "{stops:?}");
    stops[0].clone()
}

fn handle(harness: &Harness, message: &Received) -> Disposition {
    at_once(dispatcher(harness, "researcher").handle(message))
}

fn session(harness: &Harness) -> String {
    SessionId::derive(&harness.id, &attempt("research", 1)).runtime_session()
}

fn research() -> SessionCommand {
    SessionCommand {
        agent: name("researcher"),
        of: attempt("research", 1),
    }
}

#[test]
fn cancelling_ends_the_session_of_the_agent_at_work() {
    let harness = Harness::cancelled();
    let stop = stop(&harness);
    assert_eq!(stop.body, Command::StopSession(research()));
    assert_eq!(handle(&harness, &message(&stop)), Disposition::Ack);
    assert_eq!(harness.ports.runtime.stopped(), [session(&harness)]);
}

fn stopped(harness: &Harness) -> Vec<Attempt> {
    let stops = harness.stops().into_iter();
    let sessions = stops.filter_map(|stop| match stop.body {
        Command::StopSession(session) => Some(session.of),
        _ => None,
    });
    sessions.collect()
}

/// An idle session bills its memory, so a report ends it too: after a while in which the agent gets its answer.
#[test]
fn each_attempt_ends_with_its_session() {
    let [researched, analyzed, written] = STEPS.map(|step| attempt(step, 1));
    let waiting = Harness::awaiting_approval();
    assert_eq!(stopped(&waiting), [researched.clone(), analyzed.clone()]);
    waiting.cancel();
    assert_eq!(
        stopped(&waiting),
        [researched.clone(), analyzed.clone()],
        "nobody is at work"
    );
    let completed = Harness::completed();
    assert_eq!(stopped(&completed), [researched.clone(), analyzed, written]);
    assert_eq!(stopped(&Harness::failed()), [researched]);
    let sent = completed.ports.queues.sent().into_iter();
    let stops = sent.filter(|sent| matches!(sent.command.body, Command::StopSession(_)));
    assert!(stops.into_iter().all(|stop| stop.delay == STOP_AFTER));
}

/// The dispatcher may have invoked the agent and died before its note.
#[test]
fn an_attempt_whose_dispatch_was_never_noted_ends_with_its_session_too() {
    let harness = Harness::started();
    harness.cancel();
    assert_eq!(stopped(&harness), [attempt("research", 1)]);
}

#[test]
fn a_report_after_the_stop_changes_nothing() {
    let harness = Harness::dispatched();
    let report = Input::StepSucceeded(Success {
        of: attempt("research", 1),
        summary: "done".to_owned(),
        artifacts: vec![harness.result()],
        items: None,
        usage: Usage::default(),
    });
    harness.apply(report.clone());
    assert_eq!(
        handle(&harness, &message(&stop(&harness))),
        Disposition::Ack
    );
    assert_eq!(harness.ports.runtime.stopped(), [session(&harness)]);
    let before = harness.workflow();
    let turn = at_once(harness.engine.apply(&harness.id, report)).unwrap();
    assert!(matches!(turn.outcome, Outcome::Duplicate(_)), "{turn:?}");
    assert_eq!((harness.workflow(), harness.stops().len()), (before, 1));
}

#[test]
fn a_silent_agent_is_stopped_when_its_attempt_is_given_up() {
    let harness = Harness::dispatched();
    harness.wait(121);
    harness.apply(Input::DeadlinePassed);
    assert_eq!(
        handle(&harness, &message(&stop(&harness))),
        Disposition::Ack
    );
    assert_eq!(harness.ports.runtime.stopped(), [session(&harness)]);
    assert_eq!(harness.current(), attempt("research", 2));
}

#[test]
fn the_attempt_under_way_is_never_stopped() {
    let harness = Harness::dispatched();
    let command = Command::StopSession(research());
    let forged = CommandEnvelope {
        body: command,
        ..harness.last_command()
    };
    let Disposition::DeadLetter(why) = handle(&harness, &message(&forged)) else {
        panic!("it must not be taken");
    };
    assert!(why.starts_with("session_in_use"), "{why}");
    assert!(harness.ports.runtime.stopped().is_empty());
}

#[test]
fn stops_for_others_are_set_aside() {
    let harness = Harness::cancelled();
    let stop = stop(&harness);
    let analyst = dispatcher(&harness, "analyst");
    let disposition = at_once(analyst.handle(&message(&stop)));
    assert!(matches!(disposition, Disposition::DeadLetter(why) if why.starts_with("misrouted")));
    let unknown = CommandEnvelope {
        workflow_id: WorkflowId::derive("nobody", "k"),
        ..stop
    };
    let disposition = handle(&harness, &message(&unknown));
    assert!(matches!(disposition, Disposition::DeadLetter(why) if why.starts_with("unknown")));
}

#[test]
fn a_stop_is_tried_a_few_times_and_then_left() {
    let harness = Harness::cancelled();
    let first = message(&stop(&harness));
    let fails = |error| harness.ports.faults.fail_next("stop", error);
    fails(PortError::Throttled("slow down".to_owned()));
    assert!(matches!(
        handle(&harness, &first),
        Disposition::RetryAfter(_)
    ));
    let third = Received {
        receive_count: 3,
        ..first.clone()
    };
    fails(PortError::Transient("away".to_owned()));
    assert_eq!(handle(&harness, &third), Disposition::Ack);
    fails(PortError::Permanent("not allowed".to_owned()));
    assert_eq!(handle(&harness, &first), Disposition::Ack);
    assert!(harness.ports.runtime.stopped().is_empty());
}

#[test]
fn the_stop_and_the_next_command_have_ids_of_their_own() {
    let harness = Harness::dispatched();
    harness.wait(24 * 3600);
    harness.apply(Input::DeadlinePassed);
    let sent = harness.ports.queues.sent();
    let mut ids: Vec<String> = sent
        .iter()
        .map(|sent| sent.command.event_id.to_string())
        .collect();
    assert_eq!(
        ids.len(),
        3,
        "the first one, its stop, the next one: {sent:?}"
    );
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

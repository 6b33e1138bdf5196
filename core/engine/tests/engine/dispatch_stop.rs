//! Sessions of attempts that have ended are stopped.

use aegis_contracts::agent::Role;
use aegis_contracts::command::{Command, SessionCommand};
use aegis_contracts::envelope::CommandEnvelope;
use aegis_contracts::ids::{SessionId, WorkflowId};
use aegis_contracts::usage::Usage;
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler, Received};
use aegis_engine::turn::Outcome;
use aegis_testkit::world::{World, at_once, received};
use aegis_workflow::{Input, STOP_AFTER};

use crate::dispatch::dispatcher;

fn message(command: &CommandEnvelope) -> Received {
    received(&serde_json::to_value(command).unwrap())
}

/// The stop that a cancel of a dispatched researcher has sent.
fn stop(world: &World) -> CommandEnvelope {
    let stops = world.stops();
    assert_eq!(stops.len(), 1, "{stops:?}");
    stops[0].clone()
}

fn handle(world: &World, message: &Received) -> Disposition {
    at_once(dispatcher(world, Role::Researcher).handle(message))
}

fn session(world: &World) -> String {
    SessionId::derive(&world.id, Role::Researcher, 1).runtime_session()
}

#[test]
fn cancelling_ends_the_session_of_the_agent_at_work() {
    let world = World::cancelled();
    let stop = stop(&world);
    let expected = SessionCommand {
        role: Role::Researcher,
        attempt: 1,
    };
    assert_eq!(stop.body, Command::StopSession(expected));
    assert_eq!(handle(&world, &message(&stop)), Disposition::Ack);
    assert_eq!(world.ports.runtime.stopped(), [session(&world)]);
}

fn stopped(world: &World) -> Vec<(Role, u32)> {
    let stops = world.stops().into_iter();
    let sessions = stops.filter_map(|stop| match stop.body {
        Command::StopSession(session) => Some((session.role, session.attempt)),
        _ => None,
    });
    sessions.collect()
}

/// An idle session bills its memory, so a report ends it too: after a while in which the agent gets its answer.
#[test]
fn each_attempt_ends_with_its_session() {
    const RESEARCHED: (Role, u32) = (Role::Researcher, 1);
    const ANALYZED: (Role, u32) = (Role::Analyst, 1);
    const WRITTEN: (Role, u32) = (Role::Writer, 1);
    let waiting = World::awaiting_approval();
    assert_eq!(stopped(&waiting), [RESEARCHED, ANALYZED]);
    waiting.cancel();
    assert_eq!(
        stopped(&waiting),
        [RESEARCHED, ANALYZED],
        "nobody is at work"
    );
    let completed = World::completed();
    assert_eq!(stopped(&completed), [RESEARCHED, ANALYZED, WRITTEN]);
    assert_eq!(stopped(&World::failed()), [RESEARCHED]);
    let sent = completed.ports.queues.sent().into_iter();
    let stops = sent.filter(|sent| matches!(sent.command.body, Command::StopSession(_)));
    assert!(stops.into_iter().all(|stop| stop.delay == STOP_AFTER));
}

/// The dispatcher may have invoked the agent and died before its note.
#[test]
fn an_attempt_whose_dispatch_was_never_noted_ends_with_its_session_too() {
    let world = World::started();
    world.cancel();
    assert_eq!(stopped(&world), [(Role::Researcher, 1)]);
}

#[test]
fn a_report_after_the_stop_changes_nothing() {
    let world = World::dispatched();
    let report = Input::StepSucceeded {
        role: Role::Researcher,
        attempt: 1,
        summary: "done".to_owned(),
        artifacts: vec![world.result()],
        usage: Usage::default(),
    };
    world.apply(report.clone());
    assert_eq!(handle(&world, &message(&stop(&world))), Disposition::Ack);
    assert_eq!(world.ports.runtime.stopped(), [session(&world)]);
    let before = world.workflow();
    let turn = at_once(world.engine.apply(&world.id, report)).unwrap();
    assert!(matches!(turn.outcome, Outcome::Duplicate(_)), "{turn:?}");
    assert_eq!((world.workflow(), world.stops().len()), (before, 1));
}

#[test]
fn a_silent_agent_is_stopped_when_its_attempt_is_given_up() {
    let world = World::dispatched();
    world.wait(121);
    world.apply(Input::DeadlinePassed);
    assert_eq!(handle(&world, &message(&stop(&world))), Disposition::Ack);
    assert_eq!(world.ports.runtime.stopped(), [session(&world)]);
    assert_eq!(world.current(), (Role::Researcher, 2));
}

#[test]
fn a_stop_that_cannot_be_sent_holds_nothing_up() {
    let world = World::dispatched();
    let fault = PortError::Transient("queue away".to_owned());
    world.ports.faults.fail_next("send", fault);
    let by = "ada".to_owned();
    let turn = world.apply(Input::Cancel { by, reason: None });
    assert!(matches!(turn.outcome, Outcome::Applied(_)));
    assert_eq!(turn.undelivered, None, "nothing is owed");
}

#[test]
fn the_attempt_under_way_is_never_stopped() {
    let world = World::dispatched();
    let command = Command::StopSession(SessionCommand {
        role: Role::Researcher,
        attempt: 1,
    });
    let forged = CommandEnvelope {
        body: command,
        ..world.last_command()
    };
    let Disposition::DeadLetter(why) = handle(&world, &message(&forged)) else {
        panic!("it must not be taken");
    };
    assert!(why.starts_with("session_in_use"), "{why}");
    assert!(world.ports.runtime.stopped().is_empty());
}

#[test]
fn stops_for_others_are_set_aside() {
    let world = World::cancelled();
    let stop = stop(&world);
    let analyst = dispatcher(&world, Role::Analyst);
    let disposition = at_once(analyst.handle(&message(&stop)));
    assert!(matches!(disposition, Disposition::DeadLetter(why) if why.starts_with("misrouted")));
    let unknown = CommandEnvelope {
        workflow_id: WorkflowId::derive("nobody", "k"),
        ..stop
    };
    let disposition = handle(&world, &message(&unknown));
    assert!(matches!(disposition, Disposition::DeadLetter(why) if why.starts_with("unknown")));
}

#[test]
fn a_stop_is_tried_a_few_times_and_then_left() {
    let world = World::cancelled();
    let first = message(&stop(&world));
    let fails = |error| world.ports.faults.fail_next("stop", error);
    fails(PortError::Throttled("slow down".to_owned()));
    assert!(matches!(handle(&world, &first), Disposition::RetryAfter(_)));
    let third = Received {
        receive_count: 3,
        ..first.clone()
    };
    fails(PortError::Transient("away".to_owned()));
    assert_eq!(handle(&world, &third), Disposition::Ack);
    fails(PortError::Permanent("not allowed".to_owned()));
    assert_eq!(handle(&world, &first), Disposition::Ack);
    assert!(world.ports.runtime.stopped().is_empty());
}

#[test]
fn the_stop_and_the_next_command_have_ids_of_their_own() {
    let world = World::dispatched();
    world.wait(24 * 3600);
    world.apply(Input::DeadlinePassed);
    let sent = world.ports.queues.sent();
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

//! A step command becomes an agent session.

use std::time::Duration;

use aegis_contracts::agent::Role;
use aegis_contracts::approval::DecisionKind;
use aegis_contracts::artifact::attempt_prefix;
use aegis_contracts::ids::SessionId;
use aegis_engine::dispatch::Dispatcher;
use aegis_engine::message::{Disposition, QueueHandler};
use aegis_engine::token::{Claim, TokenError};
use aegis_testkit::harness::{Harness, at_once, external, received_text};
use aegis_testkit::memory::Invocation;
use serde_json::json;

pub fn dispatcher(harness: &Harness, role: Role) -> Dispatcher {
    Dispatcher {
        engine: harness.engine.clone(),
        runtime: harness.ports.runtime.clone(),
        keys: harness.ports.key_ring(role == Role::Researcher),
        role,
        callback_api_url: "https://api.example/".to_owned(),
    }
}

/// Delivers the command sent last to the dispatcher that it is for.
pub fn deliver(harness: &Harness) -> Disposition {
    let (role, _) = harness.last_command().body.as_step().unwrap();
    at_once(dispatcher(harness, role).handle(&harness.last_message()))
}

fn invoked(harness: &Harness) -> Invocation {
    assert_eq!(deliver(harness), Disposition::Ack);
    harness.ports.runtime.invocations().pop().unwrap()
}

#[test]
fn the_first_step_gets_the_topic_and_a_place_to_write() {
    let harness = Harness::started();
    let Invocation {
        role,
        session,
        task,
    } = invoked(&harness);
    assert_eq!(role, Role::Researcher);
    assert_eq!(
        session,
        SessionId::derive(&harness.id, role, 1).runtime_session()
    );
    assert_eq!((task.role, task.attempt, task.revision), (role, 1, 0));
    assert_eq!(task.topic, "quantum computing");
    assert_eq!(task.output_prefix, attempt_prefix(&harness.id, role, 1));
    assert_eq!(
        task.callback.url,
        format!("https://api.example/callbacks/{}", harness.id)
    );
    assert_eq!(
        (task.inputs, task.change_requests),
        (Vec::new(), Vec::new())
    );
    assert_eq!(task.heartbeat_seconds, 300);
    let step = harness.workflow();
    let step = step.current_step(role, 1).unwrap();
    assert_eq!(step.dispatched_at, Some(harness.now()));
    assert_eq!(task.deadline_at, step.deadline_at);
}

#[test]
fn the_agent_learns_what_the_budget_has_left() {
    assert_eq!(invoked(&Harness::started()).task.budget_remaining, None);
    let harness = Harness::started_within(Some(aegis_contracts::request::Budget {
        max_tokens: Some(500),
        max_duration_minutes: Some(10.0),
        ..Default::default()
    }));
    harness.wait(60);
    let left = invoked(&harness).task.budget_remaining.unwrap();
    assert_eq!((left.max_tokens, left.seconds), (Some(500), Some(540)));
    assert_eq!(left.max_cost_usd, None);
}

#[test]
fn the_token_is_good_for_this_attempt_and_a_while_after_its_deadline() {
    let harness = Harness::started();
    let task = invoked(&harness).task;
    let claim = Claim {
        workflow_id: harness.id.clone(),
        role: Role::Researcher,
        attempt: 1,
    };
    let token = &task.callback.token;
    let open = |at| harness.tokens.open(token, &harness.id, at);
    assert_eq!(open(harness.now()), Ok(claim.clone()));
    let late = task.deadline_at.plus(Duration::from_secs(24 * 3600 - 1));
    assert_eq!(open(late), Ok(claim));
    let much_later = task.deadline_at.plus(Duration::from_secs(24 * 3600 + 1));
    assert_eq!(open(much_later), Err(TokenError::Expired));
}

#[test]
fn later_steps_get_what_earlier_ones_produced() {
    let harness = Harness::started();
    harness.succeed();
    let names = |harness: &Harness| -> Vec<String> {
        let inputs = invoked(harness).task.inputs.into_iter();
        inputs.map(|artifact| artifact.name).collect()
    };
    assert_eq!(names(&harness), ["evidence.json"]);
    assert_eq!(
        names(&Harness::writing()),
        ["evidence.json", "analysis.json"]
    );
}

#[test]
fn a_revision_gets_what_shall_change_and_what_it_is_about() {
    let harness = Harness::awaiting_approval();
    harness.decide(DecisionKind::RequestChanges);
    let task = invoked(&harness).task;
    assert_eq!(
        (task.role, task.attempt, task.revision),
        (Role::Analyst, 2, 1)
    );
    let comments = task
        .change_requests
        .iter()
        .map(|asked| asked.comment.as_deref());
    assert_eq!(comments.collect::<Vec<_>>(), [Some("say more on lattices")]);
    let names: Vec<_> = task.inputs.iter().map(|artifact| &artifact.name).collect();
    assert_eq!(names, ["evidence.json", "analysis.json"]);
}

#[test]
fn a_duplicate_command_invokes_nothing_more() {
    let harness = Harness::started();
    deliver(&harness);
    assert_eq!(deliver(&harness), Disposition::Ack);
    assert_eq!(harness.ports.runtime.invocations().len(), 1);
}

#[test]
fn a_superseded_command_is_acknowledged() {
    let harness = Harness::started();
    let message = harness.last_message();
    harness.succeed();
    let late = at_once(dispatcher(&harness, Role::Researcher).handle(&message));
    assert_eq!(late, Disposition::Ack);
    let cancelled = Harness::started();
    cancelled.cancel();
    assert_eq!(deliver(&cancelled), Disposition::Ack);
    assert!(harness.ports.runtime.invocations().is_empty());
    assert!(cancelled.ports.runtime.invocations().is_empty());
}

#[test]
fn what_is_not_for_it_is_set_aside() {
    let harness = Harness::started();
    let analyst = dispatcher(&harness, Role::Analyst);
    let mut unknown = serde_json::to_value(harness.last_command()).unwrap();
    unknown["workflow_id"] = json!(format!("wf_{}", "a".repeat(26)));
    unknown["type"] = json!("Analyze");
    for (message, reason) in [
        (
            harness.last_message(),
            "misrouted: not a command for the analyst",
        ),
        (
            external("CancelRequested", json!({})),
            "misrouted: CancelRequested",
        ),
        (received_text("?"), "not JSON"),
        (received_text(&unknown.to_string()), "unknown_workflow"),
    ] {
        let Disposition::DeadLetter(why) = at_once(analyst.handle(&message)) else {
            panic!("{reason}");
        };
        assert!(why.starts_with(reason), "{why}");
    }
    assert!(harness.ports.runtime.invocations().is_empty());
}

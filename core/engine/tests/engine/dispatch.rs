//! A step command becomes an agent session.

use std::time::Duration;

use aegis_contracts::agent::Role;
use aegis_contracts::approval::DecisionKind;
use aegis_contracts::artifact::attempt_prefix;
use aegis_contracts::ids::SessionId;
use aegis_engine::dispatch::Dispatcher;
use aegis_engine::message::{Disposition, QueueHandler};
use aegis_engine::token::{Claim, TokenError};
use aegis_testkit::memory::Invocation;
use aegis_testkit::world::{World, at_once, external, received_text};
use serde_json::json;

pub fn dispatcher(world: &World, role: Role) -> Dispatcher {
    Dispatcher {
        engine: world.engine.clone(),
        runtime: world.ports.runtime.clone(),
        keys: world.ports.key_ring(role == Role::Researcher),
        role,
        callback_api_url: "https://api.example/".to_owned(),
    }
}

/// Delivers the command sent last to the dispatcher that it is for.
pub fn deliver(world: &World) -> Disposition {
    let (role, _) = world.last_command().body.as_step().unwrap();
    at_once(dispatcher(world, role).handle(&world.last_message()))
}

fn invoked(world: &World) -> Invocation {
    assert_eq!(deliver(world), Disposition::Ack);
    world.ports.runtime.invocations().pop().unwrap()
}

#[test]
fn the_first_step_gets_the_topic_and_a_place_to_write() {
    let world = World::started();
    let Invocation {
        role,
        session,
        task,
    } = invoked(&world);
    assert_eq!(role, Role::Researcher);
    assert_eq!(
        session,
        SessionId::derive(&world.id, role, 1).runtime_session()
    );
    assert_eq!((task.role, task.attempt, task.revision), (role, 1, 0));
    assert_eq!(task.topic, "quantum computing");
    assert_eq!(task.output_prefix, attempt_prefix(&world.id, role, 1));
    assert_eq!(
        task.callback.url,
        format!("https://api.example/callbacks/{}", world.id)
    );
    assert_eq!(
        (task.inputs, task.change_requests),
        (Vec::new(), Vec::new())
    );
    assert_eq!(task.heartbeat_seconds, 300);
    let step = world.workflow();
    let step = step.current_step(role, 1).unwrap();
    assert_eq!(step.dispatched_at, Some(world.now()));
    assert_eq!(task.deadline_at, step.deadline_at);
}

#[test]
fn the_agent_learns_what_the_budget_has_left() {
    assert_eq!(invoked(&World::started()).task.budget_remaining, None);
    let world = World::started_within(Some(aegis_contracts::request::Budget {
        max_tokens: Some(500),
        max_duration_minutes: Some(10.0),
        ..Default::default()
    }));
    world.wait(60);
    let left = invoked(&world).task.budget_remaining.unwrap();
    assert_eq!((left.max_tokens, left.seconds), (Some(500), Some(540)));
    assert_eq!(left.max_cost_usd, None);
}

#[test]
fn the_token_is_good_for_this_attempt_and_a_while_after_its_deadline() {
    let world = World::started();
    let task = invoked(&world).task;
    let claim = Claim {
        workflow_id: world.id.clone(),
        role: Role::Researcher,
        attempt: 1,
    };
    let token = &task.callback.token;
    let open = |at| world.tokens.open(token, &world.id, at);
    assert_eq!(open(world.now()), Ok(claim.clone()));
    let late = task.deadline_at.plus(Duration::from_secs(24 * 3600 - 1));
    assert_eq!(open(late), Ok(claim));
    let much_later = task.deadline_at.plus(Duration::from_secs(24 * 3600 + 1));
    assert_eq!(open(much_later), Err(TokenError::Expired));
}

#[test]
fn later_steps_get_what_earlier_ones_produced() {
    let world = World::started();
    world.succeed();
    let names = |world: &World| -> Vec<String> {
        let inputs = invoked(world).task.inputs.into_iter();
        inputs.map(|artifact| artifact.name).collect()
    };
    assert_eq!(names(&world), ["evidence.json"]);
    assert_eq!(names(&World::writing()), ["evidence.json", "analysis.json"]);
}

#[test]
fn a_revision_gets_what_shall_change_and_what_it_is_about() {
    let world = World::awaiting_approval();
    world.decide(DecisionKind::RequestChanges);
    let task = invoked(&world).task;
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
    let world = World::started();
    deliver(&world);
    assert_eq!(deliver(&world), Disposition::Ack);
    assert_eq!(world.ports.runtime.invocations().len(), 1);
}

#[test]
fn a_superseded_command_is_acknowledged() {
    let world = World::started();
    let message = world.last_message();
    world.succeed();
    let late = at_once(dispatcher(&world, Role::Researcher).handle(&message));
    assert_eq!(late, Disposition::Ack);
    let cancelled = World::started();
    cancelled.cancel();
    assert_eq!(deliver(&cancelled), Disposition::Ack);
    assert!(world.ports.runtime.invocations().is_empty());
    assert!(cancelled.ports.runtime.invocations().is_empty());
}

#[test]
fn what_is_not_for_it_is_set_aside() {
    let world = World::started();
    let analyst = dispatcher(&world, Role::Analyst);
    let mut unknown = serde_json::to_value(world.last_command()).unwrap();
    unknown["workflow_id"] = json!(format!("wf_{}", "a".repeat(26)));
    unknown["type"] = json!("Analyze");
    for (message, reason) in [
        (
            world.last_message(),
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
    assert!(world.ports.runtime.invocations().is_empty());
}

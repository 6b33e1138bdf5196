//! A step command becomes an agent session.

use std::time::Duration;

use aegis_contracts::approval::DecisionKind;
use aegis_contracts::ids::SessionId;
use aegis_engine::dispatch::Dispatcher;
use aegis_engine::message::{Disposition, QueueHandler};
use aegis_engine::token::{Claim, TokenError};
use aegis_testkit::flow::{attempt, name, triage};
use aegis_testkit::harness::{Harness, at_once, external, files, received_text};
use aegis_testkit::memory::Invocation;
use serde_json::json;

pub fn dispatcher(harness: &Harness, agent: &str) -> Dispatcher {
    Dispatcher {
        engine: harness.engine.clone(),
        runtime: harness.ports.runtime.clone(),
        keys: harness.ports.key_ring(true),
        agent: name(agent),
        callback_api_url: "https://api.example/".to_owned(),
    }
}

/// Delivers the command sent last to the dispatcher that it is for.
pub fn deliver(harness: &Harness) -> Disposition {
    let agent = harness.last_run().agent;
    at_once(dispatcher(harness, agent.as_str()).handle(&harness.last_message()))
}

fn invoked(harness: &Harness) -> Invocation {
    assert_eq!(deliver(harness), Disposition::Ack);
    harness.ports.runtime.invocations().pop().unwrap()
}

#[test]
fn the_first_step_gets_the_topic_and_a_place_to_write() {
    let harness = Harness::started();
    let Invocation {
        agent,
        session,
        task,
    } = invoked(&harness);
    assert_eq!(agent, name("researcher"));
    assert_eq!(
        session,
        SessionId::derive(&harness.id, &attempt("research", 1)).runtime_session()
    );
    assert_eq!((task.flow, task.step), (name("report"), name("research")));
    assert_eq!((task.attempt, task.revision), (1, 0));
    assert_eq!(task.writes, "evidence.json");
    assert_eq!(task.topic, "quantum computing");
    assert_eq!(task.output_prefix, harness.prefix(&attempt("research", 1)));
    assert_eq!(
        task.callback.url,
        format!("https://api.example/callbacks/{}", harness.id)
    );
    assert_eq!((task.inputs, task.feedback), (Vec::new(), Vec::new()));
    assert_eq!(task.heartbeat_seconds, 300);
    let step = harness.workflow();
    let step = step.current_work(&attempt("research", 1)).unwrap();
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
        flow: name("report"),
        of: attempt("research", 1),
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
        (task.step, task.attempt, task.revision),
        (name("analyze"), 2, 1)
    );
    let comments = task.feedback.iter().map(|asked| asked.comment.as_deref());
    assert_eq!(comments.collect::<Vec<_>>(), [Some("say more on lattices")]);
    let names: Vec<_> = task.inputs.iter().map(|artifact| &artifact.name).collect();
    assert_eq!(names, ["evidence.json", "analysis.json"]);
}

/// What the flow says of a step goes before what the deployment says.
#[test]
fn a_step_has_the_limits_of_its_flow() {
    let harness = Harness::started_in(triage());
    let task = invoked(&harness).task;
    assert_eq!((task.flow, task.step), (name("triage"), name("collect")));
    assert_eq!(
        (task.writes.as_str(), task.heartbeat_seconds),
        ("notes.md", 45)
    );
    let five_minutes = harness.now().plus(Duration::from_secs(300));
    assert_eq!(task.deadline_at, five_minutes);
    let work = harness.workflow();
    let work = work.current_work(&attempt("collect", 1)).unwrap();
    assert_eq!(work.deadline_at, five_minutes);
    let usual = invoked(&Harness::started()).task;
    assert_eq!(
        usual.deadline_at,
        harness.now().plus(Duration::from_secs(3600))
    );
}

/// Not what lies between: `check` reads nothing, although `plan` stands before it.
#[test]
fn a_step_gets_what_it_reads_and_what_it_wrote_itself() {
    let harness = Harness::started_in(triage());
    let inputs = |harness: &Harness| -> Vec<String> {
        let inputs = invoked(harness).task.inputs.into_iter();
        inputs
            .map(|input| format!("{}/{}", input.step, input.name))
            .collect()
    };
    assert_eq!(inputs(&harness), [""; 0]);
    harness.succeed();
    harness.decide(DecisionKind::Approve);
    assert_eq!(inputs(&harness), ["collect/notes.md"]);
    harness.succeed();
    assert_eq!(inputs(&harness), [""; 0]);
    harness.succeed();
    harness.decide(DecisionKind::RequestChanges);
    assert_eq!(inputs(&harness), ["collect/notes.md", "plan/plan.json"]);
    harness.succeed();
    assert_eq!(inputs(&harness), ["check/checks.txt"]);
    harness.succeed();
    harness.decide(DecisionKind::Approve);
    assert_eq!(inputs(&harness), ["plan/plan.json", "check/checks.txt"]);
}

/// Its agent may be a name that this code has never heard: one program serves all.
#[test]
fn an_input_lies_where_its_step_wrote_it() {
    let harness = Harness::started_in(triage());
    let of = harness.current();
    let written = harness.put_result(&of, &files::of(&harness.id, &of));
    harness.succeed();
    harness.decide(DecisionKind::Approve);
    let Invocation { agent, task, .. } = invoked(&harness);
    assert_eq!(agent, name("planner"));
    let [input] = task.inputs.as_slice() else {
        panic!("{:?}", task.inputs);
    };
    assert_eq!(
        input.key,
        format!("workflows/triage/{}/collect/1/notes.md", harness.id)
    );
    let expected = (
        &written.key,
        written.size,
        &written.sha256,
        &written.media_type,
    );
    let given = (&input.key, input.size, &input.sha256, &input.media_type);
    assert_eq!(given, expected);
    let prefix = format!("workflows/triage/{}/plan/1/", harness.id);
    assert_eq!((task.output_prefix, task.revision), (prefix, 0));
}

#[test]
fn a_token_names_the_flow_and_the_step() {
    let harness = Harness::started_in(triage());
    let token = invoked(&harness).task.callback.token;
    let claim = Claim {
        workflow_id: harness.id.clone(),
        flow: name("triage"),
        of: attempt("collect", 1),
    };
    assert_eq!(
        harness.tokens.open(&token, &harness.id, harness.now()),
        Ok(claim)
    );
    for (from, to) in [(".triage.", ".report."), (".collect.", ".plan.")] {
        let other = token.replace(from, to);
        assert_ne!(other, token);
        let opened = harness.tokens.open(&other, &harness.id, harness.now());
        assert_eq!(opened, Err(TokenError::Forged), "{to}");
    }
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
    let late = at_once(dispatcher(&harness, "researcher").handle(&message));
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
    let analyst = dispatcher(&harness, "analyst");
    let mut unknown = serde_json::to_value(harness.last_command()).unwrap();
    unknown["workflow_id"] = json!(format!("wf_{}", "a".repeat(26)));
    unknown["data"]["agent"] = json!("analyst");
    for (message, reason) in [
        (
            harness.last_message(),
            "misrouted: not a command for the agent `analyst`",
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

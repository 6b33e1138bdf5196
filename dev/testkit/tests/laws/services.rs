//! Each service over the ports of a harness, and what agents say to it.

use std::sync::Arc;
use std::time::Duration;

use aegis_approval::Approval;
use aegis_artifacts::Artifacts;
use aegis_callback::Callback;
use aegis_contracts::command::Destination;
use aegis_contracts::flow::Name;
use aegis_deadlines::Deadlines;
use aegis_engine::api::Authorization;
use aegis_engine::dispatch::Dispatcher;
use aegis_engine::message::QueueHandler;
use aegis_intake::Intake;
use aegis_relay::Relay;
use aegis_testkit::harness::Harness;
use serde_json::{Value, json};

pub fn intake(harness: &Harness) -> Arc<Intake> {
    Arc::new(Intake {
        engine: harness.engine.clone(),
        artifacts: harness.ports.artifacts.clone(),
        api_url: "https://api.example/stage".to_owned(),
        authorization: Authorization::None.into(),
        approval_timeout: Duration::from_secs(72 * 3600),
        result_url_valid: Duration::from_secs(3600),
        bucket: "bucket".to_owned(),
    })
}

pub fn dispatcher(harness: &Harness, agent: &Name) -> Arc<Dispatcher> {
    Arc::new(Dispatcher {
        engine: harness.engine.clone(),
        runtime: harness.ports.runtime.clone(),
        keys: harness.ports.key_ring(true),
        agent: agent.clone(),
        callback_api_url: "https://api.example".to_owned(),
    })
}

pub fn approval(harness: &Harness) -> Arc<Approval> {
    Arc::new(Approval {
        engine: harness.engine.clone(),
        artifacts: harness.ports.artifacts.clone(),
        authorization: Authorization::None,
        readers: Authorization::None,
        operators: Authorization::None,
        keys: harness.ports.key_ring(false),
        api_url: "https://api.example".to_owned(),
        approver_sources: vec!["*".to_owned()],
    })
}

pub fn callback(harness: &Harness) -> Arc<Callback> {
    Arc::new(Callback {
        engine: harness.engine.clone(),
        artifacts: harness.ports.artifacts.clone(),
        keys: harness.ports.key_ring(false),
    })
}

pub fn artifacts(harness: &Harness) -> Arc<Artifacts> {
    Arc::new(Artifacts {
        engine: harness.engine.clone(),
        bucket: harness.ports.artifacts.clone(),
        keys: harness.ports.key_ring(false),
    })
}

/// The function that starts an agent. One program serves all, and each agent has a function and a queue of its own.
pub fn dispatch_of(agent: &Name) -> &'static str {
    format!("{agent}-dispatch").leak()
}

/// Of the queue that a command goes to.
pub fn receiver(
    harness: &Harness,
    destination: Destination<'_>,
) -> (&'static str, Arc<dyn QueueHandler>) {
    match destination {
        Destination::Agent(agent) => (dispatch_of(agent), dispatcher(harness, agent)),
        Destination::Approval => ("approval", approval(harness)),
    }
}

pub fn relay(harness: &Harness) -> Arc<Relay> {
    Arc::new(Relay {
        bus: harness.ports.bus.clone(),
        dead_letters: harness.ports.dead_letters.clone(),
    })
}

pub fn deadlines(harness: &Harness) -> Arc<Deadlines> {
    Arc::new(Deadlines {
        engine: harness.engine.clone(),
        artifacts: harness.ports.artifacts.clone(),
        dead_letters: harness.ports.dead_letters.clone(),
    })
}

/// A report of the step under way.
pub type Report = fn(&Harness) -> Value;

pub const REPORTS: [(&str, Report); 4] = [
    ("progress", progress),
    ("success", success),
    ("a passing failure", |harness| failure(harness, true)),
    ("a lasting failure", |harness| failure(harness, false)),
];

fn progress(harness: &Harness) -> Value {
    let of = harness.current();
    json!({"kind": "progress", "step": of.step, "attempt": of.attempt, "message": "reading"})
}

fn success(harness: &Harness) -> Value {
    let of = harness.current();
    let artifacts = [harness.result()];
    json!({
        "kind": "succeeded", "step": of.step, "attempt": of.attempt,
        "summary": "done", "artifacts": artifacts,
    })
}

fn failure(harness: &Harness, retryable: bool) -> Value {
    let of = harness.current();
    let error = json!({"code": "model_away", "message": "no answer", "retryable": retryable});
    json!({"kind": "failed", "step": of.step, "attempt": of.attempt, "error": error})
}

//! Each service over the ports of a world, and what agents say to it.

use std::sync::Arc;
use std::time::Duration;

use aegis_approval::Approval;
use aegis_callback::Callback;
use aegis_contracts::agent::Role;
use aegis_contracts::command::Destination;
use aegis_deadlines::Deadlines;
use aegis_engine::api::Authorization;
use aegis_engine::dispatch::Dispatcher;
use aegis_engine::message::QueueHandler;
use aegis_intake::Intake;
use aegis_relay::Relay;
use aegis_testkit::world::World;
use serde_json::{Value, json};

pub fn intake(world: &World) -> Arc<Intake> {
    Arc::new(Intake {
        engine: world.engine.clone(),
        artifacts: world.ports.artifacts.clone(),
        api_url: "https://api.example/stage".to_owned(),
        authorization: Authorization::None.into(),
        approval_timeout: Duration::from_secs(72 * 3600),
        report_url_valid: Duration::from_secs(3600),
        allowed_sources: Vec::new(),
    })
}

pub fn dispatcher(world: &World, role: Role) -> Arc<Dispatcher> {
    Arc::new(Dispatcher {
        engine: world.engine.clone(),
        runtime: world.ports.runtime.clone(),
        keys: world.ports.key_ring(role == Role::Researcher),
        role,
        callback_api_url: "https://api.example".to_owned(),
    })
}

pub fn approval(world: &World) -> Arc<Approval> {
    Arc::new(Approval {
        engine: world.engine.clone(),
        artifacts: world.ports.artifacts.clone(),
        authorization: Authorization::None,
        readers: Authorization::None,
        operators: Authorization::None,
        keys: world.ports.key_ring(false),
        api_url: "https://api.example".to_owned(),
        approver_sources: vec!["*".to_owned()],
    })
}

pub fn callback(world: &World) -> Arc<Callback> {
    Arc::new(Callback {
        engine: world.engine.clone(),
        artifacts: world.ports.artifacts.clone(),
        keys: world.ports.key_ring(false),
    })
}

/// Of the queue that a command goes to.
pub fn receiver(world: &World, destination: Destination) -> (&'static str, Arc<dyn QueueHandler>) {
    match destination {
        Destination::Researcher => ("researcher-dispatch", dispatcher(world, Role::Researcher)),
        Destination::Analyst => ("analyst-dispatch", dispatcher(world, Role::Analyst)),
        Destination::Writer => ("writer-dispatch", dispatcher(world, Role::Writer)),
        Destination::Approval => ("approval", approval(world)),
    }
}

pub fn relay(world: &World) -> Arc<Relay> {
    Arc::new(Relay {
        bus: world.ports.bus.clone(),
        dead_letters: world.ports.dead_letters.clone(),
    })
}

pub fn deadlines(world: &World) -> Arc<Deadlines> {
    Arc::new(Deadlines {
        engine: world.engine.clone(),
        artifacts: world.ports.artifacts.clone(),
        dead_letters: world.ports.dead_letters.clone(),
    })
}

/// A report of the step under way.
pub type Report = fn(&World) -> Value;

pub const REPORTS: [(&str, Report); 4] = [
    ("progress", progress),
    ("success", success),
    ("a passing failure", |world| failure(world, true)),
    ("a lasting failure", |world| failure(world, false)),
];

fn progress(world: &World) -> Value {
    let (role, attempt) = world.current();
    json!({"kind": "progress", "role": role, "attempt": attempt, "message": "reading"})
}

fn success(world: &World) -> Value {
    let (role, attempt) = world.current();
    let artifacts = [world.result()];
    json!({
        "kind": "succeeded", "role": role, "attempt": attempt,
        "summary": "done", "artifacts": artifacts,
    })
}

fn failure(world: &World, retryable: bool) -> Value {
    let (role, attempt) = world.current();
    let error = json!({"code": "model_away", "message": "no answer", "retryable": retryable});
    json!({"kind": "failed", "role": role, "attempt": attempt, "error": error})
}

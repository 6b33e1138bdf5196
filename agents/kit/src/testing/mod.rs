//! A whole agent in a test: its server on a free port of 127.0.0.1, storage in memory, and a platform that takes
//! callbacks and answers as it is told.
//!
//! Nothing here sleeps: tests wait for what they expect.

#![expect(clippy::unwrap_used, reason = "serves tests only")]

mod platform;
mod process;

use std::time::Duration;

use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::agent::{AgentTask, ArtifactTarget, CallbackTarget, Input};
use aegis_contracts::artifact::attempt_prefix;
use aegis_contracts::attempt::Attempt;
use aegis_contracts::flow::{Flow, Name};
use aegis_contracts::ids::WorkflowId;

pub use platform::{Arrived, FakePlatform, Reply};
pub use process::AgentProcess;

use crate::publish::sha256_hex;
use crate::reporter::now;

pub const SESSION: &str = "aegis-session-of-a-test-0000000000000000";
pub const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TOKEN: &str = "v1.k.0.test";

/// A first attempt of a step of the flow `report`, with the built-in corpus, an hour's time and no inputs.
///
/// # Panics
/// If the flow has no such step.
pub fn task(step: &str, topic: &str, callback_url: &str) -> AgentTask {
    let flow = Flow::parse(include_bytes!("../../../../flows/report/1.json")).unwrap();
    let step: Name = step.parse().unwrap();
    let workflow_id = WorkflowId::derive("test", topic);
    AgentTask {
        schema_version: SCHEMA_VERSION,
        output_prefix: attempt_prefix(&flow.flow, &workflow_id, &Attempt::once(step.clone(), 1)),
        workflow_id,
        writes: flow.step(&step).unwrap().writes.clone(),
        flow: flow.flow,
        step,
        branch: None,
        attempt: 1,
        revision: 0,
        topic: topic.to_owned(),
        parameters: serde_json::Map::new(),
        max_items: None,
        feedback: Vec::new(),
        inputs: Vec::new(),
        gaps: Vec::new(),
        artifacts: ArtifactTarget {
            url: format!("{callback_url}/artifacts"),
        },
        callback: CallbackTarget {
            url: callback_url.to_owned(),
            token: TOKEN.to_owned(),
        },
        deadline_at: now().plus(Duration::from_secs(3600)),
        heartbeat_seconds: 300,
        budget_remaining: None,
        traceparent: Some(TRACEPARENT.to_owned()),
    }
}

/// An input as `step` would have written it; `key` is where it was put.
///
/// # Panics
/// If `step` is no name.
pub fn input(step: &str, name: &str, key: &str, bytes: &[u8]) -> Input {
    Input {
        step: step.parse().unwrap(),
        branch: None,
        name: name.to_owned(),
        key: key.to_owned(),
        url: String::new(),
        size: bytes.len() as u64,
        media_type: "application/json".to_owned(),
        sha256: sha256_hex(bytes),
    }
}

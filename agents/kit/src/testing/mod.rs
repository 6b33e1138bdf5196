//! A whole agent in a test: its server on a free port of 127.0.0.1, storage in memory, and a platform that takes
//! callbacks and answers as it is told.
//!
//! Nothing here sleeps: tests wait for what they expect.

mod platform;
mod process;

use std::time::Duration;

use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::agent::{AgentTask, CallbackTarget, Role};
use aegis_contracts::artifact::{ArtifactRef, attempt_prefix};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::request::Parameters;

pub use platform::{Arrived, FakePlatform, Reply};
pub use process::AgentProcess;

use crate::publish::sha256_hex;
use crate::reporter::now;

pub const SESSION: &str = "aegis-session-of-a-test-0000000000000000";
pub const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TOKEN: &str = "v1.k.0.test";

/// A first attempt with the built-in corpus, an hour's time and no inputs.
pub fn task(role: Role, topic: &str, callback_url: &str) -> AgentTask {
    let workflow_id = WorkflowId::derive("test", topic);
    AgentTask {
        schema_version: SCHEMA_VERSION,
        output_prefix: attempt_prefix(&workflow_id, role, 1),
        workflow_id,
        role,
        attempt: 1,
        revision: 0,
        topic: topic.to_owned(),
        parameters: Parameters::default(),
        change_requests: Vec::new(),
        inputs: Vec::new(),
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

/// An input as the step before would have written it; `key` is where it was put.
pub fn input(name: &str, key: &str, bytes: &[u8]) -> ArtifactRef {
    ArtifactRef {
        name: name.to_owned(),
        key: key.to_owned(),
        size: bytes.len() as u64,
        media_type: "application/json".to_owned(),
        sha256: sha256_hex(bytes),
    }
}

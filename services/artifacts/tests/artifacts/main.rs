//! How agents are told where their files are, over HTTP.

#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

mod addresses;
mod refusals;

use std::sync::Arc;

use aegis_artifacts::Artifacts;
use aegis_engine::api::ApiRequest;
use aegis_testkit::harness::Harness;
use aegis_testkit::requests::{With, request};
use serde_json::{Value, json};

const LIST: &str = "GET /callbacks/{id}/artifacts";
const PUT: &str = "POST /callbacks/{id}/artifacts/{name}";
const READ: &str = "GET /callbacks/{id}/artifacts/{name}";
const INPUT: &str = "GET /callbacks/{id}/inputs/{n}";

fn artifacts(harness: &Harness) -> Arc<Artifacts> {
    Arc::new(Artifacts {
        engine: harness.engine.clone(),
        bucket: harness.ports.artifacts.clone(),
        keys: harness.ports.key_ring(false),
    })
}

/// By the agent of the step under way.
fn asked(harness: &Harness, route: &str) -> ApiRequest {
    request(route)
        .id(harness.id.as_str())
        .header("authorization", &format!("Bearer {}", harness.token()))
}

fn put(harness: &Harness, name: &str) -> ApiRequest {
    asked(harness, PUT).path("name", name).json(file())
}

fn file() -> Value {
    json!({"size": 3, "sha256": "ab".repeat(32), "media_type": "text/markdown"})
}

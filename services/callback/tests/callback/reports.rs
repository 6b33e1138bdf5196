//! What agents say, as JSON.

use std::sync::Arc;

use aegis_callback::Callback;
use aegis_engine::api::ApiRequest;
use aegis_testkit::harness::Harness;
use aegis_testkit::requests::{With, request};
use serde_json::{Value, json};

pub fn callback(harness: &Harness) -> Arc<Callback> {
    Arc::new(Callback {
        engine: harness.engine.clone(),
        artifacts: harness.ports.artifacts.clone(),
        keys: harness.ports.key_ring(false),
    })
}

pub fn progress(harness: &Harness) -> Value {
    let of = harness.current();
    json!({
        "kind": "progress", "step": of.step, "attempt": of.attempt,
        "message": "ranking passages", "percent": 40,
        "usage": {"input_tokens": 10, "output_tokens": 5, "cost_usd": 0.01},
    })
}

/// With its artifact in the bucket.
pub fn succeeded(harness: &Harness) -> Value {
    let of = harness.current();
    json!({
        "kind": "succeeded", "step": of.step, "attempt": of.attempt,
        "summary": "12 passages of 5 documents", "artifacts": [harness.result()],
        "usage": {"input_tokens": 100, "output_tokens": 50, "cost_usd": 0.1},
    })
}

pub fn failed(harness: &Harness, retryable: bool) -> Value {
    let of = harness.current();
    json!({
        "kind": "failed", "step": of.step, "attempt": of.attempt,
        "error": {"code": "model_away", "message": "no answer", "retryable": retryable},
    })
}

pub fn post(harness: &Harness, token: &str, report: Value) -> ApiRequest {
    request("POST /callbacks/{id}")
        .id(harness.id.as_str())
        .header("authorization", &format!("Bearer {token}"))
        .json(report)
}

//! Lambda's events, as AWS sends them, through to the handlers and back.

#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

mod gateway;
mod queue;
mod shapes;
mod stream;

use serde_json::Value;

pub fn event(name: &str) -> Value {
    let path = format!(
        "{}/tests/lambda/events/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

//! One value of every message, built in code, so that a renamed field shows.

mod agents;
mod api;
mod bus;
mod external;

pub use agents::{task, transfer};
pub use api::{approval_link, problem_link};
pub use external::step_reported;

use std::fmt::Debug;

use aegis_contracts::artifact::{ArtifactRef, attempt_prefix};
use aegis_contracts::attempt::Attempt;
use aegis_contracts::flow::{Flow, Name, media_type};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::usage::Usage;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, from_value, to_value};

pub struct Specimen {
    /// Of the golden file.
    pub name: &'static str,
    /// Of the schema in `schemas::all()`.
    pub schema: &'static str,
    pub value: Value,
    /// Reads JSON into the type, compares with the value built in code and writes it again.
    pub reread: Box<dyn Fn(&Value) -> Value>,
}

pub fn specimen<T>(name: &'static str, schema: &'static str, built: T) -> Specimen
where
    T: Serialize + DeserializeOwned + PartialEq + Debug + 'static,
{
    Specimen {
        name,
        schema,
        value: to_value(&built).unwrap(),
        reread: Box::new(move |json| {
            let read: T = from_value(json.clone()).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(
                read, built,
                "{name}: another value than the one built in code"
            );
            to_value(read).unwrap()
        }),
    }
}

pub fn all() -> Vec<Specimen> {
    [
        bus::commands(),
        bus::events(),
        external::events(),
        api::all(),
        agents::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub fn workflow() -> WorkflowId {
    WorkflowId::derive("arn:aws:iam::123456789012:user/ada", "order-1")
}

pub fn at(minute: i64) -> Timestamp {
    Timestamp::from_millis(1_795_456_800_123 + minute * 60_000)
}

pub fn usage() -> Usage {
    Usage {
        input_tokens: 1200,
        output_tokens: 340,
        cost_usd: 0.0125,
    }
}

/// The flow that ships.
pub fn flow() -> Flow {
    Flow::parse(include_bytes!("../../../../flows/report/1.json")).unwrap()
}

pub fn name(name: &str) -> Name {
    name.parse().unwrap()
}

pub fn artifact(step: &str, attempt: u32) -> ArtifactRef {
    let (flow, step) = (flow(), name(step));
    let writes = flow.step(&step).unwrap().writes.clone();
    let prefix = attempt_prefix(&flow.flow, &workflow(), &Attempt::once(step, attempt));
    ArtifactRef {
        key: format!("{prefix}{writes}"),
        size: 4096,
        media_type: media_type(&writes).to_owned(),
        name: writes,
        sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned(),
    }
}

pub fn traceparent() -> Option<String> {
    Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned())
}

//! The flow that ships, and names of its parts: what most tests run.

use aegis_contracts::artifact::attempt_prefix;
use aegis_contracts::flow::{Flow, Name};
use aegis_contracts::ids::WorkflowId;
use aegis_engine::flows::Flows;
use aegis_workflow::{Attempt, Pinned, StoredWorkflow, Workflow};

/// The steps of the flow `report`, in their order.
pub const STEPS: [&str; 3] = ["research", "analyze", "write"];

pub fn report() -> Pinned {
    Pinned::new(Flow::parse(include_bytes!("../../../flows/report/1.json")).unwrap())
}

/// As a deployment has it that knows the flow `report` alone.
pub fn flows() -> Flows {
    Flows::new(vec![Flow::clone(&report())]).unwrap()
}

pub fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub fn attempt(step: &str, attempt: u32) -> Attempt {
    Attempt {
        step: name(step),
        attempt,
    }
}

/// Of an attempt in the flow `report`.
pub fn prefix(id: &WorkflowId, of: &Attempt) -> String {
    attempt_prefix(&name("report"), id, &of.step, of.attempt)
}

/// As a table gives it back.
pub fn stored(workflow: &Workflow) -> StoredWorkflow {
    serde_json::from_str(&serde_json::to_string(workflow).unwrap()).unwrap()
}

//! The flow that ships, and names of its parts: what most tests run.

use aegis_contracts::artifact::attempt_prefix;
use aegis_contracts::attempt::Attempt;
use aegis_contracts::flow::{Flow, Name};
use aegis_contracts::ids::WorkflowId;
use aegis_engine::flows::Flows;
use aegis_workflow::{Pinned, StoredWorkflow, Workflow};
use serde_json::json;

/// The steps of the flow `report`, in their order.
pub const STEPS: [&str; 3] = ["research", "analyze", "write"];

pub fn report() -> Pinned {
    Pinned::new(Flow::parse(include_bytes!("../../../flows/report/1.json")).unwrap())
}

/// As a deployment has it that knows the flow `report` alone.
pub fn flows() -> Flows {
    flows_of(vec![Flow::clone(&report())])
}

pub fn flows_of(flows: Vec<Flow>) -> Flows {
    Flows::new(flows).unwrap()
}

/// What `report` has not: two approvals, of which the first shows a text and cannot search again; an agent that works
/// at two steps; settings of a step and of an approval; artifacts that are neither evidence nor findings.
pub fn triage() -> Flow {
    let flow = json!({
        "flow": "triage",
        "version": 1,
        "title": "Triage of an incident",
        "parameters": {
            "type": "object",
            "additionalProperties": false,
            "properties": {"severity": {"enum": ["low", "high"]}},
        },
        "steps": [
            {"step": "collect", "agent": "reader", "writes": "notes.md",
             "timeout_minutes": 5, "heartbeat_seconds": 45, "retries": 1},
            {"approval": "scope", "shows": "collect", "redo": "collect",
             "required": 2, "timeout_hours": 4, "approvers": ["ada", "bob", "cy"]},
            {"step": "plan", "agent": "planner", "reads": ["collect"], "writes": "plan.json"},
            {"step": "check", "agent": "reader", "writes": "checks.txt"},
            {"approval": "release", "shows": "check", "redo": "plan"},
            {"step": "act", "agent": "planner", "reads": ["plan", "check"], "writes": "done.md"},
        ],
        "result": "act",
    });
    Flow::from_value(flow).unwrap()
}

/// Up to four branches, of which one may be lost and two are at work at once, and then two steps at once.
pub fn survey() -> Flow {
    let flow = json!({
        "flow": "survey",
        "version": 1,
        "title": "Survey",
        "steps": [
            {"step": "plan", "agent": "planner", "writes": "plan.json"},
            {"step": "search", "agent": "reader", "each": "plan", "max": 4, "may_fail": 1, "at_once": 2,
             "writes": "notes.md"},
            {"parallel": [
                {"step": "weigh", "agent": "reader", "reads": ["search"], "writes": "weights.json"},
                {"step": "doubt", "agent": "planner", "reads": ["search"], "writes": "doubts.json"}]},
            {"step": "close", "agent": "reader", "reads": ["weigh", "doubt"], "writes": "survey.md"},
        ],
        "result": "close",
    });
    Flow::from_value(flow).unwrap()
}

/// Up to so many branches between a first and a last step, so many of them at once.
pub fn fan_out(branches: u32, at_once: u32) -> Flow {
    let flow = json!({
        "flow": "fan-out", "version": 1, "title": "Fan-out",
        "steps": [
            {"step": "plan", "agent": "researcher", "writes": "plan.json"},
            {"step": "research", "agent": "researcher", "each": "plan", "max": branches,
             "at_once": at_once, "writes": "evidence.json"},
            {"step": "write", "agent": "writer", "reads": ["research"], "writes": "report.md"}],
        "result": "write",
    });
    Flow::from_value(flow).unwrap()
}

pub fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub fn attempt(step: &str, attempt: u32) -> Attempt {
    Attempt {
        step: name(step),
        branch: None,
        attempt,
    }
}

/// Of an attempt in the flow `report`.
pub fn prefix(id: &WorkflowId, of: &Attempt) -> String {
    attempt_prefix(&name("report"), id, of)
}

/// As a table gives it back.
pub fn stored(workflow: &Workflow) -> StoredWorkflow {
    serde_json::from_str(&serde_json::to_string(workflow).unwrap()).unwrap()
}

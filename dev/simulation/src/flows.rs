//! The flows that workflows of a harness run by, and what a deployment does to them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use aegis_contracts::flow::{Flow, FlowId, Name};
use aegis_engine::flows::Flows;
use aegis_testkit::flow::report;
use aegis_workflow::Pinned;

/// Five steps, two approvals; the second change request leads back over two steps.
const TRIAGE: &str = r#"{
  "flow": "triage", "version": 1, "title": "Incident", "result": "close",
  "steps": [
    {"step": "collect", "agent": "clerk", "writes": "facts.json"},
    {"step": "assess", "agent": "weigher", "reads": ["collect"], "writes": "severity.json", "retries": 1},
    {"approval": "severity", "shows": "assess", "redo": "assess", "search_again": "collect"},
    {"step": "plan", "agent": "weigher", "reads": ["collect", "assess"], "writes": "plan.md"},
    {"step": "act", "agent": "operator", "reads": ["plan"], "writes": "done.json", "timeout_minutes": 30},
    {"approval": "remedy", "shows": "act", "redo": "plan"},
    {"step": "close", "agent": "clerk", "reads": ["assess", "act"], "writes": "report.md", "heartbeat_seconds": 120}]}"#;

/// The same version with other steps: what nobody may do to a definition that was used.
const TRIAGE_EDITED: &str = r#"{
  "flow": "triage", "version": 1, "title": "Incident", "result": "close",
  "steps": [
    {"step": "collect", "agent": "clerk", "writes": "facts.json"},
    {"step": "assess", "agent": "weigher", "reads": ["collect"], "writes": "severity.json"},
    {"step": "plan", "agent": "weigher", "reads": ["collect", "assess"], "writes": "plan.md"},
    {"step": "act", "agent": "operator", "reads": ["plan"], "writes": "done.json"},
    {"approval": "remedy", "shows": "act", "redo": "plan"},
    {"step": "close", "agent": "clerk", "reads": ["assess", "act"], "writes": "report.md"}]}"#;

/// A new version of it, whose approval takes no change requests.
const TRIAGE_2: &str = r#"{
  "flow": "triage", "version": 2, "title": "Incident, shorter", "result": "act",
  "steps": [
    {"step": "collect", "agent": "clerk", "writes": "facts.json"},
    {"approval": "severity", "shows": "collect"},
    {"step": "act", "agent": "operator", "reads": ["collect"], "writes": "done.json"}]}"#;

/// Nobody is asked.
const DIGEST: &str = r#"{
  "flow": "digest", "version": 1, "title": "Digest", "result": "write",
  "steps": [
    {"step": "collect", "agent": "clerk", "writes": "facts.json"},
    {"step": "write", "agent": "writer", "reads": ["collect"], "writes": "digest.md"}]}"#;

/// One step, and the flow ends with its approval.
const LETTER: &str = r#"{
  "flow": "letter", "version": 1, "title": "Letter", "result": "draft",
  "steps": [
    {"step": "draft", "agent": "clerk", "writes": "letter.md"},
    {"approval": "release", "shows": "draft", "redo": "draft", "required": 1}]}"#;

/// Branches and steps that run at once; a change request leads back into the branches, or before their plan.
const SURVEY: &str = r#"{
  "flow": "survey", "version": 1, "title": "Survey", "result": "close",
  "steps": [
    {"step": "plan", "agent": "clerk", "writes": "plan.json"},
    {"step": "search", "agent": "reader", "each": "plan", "max": 5, "may_fail": 1, "at_once": 2, "writes": "notes.json"},
    {"parallel": [
      {"step": "weigh", "agent": "weigher", "reads": ["search"], "writes": "weights.json"},
      {"step": "doubt", "agent": "critic", "reads": ["plan", "search"], "writes": "doubts.json", "retries": 0}]},
    {"approval": "notes", "shows": "weigh", "redo": "search", "search_again": "plan"},
    {"step": "close", "agent": "clerk", "reads": ["search", "weigh", "doubt"], "writes": "survey.md"}]}"#;

/// The code of one deployment knows these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edition {
    First,
    /// A new version of one flow, and another flow dropped.
    Next,
    /// One flow was changed and kept its version.
    Edited,
}

/// The flow that [`Edition::Next`] does not know any more.
pub const DROPPED: &str = "digest";

static DEFINITIONS: LazyLock<[Vec<Flow>; 3]> = LazyLock::new(|| {
    let of = |others: &[&str]| -> Vec<Flow> {
        let others = others.iter().map(|json| parsed(json));
        std::iter::once(Flow::clone(&report()))
            .chain(others)
            .collect()
    };
    [
        of(&[TRIAGE, DIGEST, LETTER, SURVEY]),
        of(&[TRIAGE_2, LETTER, SURVEY]),
        of(&[TRIAGE_EDITED, DIGEST, LETTER, SURVEY]),
    ]
});

#[expect(
    clippy::expect_used,
    reason = "a definition that is none is a mistake in this file"
)]
fn parsed(json: &str) -> Flow {
    Flow::parse(json.as_bytes()).expect("a definition")
}

static KNOWN: LazyLock<BTreeMap<FlowId, Pinned>> = LazyLock::new(|| {
    let all = DEFINITIONS.iter().flatten().cloned().map(Pinned::new);
    all.map(|flow| (flow.id().clone(), flow)).collect()
});

/// Everybody who works for one of them.
pub static AGENTS: LazyLock<BTreeSet<Name>> = LazyLock::new(|| {
    let steps = DEFINITIONS.iter().flatten().flat_map(Flow::agent_steps);
    steps.map(|step| step.agent.clone()).collect()
});

fn definitions(edition: Edition) -> &'static [Flow] {
    let [first, next, edited] = &*DEFINITIONS;
    match edition {
        Edition::First => first,
        Edition::Next => next,
        Edition::Edited => edited,
    }
}

/// As a process of this edition has them when it starts.
///
/// # Panics
/// Never: no edition has a version twice.
#[expect(
    clippy::expect_used,
    reason = "an edition with a version twice is a mistake in this file"
)]
pub fn flows(edition: Edition) -> Flows {
    Flows::new(definitions(edition).to_vec()).expect("no version twice")
}

/// What clients ask for.
pub fn names() -> Vec<&'static str> {
    let first = definitions(Edition::First).iter();
    first.map(|flow| flow.flow.as_str()).collect()
}

/// Of any edition, from outside of all processes.
pub fn definition(id: &FlowId) -> Option<&'static Pinned> {
    KNOWN.get(id)
}

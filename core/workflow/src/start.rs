//! How a workflow begins.

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_contracts::event::Event;
use aegis_contracts::flow::{ApprovalStep, Entry, Flow, Name};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::request::Budget;
use aegis_contracts::time::Timestamp;
use aegis_contracts::usage::Usage;

use crate::answer::Transition;
use crate::draft::Draft;
use crate::rules::Rules;
use crate::state::{ApprovalPolicy, Ended, Phase, Pinned, STATE_VERSION, Workflow};

/// What is known of a workflow before it exists.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    pub id: WorkflowId,
    pub flow: Pinned,
    pub topic: String,
    pub requested_by: String,
    /// Of each approval of the flow; one that is missing is as [`ApprovalPolicy::default`] says.
    pub policies: BTreeMap<Name, ApprovalPolicy>,
    pub budget: Option<Budget>,
}

/// The first transition, to version 1.
pub fn start(rules: &Rules, start: Start, now: Timestamp) -> Transition {
    let flow = start.flow;
    let mut policies = start.policies;
    for asked in flow.approvals() {
        let policy = policies.entry(asked.approval.clone()).or_default();
        if asked.redo.is_none() {
            policy.max_revisions = 0;
        }
    }
    let expires_at = now
        .plus(longest_life(rules, &flow, &policies))
        .plus(rules.retention);
    let started = Event::WorkflowStarted {
        flow: flow.flow.clone(),
        flow_version: flow.version,
        topic: start.topic,
        requested_by: start.requested_by,
    };
    let first = flow.steps.first().cloned();
    let workflow = Workflow {
        state_version: STATE_VERSION,
        flow,
        id: start.id,
        version: 0,
        seq: 0,
        created_at: now,
        updated_at: now,
        expires_at,
        wake_at: None,
        policies,
        budget: start.budget,
        attempts: BTreeMap::new(),
        revision: 0,
        results: Vec::new(),
        gaps: Vec::new(),
        usage: Usage::default(),
        settled: None,
        earlier_changes: Vec::new(),
        redriven_from: None,
        stops: None,
        // Of a flow without entries, which none is.
        phase: Phase::Ended(Ended::Completed),
    };
    let mut draft = Draft::of(rules, &workflow, now);
    draft.happened(started);
    if let Some(entry) = first {
        draft.enter(&entry);
    }
    draft.into_transition()
}

/// Upper bound of the time from start to a terminal state without a redrive: every step once, and each approval, with
/// what a change request repeats, as often as it may be asked for.
pub(crate) fn longest_life(
    rules: &Rules,
    flow: &Flow,
    policies: &BTreeMap<Name, ApprovalPolicy>,
) -> Duration {
    let once = flow.steps.iter().map(|entry| longest_entry(rules, entry));
    let mut longest = once.fold(Duration::ZERO, Duration::saturating_add);
    for (place, entry) in flow.steps.iter().enumerate() {
        let Some(asked) = entry.as_approval() else {
            continue;
        };
        let policy = policies.get(&asked.approval).cloned().unwrap_or_default();
        // It may escalate once.
        let waits = Duration::from_secs(policy.timeout_seconds).saturating_mul(2);
        let again = repeated(flow, place, asked)
            .iter()
            .map(|entry| longest_entry(rules, entry))
            .fold(waits, Duration::saturating_add);
        longest = longest
            .saturating_add(waits)
            .saturating_add(again.saturating_mul(policy.max_revisions));
    }
    longest
}

/// Steps that run at once take as long as the longest. Branches take turns.
fn longest_entry(rules: &Rules, entry: &Entry) -> Duration {
    let longest = entry.steps().iter().map(|step| {
        let turns = step.max.map_or(1, |max| max.div_ceil(step.at_once()));
        rules.longest_step(step).saturating_mul(turns)
    });
    longest.max().unwrap_or_default()
}

/// What runs again when changes are asked for at the approval at `place`.
fn repeated<'a>(flow: &'a Flow, place: usize, asked: &ApprovalStep) -> &'a [Entry] {
    let back = [asked.redo.as_ref(), asked.search_again.as_ref()];
    let places = back
        .into_iter()
        .flatten()
        .filter_map(|name| flow.place(name));
    let first = places.min().unwrap_or(place);
    flow.steps.get(first..place).unwrap_or_default()
}

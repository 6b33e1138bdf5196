//! How a workflow begins.

use std::time::Duration;

use aegis_contracts::agent::Role;
use aegis_contracts::event::Event;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::request::Budget;
use aegis_contracts::time::Timestamp;

use crate::answer::Transition;
use crate::rules::Rules;
use crate::state::{ApprovalPolicy, Attempts, FLOW_VERSION, Phase, STATE_VERSION, Workflow};
use crate::step;

/// What is known of a workflow before it exists.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    pub id: WorkflowId,
    pub topic: String,
    pub requested_by: String,
    pub policy: ApprovalPolicy,
    pub budget: Option<Budget>,
}

/// The first transition, to version 1.
pub fn start(rules: &Rules, start: Start, now: Timestamp) -> Transition {
    let mut attempts = Attempts::default();
    let (step, owed) = step::request(rules, &mut attempts, Role::Researcher, 0, now);
    let mut workflow = Workflow {
        state_version: STATE_VERSION,
        flow_version: FLOW_VERSION,
        id: start.id,
        version: 1,
        seq: 1,
        created_at: now,
        updated_at: now,
        expires_at: now
            .plus(longest_life(rules, &start.policy))
            .plus(rules.retention),
        wake_at: None,
        policy: start.policy,
        budget: start.budget,
        attempts,
        revision: 0,
        results: Vec::new(),
        usage: aegis_contracts::usage::Usage::default(),
        settled: None,
        earlier_changes: Vec::new(),
        redriven_from: None,
        phase: Phase::Working(step),
    };
    workflow.wake_at = workflow.due_at(rules);
    Transition {
        next: workflow,
        events: vec![Event::WorkflowStarted {
            topic: start.topic,
            requested_by: start.requested_by,
        }],
        commands: vec![owed],
        stop: None,
    }
}

/// Upper bound of the time from start to a terminal state without a redrive.
pub(crate) fn longest_life(rules: &Rules, policy: &ApprovalPolicy) -> Duration {
    let approval = Duration::from_secs(policy.timeout_seconds).saturating_mul(2);
    let round = rules.longest_step(Role::Analyst).saturating_add(approval);
    round
        .saturating_mul(policy.max_revisions.saturating_add(1))
        .saturating_add(rules.longest_step(Role::Researcher))
        .saturating_add(rules.longest_step(Role::Writer))
}

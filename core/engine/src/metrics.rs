//! What is measured, under which name. CloudWatch keeps them in the namespace [`NAMESPACE`].
//!
//! Of a workflow it is measured where its state is written, once for each transition. A process that dies
//! between the write and the end of its invocation takes its measurements along: they are for people who
//! look at many workflows, never for a decision.

use std::time::Duration;

use aegis_contracts::command::SessionCommand;
use aegis_contracts::event::Event;
use aegis_contracts::flow::Name;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::Status;
use aegis_workflow::{Input, Phase, Transition, Workflow};
use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};

pub const NAMESPACE: &str = "Aegis";

const WORKFLOWS_STARTED: &str = "WorkflowsStarted";
const WORKFLOWS_ENDED: &str = "WorkflowsEnded";
const STEP_SECONDS: &str = "StepSeconds";
const STEP_COST_USD: &str = "StepCostUsd";
const STEPS_RETRIED: &str = "StepsRetried";
const APPROVAL_SECONDS: &str = "ApprovalSeconds";
const OVERDUE_SECONDS: &str = "OverdueSeconds";
const STARTS_THROTTLED: &str = "StartsThrottled";
const STOPS_GIVEN_UP: &str = "StopsGivenUp";
const QUARANTINED: &str = "Quarantined";
const DEAD_LETTERS: &str = "DeadLetters";

const COUNTS: [&str; 7] = [
    WORKFLOWS_STARTED,
    WORKFLOWS_ENDED,
    STEPS_RETRIED,
    STARTS_THROTTLED,
    STOPS_GIVEN_UP,
    QUARANTINED,
    DEAD_LETTERS,
];
const SECONDS: [&str; 3] = [STEP_SECONDS, APPROVAL_SECONDS, OVERDUE_SECONDS];

/// Tells the recorder of this process the units.
pub fn describe() {
    for name in COUNTS {
        describe_counter!(name, Unit::Count, "");
    }
    for name in SECONDS {
        describe_histogram!(name, Unit::Seconds, "");
    }
}

/// A workflow was set aside because nobody can read its state.
pub fn quarantined() {
    counter!(QUARANTINED).increment(1);
}

/// The agent runtime had no free session: the command waits.
pub(crate) fn throttled(agent: &Name) {
    counter!(STARTS_THROTTLED, "Agent" => agent.to_string()).increment(1);
}

/// A message or record was set aside by us, with its reason.
pub(crate) fn dead_letter() {
    counter!(DEAD_LETTERS).increment(1);
}

/// A sweep came to a workflow so long after it was due: a minute is usual, more says that nobody moves it on.
pub fn overdue(by: Duration) {
    histogram!(OVERDUE_SECONDS).record(by.as_secs_f64());
}

/// Stops that were owed and could never be sent. Their sessions end when they have been idle.
pub(crate) fn stops_given_up(before: &Workflow, next: &Workflow, input: &Input) {
    let owed = next.owed_stops();
    let gone = before.owed_stops().into_iter();
    // Else they were sent.
    let gone = gone.filter(|stop| *input == Input::DeadlinePassed && !owed.contains(stop));
    for SessionCommand { agent, of } in gone {
        tracing::warn!(workflow_id = %before.id, %of, "stop given up; the session ends when it has been idle");
        counter!(STOPS_GIVEN_UP, "Agent" => agent.to_string()).increment(1);
    }
}

/// `before` is absent for a start.
pub(crate) fn committed(before: Option<&Workflow>, transition: &Transition) {
    let now = transition.next.updated_at;
    for event in &transition.events {
        match event {
            Event::WorkflowStarted { .. } => counter!(WORKFLOWS_STARTED).increment(1),
            Event::StepCompleted {
                step,
                branch,
                attempt,
                agent,
                usage,
                ..
            } => {
                let work = before.and_then(|before| before.work_at(step, *branch));
                let work = work.filter(|work| work.of.attempt == *attempt);
                if let Some(begun) = work.map(|work| work.requested_at) {
                    let seconds = now.since(begun).as_secs_f64();
                    histogram!(STEP_SECONDS, "Agent" => agent.to_string()).record(seconds);
                }
                histogram!(STEP_COST_USD, "Agent" => agent.to_string()).record(usage.cost_usd);
            }
            Event::StepRetried { agent, .. } => {
                counter!(STEPS_RETRIED, "Agent" => agent.to_string()).increment(1);
            }
            Event::ApprovalGranted { .. } | Event::ChangesRequested { .. } => decided(before, now),
            Event::WorkflowRejected { .. } => {
                decided(before, now);
                ended(Status::Rejected);
            }
            Event::WorkflowCompleted { .. } => ended(Status::Completed),
            Event::WorkflowExpired { .. } => ended(Status::Expired),
            Event::WorkflowFailed { .. } => ended(Status::Failed),
            Event::WorkflowCancelled { .. } => ended(Status::Cancelled),
            Event::BranchFailed { .. }
            | Event::ApprovalRequested { .. }
            | Event::ApprovalRecorded { .. }
            | Event::ApprovalReminded { .. }
            | Event::ApprovalEscalated { .. }
            | Event::WorkflowRedriven { .. } => {}
        }
    }
}

fn ended(status: Status) {
    counter!(WORKFLOWS_ENDED, "Status" => status.as_str()).increment(1);
}

fn decided(before: Option<&Workflow>, now: Timestamp) {
    if let Some(Phase::AwaitingApproval(approval)) = before.map(|before| &before.phase) {
        let asked = approval.requested_at;
        histogram!(APPROVAL_SECONDS).record(now.since(asked).as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_metric_is_in_the_documents() {
        let text = include_str!("../../../docs/metrics.md");
        let names = COUNTS.iter().chain(&SECONDS).chain([&STEP_COST_USD]);
        for name in names {
            assert!(text.contains(&format!("| `{name}` |")), "{name}");
        }
    }
}

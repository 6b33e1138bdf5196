//! What people decide and allow is kept, and they are not pestered.

use aegis_contracts::approval::TIMEOUT;
use aegis_contracts::event::Event;
use aegis_contracts::time::Timestamp;
use aegis_testkit::memory::Row;
use aegis_workflow::{MAX_REMINDERS, Workflow};

use super::{Verdict, holds};
use crate::harness::Harness;

/// Whoever decides twice, late or about another revision decides nothing else by it.
pub(super) fn votes_are_somebodys(harness: &Harness) -> Verdict {
    harness.observed(|observed| {
        let none = observed.votes_of_nobody.is_empty();
        holds(
            "a decision counts for the revision that it names",
            none,
            || format!("{:?}", observed.votes_of_nobody),
        )
    })
}

/// Since the request, or the escalation: the first, the second and so on, before the deadline.
pub(super) fn reminders_are_bounded(workflow: &Workflow, row: &Row) -> Verdict {
    let mut until: Option<Timestamp> = None;
    let mut sent = 0;
    let envelopes = row.history().iter().flat_map(|entry| &entry.events);
    for event in envelopes {
        match &event.body {
            Event::ApprovalRequested { deadline_at, .. }
            | Event::ApprovalEscalated { deadline_at, .. } => {
                (until, sent) = (Some(*deadline_at), 0)
            }
            Event::ApprovalReminded { reminder, .. } => {
                sent += 1;
                let in_time = until.is_some_and(|until| event.occurred_at < until);
                let bounded = *reminder == sent && sent <= MAX_REMINDERS;
                let law = "reminders are bounded and never after the deadline";
                holds(law, in_time && bounded, || {
                    let (id, at) = (&workflow.id, event.occurred_at);
                    format!("{id}: reminder {reminder}, the {sent}. one, at {at}, until {until:?}")
                })?;
            }
            // Whatever else is written then does not wait for people.
            Event::ApprovalRecorded { .. } => {}
            _ => until = None,
        }
    }
    Ok(())
}

/// The time ends at the deadline, not when the sweep comes by.
pub(super) fn decisions_are_in_time(workflow: &Workflow, row: &Row) -> Verdict {
    let mut until: Option<Timestamp> = None;
    for event in row.history().iter().flat_map(|entry| &entry.events) {
        match &event.body {
            Event::ApprovalRequested { deadline_at, .. }
            | Event::ApprovalEscalated { deadline_at, .. } => until = Some(*deadline_at),
            Event::ApprovalGranted { approver, .. } if approver == TIMEOUT => {}
            Event::ApprovalRecorded { .. }
            | Event::ApprovalGranted { .. }
            | Event::ChangesRequested { .. }
            | Event::WorkflowRejected { .. } => {
                let in_time = until.is_some_and(|until| event.occurred_at < until);
                holds("no decision counts after its deadline", in_time, || {
                    let (id, at) = (&workflow.id, event.occurred_at);
                    format!(
                        "{id}: {} at {at}, until {until:?}",
                        event.body.detail_type()
                    )
                })?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// What earlier steps used is known when the next one is asked for.
pub(super) fn the_budget_holds(workflow: &Workflow, row: &Row) -> Verdict {
    let Some(most) = workflow.budget.and_then(|budget| budget.max_tokens) else {
        return Ok(());
    };
    let mut used = 0;
    for entry in row.history() {
        let bodies = || entry.events.iter().map(|event| &event.body);
        for event in bodies() {
            if let Event::StepCompleted { usage, .. } = event {
                used += usage.total_tokens();
            }
        }
        let stopped = bodies().any(|event| {
            matches!(
                event,
                Event::WorkflowFailed { .. } | Event::WorkflowCompleted { .. }
            )
        });
        let went_on =
            used > most && !stopped && bodies().any(|event| asks_for_more(workflow, event));
        holds("no step begins over the budget", !went_on, || {
            format!("{}: {used} of {most} tokens used", workflow.id)
        })?;
    }
    Ok(())
}

/// Whether the next step follows, unless the workflow ends with it. What was at work beside another step or branch goes
/// on to its own end.
fn asks_for_more(workflow: &Workflow, event: &Event) -> bool {
    if let Event::StepCompleted { step, branch, .. } = event {
        let mut entries = workflow.flow.steps.iter();
        let entry = entries.find(|entry| entry.has(step));
        return branch.is_none() && entry.is_some_and(|entry| entry.steps().len() == 1);
    }
    matches!(
        event,
        Event::StepRetried { .. }
            | Event::ApprovalGranted { .. }
            | Event::ChangesRequested { .. }
            | Event::WorkflowRedriven { .. }
    )
}

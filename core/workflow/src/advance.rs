//! Where a workflow goes next: into a step, into an approval, or to its end.

use aegis_contracts::event::Event;
use aegis_contracts::flow::{Entry, Name};
use aegis_contracts::time::Timestamp;

use crate::answer::{Answer, Owed};
use crate::approval;
use crate::budget::over_budget;
use crate::decide::transition;
use crate::failure::fail;
use crate::rules::Rules;
use crate::state::{Ended, Phase, Workflow};
use crate::step;
use crate::view::main_artifact;

/// Puts the workflow into an entry of its flow.
pub(crate) fn enter(
    rules: &Rules,
    next: &mut Workflow,
    entry: &Entry,
    now: Timestamp,
) -> (Owed, Option<Event>) {
    match entry {
        Entry::Step(step) => {
            let (work, owed) = step::request(rules, next, step, now);
            next.phase = Phase::Running(work);
            (owed, None)
        }
        Entry::Approval(asked) => {
            let (owed, event) = approval::enter(rules, next, &asked.approval, now);
            (owed, Some(event))
        }
    }
}

/// After what happened at `done` the workflow goes on with the next entry of its flow, if the budget allows one, or is
/// completed.
pub(crate) fn go_on_after(
    rules: &Rules,
    next: Workflow,
    done: &Name,
    happened: Event,
    now: Timestamp,
) -> Answer {
    match next.after(done).cloned() {
        Some(entry) => go_to(rules, next, &entry, happened, now),
        None => completed(rules, next, happened, now),
    }
}

/// After what happened the workflow goes to `entry`, if the budget allows that: people may have taken longer than it
/// does.
pub(crate) fn go_to(
    rules: &Rules,
    mut next: Workflow,
    entry: &Entry,
    happened: Event,
    now: Timestamp,
) -> Answer {
    if let Some(exceeded) = over_budget(&next, entry.name(), now) {
        return fail(rules, next, exceeded, vec![happened], now);
    }
    let (owed, event) = enter(rules, &mut next, entry, now);
    let events = std::iter::once(happened).chain(event).collect();
    transition(rules, next, now, events, vec![owed])
}

fn completed(rules: &Rules, mut next: Workflow, happened: Event, now: Timestamp) -> Answer {
    let mut events = vec![happened];
    let result = main_artifact(&next, &next.flow.result);
    let usage = next.usage;
    // A flow's result is a step of it, and all have succeeded.
    events.extend(result.map(|result| Event::WorkflowCompleted { result, usage }));
    next.phase = Phase::Ended(Ended::Completed);
    transition(rules, next, now, events, Vec::new())
}

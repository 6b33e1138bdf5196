//! The one function through which a workflow changes.

use aegis_contracts::event::Event;
use aegis_contracts::time::Timestamp;

use crate::answer::{Answer, Owed, Touch, Transition};
use crate::input::Input;
use crate::rules::Rules;
use crate::state::Workflow;
use crate::{approval, cancel, deadline, failure, redrive, session, step, success};

/// What becomes of `input`, which arrived at `now`.
///
/// Never fails and never blocks: an input that does not fit is a [`crate::Rejection`].
pub fn decide(rules: &Rules, workflow: &Workflow, input: Input, now: Timestamp) -> Answer {
    let mut answer = answer_to(rules, workflow, input, now);
    if let Answer::Transition(transition) = &mut answer {
        transition.stop = session::ended(workflow);
    }
    answer
}

fn answer_to(rules: &Rules, workflow: &Workflow, input: Input, now: Timestamp) -> Answer {
    match input {
        Input::Start => Answer::duplicate(),
        Input::Dispatched(of) => step::dispatched(rules, workflow, &of, now),
        Input::Throttled(of) => step::throttled(rules, workflow, &of, now),
        Input::Progress(heartbeat) => step::progress(rules, workflow, heartbeat, now),
        Input::StepSucceeded(success) => success::succeeded(rules, workflow, success, now),
        Input::StepFailed(of, why) => failure::failed(rules, workflow, &of, why, now),
        Input::Decide(vote) => approval::decided(rules, workflow, vote, now),
        Input::Cancel { by, reason } => cancel::cancelled(rules, workflow, by, reason, now),
        Input::DeadlinePassed => deadline::passed(rules, workflow, now),
        Input::Redrive { by, version } => redrive::redriven(rules, workflow, by, version, now),
        Input::Notified { revision } => approval::notified(rules, workflow, revision, now),
        Input::Resent => deadline::resent(rules, workflow, now),
    }
}

/// Seals a transition: one version on, and the sweep looks when the new state is due.
pub(crate) fn transition(
    rules: &Rules,
    mut next: Workflow,
    now: Timestamp,
    events: Vec<Event>,
    commands: Vec<Owed>,
) -> Answer {
    next.version += 1;
    next.seq += 1;
    next.updated_at = now;
    next.wake_at = next.due_at(rules);
    Answer::Transition(Transition {
        next,
        events,
        commands,
        stop: None,
    })
}

/// Seals a touch. The index is left alone while it points early enough: moving it costs two writes, looking once too often costs one read.
pub(crate) fn touch(rules: &Rules, mut next: Workflow, commands: Vec<Owed>) -> Answer {
    next.seq += 1;
    let due = next.due_at(rules);
    if next.wake_at.is_none() || next.wake_at > due {
        next.wake_at = due;
    }
    Answer::Touch(Touch { next, commands })
}

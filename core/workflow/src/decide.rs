//! The one function through which a workflow changes.

use aegis_contracts::time::Timestamp;

use crate::answer::Answer;
use crate::input::Input;
use crate::rules::Rules;
use crate::state::Workflow;
use crate::{approval, cancel, deadline, failure, redrive, session, step, success};

/// What becomes of `input`, which arrived at `now`.
///
/// Never fails and never blocks: an input that does not fit is a [`crate::Rejection`].
pub fn decide(rules: &Rules, workflow: &Workflow, input: Input, now: Timestamp) -> Answer {
    let mut answer = answer_to(rules, workflow, input, now);
    match &mut answer {
        Answer::Transition(transition) => {
            transition.stops = session::to_stop(workflow, &transition.next);
        }
        Answer::Touch(touch) => touch.stops = session::to_stop(workflow, &touch.next),
        Answer::Rejected(_) => {}
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
        Input::Redrive(redrive) => redrive::redriven(rules, workflow, redrive, now),
        Input::Notified { revision } => approval::notified(rules, workflow, revision, now),
        Input::Resent => deadline::resent(rules, workflow, now),
        Input::StopsSent(of) => session::stops_sent(rules, workflow, &of, now),
    }
}

//! A measure that every step must raise, and that cannot rise for ever: so no life is without end.
//!
//! Numbers are compared from the left, as in a dictionary: what faults and people have used up; the version; what was
//! noted since; how near the deadline is; how far the index reaches; how much of the work at hand is done.

use aegis_workflow::{Phase, Workflow};

use crate::message::Message;
use crate::model::Choreography;
use crate::state::{Activity, Handler, Left, State};

pub fn rank(model: &Choreography, state: &State) -> [i64; 6] {
    let due = state.workflow.due_at(model.rules());
    let until = |at: Option<aegis_contracts::time::Timestamp>| {
        at.map_or(0, |at| at.as_millis() - state.now.as_millis())
    };
    [
        -left(&state.left),
        i64::try_from(state.workflow.version).unwrap_or(i64::MAX),
        noted(&state.workflow) + i64::from(state.facts.heard),
        -until(due),
        until(state.workflow.wake_at),
        -at_hand(state),
    ]
}

fn left(left: &Left) -> i64 {
    let counts = [
        left.faults,
        left.races,
        left.decisions,
        left.cancels,
        left.redrives,
    ];
    counts.into_iter().map(i64::from).sum()
}

fn noted(workflow: &Workflow) -> i64 {
    // Struck off once they are sent, or given up.
    let stops = workflow.stops.as_ref();
    noted_of_phase(workflow) + stops.map_or(10_000, |stops| i64::from(stops.sends))
}

fn noted_of_phase(workflow: &Workflow) -> i64 {
    match &workflow.phase {
        Phase::Running(running) => {
            let noted = running
                .work
                .iter()
                .map(|work| i64::from(work.sends) + 100 * i64::from(work.dispatched_at.is_some()));
            noted.sum()
        }
        Phase::AwaitingApproval(approval) => {
            i64::from(approval.sends) + 100 * i64::from(approval.notified_at.is_some())
        }
        Phase::Ended(_) => 0,
    }
}

/// Steps that can still follow by themselves from what is in flight, or more.
fn at_hand(state: &State) -> i64 {
    let handlers = state.handlers.iter().map(|handler| match handler {
        Handler::Sending { command, .. } => 1 + of_message(*command),
        Handler::Stopping { .. } => 1,
        Handler::Invoking { .. } => 14,
        Handler::Noting { .. } => 1,
        Handler::Deciding { .. } => 1,
    });
    let sessions = state.sessions.iter().map(|session| match session.activity {
        Activity::Working => 3 + 2 * i64::from(session.heartbeats_left),
        Activity::Done | Activity::Failed { .. } | Activity::Dead | Activity::Stopped => 0,
    });
    let messages = state.in_flight.iter().map(|message| of_message(*message));
    handlers.chain(sessions).chain(messages).sum()
}

fn of_message(message: Message) -> i64 {
    match message {
        Message::Step { .. } => 16,
        Message::Succeeded(_) | Message::Failed { .. } => 2,
        Message::RequestApproval { .. }
        | Message::Progress(_)
        | Message::Decision { .. }
        | Message::Cancel
        | Message::Redrive { .. } => 1,
    }
}

//! What must hold in every state, and what must be reachable lest the check be empty.

use aegis_workflow::{Ended, Phase, codes};
use stateright::Property;

use crate::attempt::place;
use crate::message::Message;
use crate::model::Choreography;
use crate::scenario::Goal;
use crate::state::State;
use crate::violation::Violation;

type Law = Property<Choreography>;

pub const NO_GAP: &str = "history has no gap";
pub const WRITTEN_ONCE: &str = "a version of the history is written once";
pub const NOT_LOST: &str = "no write undoes another one";
pub const NEW_ATTEMPTS: &str = "an attempt is never used again";
pub const ENDED: &str = "what has ended stays ended";
pub const COUNTED_ONCE: &str = "a result is counted once";
pub const NOT_AGAIN: &str = "what has ended in an entry is not done again";
pub const FEW_GAPS: &str = "a flow goes on without no more branches than it may";
pub const SENT_IF_OWED: &str = "a command is sent only for work that waits for it";
pub const COUNTED_IF_DONE: &str = "a result is counted only for an attempt that did its work";
pub const VOTED: &str = "a grant has all the votes that it needs";
pub const GRANTED: &str = "nothing behind an approval happens before its grant";
pub const GRANTED_ONCE: &str = "an approval is granted once";
pub const IN_ORDER: &str = "nothing is asked for before all that comes before it is done";
pub const NEW_REVISIONS: &str = "a revision is asked about once";
pub const ANSWERED: &str = "a decision counts for the revision that it names";
pub const IN_TIME: &str = "no decision counts after its deadline";
pub const NOT_TO_ITSELF: &str = "no dispatcher sends to its own queue";
pub const PAID_ONCE: &str = "work whose callback was lost is not paid twice";
pub const PROGRESS: &str = "every step brings the end nearer";
pub const LIMITED: &str = "retries, sends and work at once keep to the rules";
pub const BOUNDED: &str = "a life has a bounded number of writes";
pub const DEADLINE: &str = "every live state has a deadline that the index knows";
pub const COMMITTED: &str = "nothing is sent for a state that was not written";
pub const DISPATCHED: &str = "a dispatch that is noted has happened";
pub const WORKED_ONCE: &str = "the work of an attempt is done once";
pub const BOOKED_ONCE: &str = "the usage of an attempt is counted once";
pub const STOPPED: &str = "an attempt ends with its session";
pub const ASKED: &str = "a session whose agent did not report is asked to stop, or that is owed";
pub const MOVES: &str = "a workflow that has not ended, or owes a stop, never stands still";

/// Of steps that went wrong the state tells; see `facts`.
pub fn laws() -> Vec<Law> {
    vec![
        Law::always(NO_GAP, |_, s| s.violation != Some(Violation::HistoryGap)),
        Law::always(WRITTEN_ONCE, |_, s| {
            s.violation != Some(Violation::HistoryRewritten)
        }),
        Law::always(NOT_LOST, |_, s| s.violation != Some(Violation::UpdateLost)),
        Law::always(NEW_ATTEMPTS, |_, s| {
            s.violation != Some(Violation::AttemptReused)
        }),
        Law::always(ENDED, |_, s| s.violation != Some(Violation::EndLeft)),
        Law::always(COUNTED_ONCE, |_, s| {
            s.violation != Some(Violation::ResultCountedTwice)
        }),
        Law::always(NOT_AGAIN, |_, s| s.violation != Some(Violation::DoneAgain)),
        Law::always(FEW_GAPS, |_, s| s.violation != Some(Violation::TooManyGaps)),
        Law::always(SENT_IF_OWED, |_, s| {
            s.violation != Some(Violation::SentForNothing)
        }),
        Law::always(COUNTED_IF_DONE, |_, s| {
            s.violation != Some(Violation::ResultWithoutWork)
        }),
        Law::always(VOTED, |_, s| s.violation != Some(Violation::TooFewVotes)),
        Law::always(GRANTED, |_, s| s.violation != Some(Violation::WithoutGrant)),
        Law::always(GRANTED_ONCE, |_, s| {
            s.violation != Some(Violation::GrantedTwice)
        }),
        Law::always(IN_ORDER, |_, s| s.violation != Some(Violation::OutOfOrder)),
        Law::always(NEW_REVISIONS, |_, s| {
            s.violation != Some(Violation::RevisionReused)
        }),
        Law::always(ANSWERED, |_, s| {
            s.violation != Some(Violation::DecidedAnother)
        }),
        Law::always(IN_TIME, |_, s| {
            s.violation != Some(Violation::DecidedTooLate)
        }),
        Law::always(NOT_TO_ITSELF, |_, s| {
            s.violation != Some(Violation::SentToItself)
        }),
        Law::always(PAID_ONCE, |_, s| {
            s.violation != Some(Violation::WorkPaidTwice)
        }),
        Law::always(PROGRESS, |_, s| s.violation != Some(Violation::NoProgress)),
        Law::always(LIMITED, |_, s| s.violation != Some(Violation::AboveLimit)),
        Law::always(BOUNDED, |_, s| {
            s.violation != Some(Violation::TooManyWrites)
        }),
        Law::always(DEADLINE, has_deadline),
        Law::always(COMMITTED, |_, s| {
            s.in_flight.iter().all(|m| was_asked(s, *m))
        }),
        Law::always(DISPATCHED, |_, s| dispatch_happened(s)),
        Law::always(WORKED_ONCE, |_, s| s.sessions.iter().all(|x| x.works <= 1)),
        Law::always(STOPPED, |_, s| s.violation != Some(Violation::SessionLeft)),
        Law::always(ASKED, |_, s| s.asks_or_owes()),
        Law::always(BOOKED_ONCE, |_, s| booked_once(s)),
        Law::always(MOVES, |model, s| {
            s.violation.is_some() || !s.is_watched() || model.goes_on(s)
        }),
    ]
}

fn has_deadline(model: &Choreography, state: &State) -> bool {
    match (state.workflow.due_at(model.rules()), state.workflow.wake_at) {
        (Some(due), Some(wake)) => {
            let mut work = state.workflow.work().iter();
            wake <= due && work.all(|work| wake <= work.deadline_at)
        }
        (None, wake) => wake.is_none() && !state.is_live(),
        (Some(_), None) => false,
    }
}

fn was_asked(state: &State, message: Message) -> bool {
    match message {
        Message::Step { of, .. } => state.facts.asked(of) & 1 << of.number != 0,
        Message::RequestApproval { revision } => revision < state.facts.approvals_asked,
        Message::Progress(_)
        | Message::Succeeded(_)
        | Message::Failed { .. }
        | Message::Decision { .. }
        | Message::Cancel
        | Message::Redrive { .. } => true,
    }
}

fn dispatch_happened(state: &State) -> bool {
    let mut work = state.work();
    work.all(|(of, work)| work.dispatched_at.is_none() || state.session(of).is_some())
}

/// Every attempt uses one token.
fn booked_once(state: &State) -> bool {
    let attempts = state.facts.asked.iter().flatten();
    let attempts: u32 = attempts.map(|asked| asked.count_ones()).sum();
    state.workflow.usage_so_far().input_tokens <= u64::from(attempts)
}

/// Stateright looks for an example of each.
pub fn goals(goals: &[Goal]) -> Vec<Law> {
    goals.iter().map(|goal| reach(*goal)).collect()
}

fn reach(goal: Goal) -> Law {
    match goal {
        Goal::Completed => Law::sometimes("completed", |_, s| {
            matches!(s.workflow.phase, Phase::Ended(Ended::Completed))
        }),
        Goal::Failed => Law::sometimes("failed", |_, s| {
            matches!(s.workflow.phase, Phase::Ended(Ended::Failed(_)))
        }),
        Goal::OutOfCapacity => Law::sometimes(
            "failed for want of a free session",
            |_, s| matches!(&s.workflow.phase, Phase::Ended(Ended::Failed(why)) if why.code == codes::AGENT_CAPACITY),
        ),
        Goal::Cancelled => Law::sometimes("cancelled", |_, s| {
            matches!(s.workflow.phase, Phase::Ended(Ended::Cancelled(_)))
        }),
        Goal::Rejected => Law::sometimes("rejected", |_, s| {
            matches!(s.workflow.phase, Phase::Ended(Ended::Rejected))
        }),
        Goal::Expired => Law::sometimes("expired", |_, s| {
            matches!(s.workflow.phase, Phase::Ended(Ended::Expired))
        }),
        Goal::Believed => Law::sometimes("completion record believed", |_, s| s.facts.believed),
        Goal::Redriven => Law::sometimes("redriven", |_, s| s.facts.redriven),
        Goal::Kept => Law::sometimes("redriven, and what was done is kept", |_, s| s.facts.kept),
        Goal::Found => Law::sometimes("redriven, and found done", |_, s| s.facts.found),
        Goal::WithGap => Law::sometimes("completed without a branch", |_, s| {
            let completed = matches!(s.workflow.phase, Phase::Ended(Ended::Completed));
            completed && s.facts.gaps.iter().any(|gaps| *gaps != 0)
        }),
        Goal::SecondRevision => Law::sometimes("second revision approved", |_, s| {
            let settled = s.workflow.settled.as_ref();
            settled.is_some_and(|settled| {
                let place = place(&s.workflow.flow, &settled.approval);
                settled.round == 1 && s.facts.settled(place) != 0
            })
        }),
    }
}

//! Time, which does not tick: it jumps to where something changes.

use std::time::Duration;

use aegis_contracts::time::Timestamp;
use aegis_workflow::{Phase, RESEND_FLOOR};

use crate::action::Action;
use crate::message::Message;
use crate::model::Choreography;
use crate::state::State;

const LONG_OUTAGE: Duration = Duration::from_secs(3600);

impl Choreography {
    /// The moment from which a redelivered message sends again, if it lies ahead and there is such a message.
    pub fn floor(&self, state: &State) -> Option<Timestamp> {
        let sent: Vec<Timestamp> = match &state.workflow.phase {
            Phase::Running(running) => {
                let open = running
                    .work
                    .iter()
                    .filter(|work| work.dispatched_at.is_none() && work.throttled_at.is_none());
                open.filter_map(|work| work.sent_at).collect()
            }
            Phase::AwaitingApproval(approval) if approval.notified_at.is_none() => {
                approval.sent_at.into_iter().collect()
            }
            Phase::AwaitingApproval(_) | Phase::Ended(_) => Vec::new(),
        };
        let owed = state.workflow.owed();
        let owed = owed.iter();
        let owed = owed.filter_map(|owed| Message::of(&state.workflow.flow, owed));
        let owed: Vec<Message> = owed.collect();
        if state.in_flight.iter().all(|message| owed.contains(message)) {
            return None;
        }
        let stops = state.workflow.stops.as_ref().map(|stops| stops.sent_at);
        let floors = sent
            .into_iter()
            .chain(stops)
            .map(|sent_at| sent_at.plus(RESEND_FLOOR));
        let wake = state.workflow.wake_at;
        let ahead = |floor: &Timestamp| *floor > state.now && wake.is_none_or(|wake| *floor < wake);
        floors.filter(ahead).min()
    }

    pub fn by_the_clock(&self, state: &mut State, action: Action) {
        let due = state.workflow.wake_at.unwrap_or(state.now);
        match action {
            Action::TimePasses | Action::TooLate => state.now = state.now.max(due),
            Action::SecondsPass => state.now = self.floor(state).unwrap_or(state.now),
            Action::Outage => state.now = state.now.max(due).plus(LONG_OUTAGE),
            Action::Sweep | Action::SweepEarly => self.sweep(state),
            Action::SweepSlowly => {
                if let Some(ask) = self.sweep_ask(state) {
                    self.dawdle(state, ask, None);
                }
            }
            _ => {}
        }
    }
}

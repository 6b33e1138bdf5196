//! An agent's session, as far as the platform sees it: claim, work, completion record, report.
//!
//! Mirrors `aegis-agent-kit`: the same session invoked again does not start the work twice, a session
//! that is done says so again, one whose process died is taken over by the next invocation.

use crate::attempt::Attempt;
use crate::broken::Broken;
use crate::message::Message;
use crate::model::Choreography;
use crate::state::{Activity, Session, State};
use crate::violation::Violation;

impl Choreography {
    pub fn invoke(&self, state: &mut State, of: Attempt) {
        if state.without_grant(of.place) {
            state.blame(Violation::WithoutGrant);
        }
        let works_again = self.is(Broken::NoClaim);
        let Some(session) = state.session_mut(of) else {
            state.sessions.push(Session {
                of,
                activity: Activity::Working,
                works: 0,
                heartbeats_left: self.scenario.heartbeats,
            });
            return;
        };
        match session.activity {
            Activity::Dead | Activity::Stopped => session.activity = Activity::Working,
            Activity::Done if works_again => session.activity = Activity::Working,
            Activity::Working => {}
            Activity::Done => say_again(state, Message::Succeeded(of)),
            Activity::Failed { transient } => {
                say_again(state, Message::Failed { of, transient });
            }
        }
    }
}

/// A report that is still on its way need not be sent twice; duplicates are a fault of their own.
fn say_again(state: &mut State, report: Message) {
    if !state.in_flight.contains(&report) {
        state.send(report);
    }
}

impl State {
    pub fn agent_succeeds(&mut self, of: Attempt) {
        if let Some(session) = self.session_mut(of) {
            session.activity = Activity::Done;
            session.works = session.works.saturating_add(1);
            self.send(Message::Succeeded(of));
        }
    }

    pub fn agent_fails(&mut self, of: Attempt, transient: bool) {
        if let Some(session) = self.session_mut(of) {
            session.activity = Activity::Failed { transient };
            self.send(Message::Failed { of, transient });
        }
    }

    pub fn agent_dies(&mut self, of: Attempt) {
        if let Some(session) = self.session_mut(of) {
            session.activity = Activity::Dead;
        }
    }

    pub fn agent_beats(&mut self, of: Attempt) {
        if let Some(session) = self.session_mut(of) {
            session.heartbeats_left = session.heartbeats_left.saturating_sub(1);
            self.send(Message::Progress(of));
        }
    }
}

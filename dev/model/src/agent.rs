//! An agent's session, as far as the platform sees it: claim, work, completion record, report.
//!
//! Mirrors `aegis-agent-kit`: the same session invoked again does not start the work twice, a session
//! that is done says so again, one whose process died is taken over by the next invocation.

use aegis_contracts::agent::Role;

use crate::broken::Broken;
use crate::message::Message;
use crate::model::Choreography;
use crate::state::{Activity, Session, State};
use crate::violation::Violation;

impl Choreography {
    pub fn invoke(&self, state: &mut State, role: Role, attempt: u32) {
        if role == Role::Writer && state.facts.granted.is_none() {
            state.blame(Violation::WriterWithoutGrant);
        }
        let works_again = self.is(Broken::NoClaim);
        let Some(session) = state.session_mut(role, attempt) else {
            state.sessions.push(Session {
                role,
                attempt,
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
            Activity::Done => say_again(state, Message::Succeeded { role, attempt }),
            Activity::Failed { transient } => {
                let report = Message::Failed {
                    role,
                    attempt,
                    transient,
                };
                say_again(state, report);
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
    pub fn agent_succeeds(&mut self, role: Role, attempt: u32) {
        if let Some(session) = self.session_mut(role, attempt) {
            session.activity = Activity::Done;
            session.works = session.works.saturating_add(1);
            self.send(Message::Succeeded { role, attempt });
        }
    }

    pub fn agent_fails(&mut self, role: Role, attempt: u32, transient: bool) {
        if let Some(session) = self.session_mut(role, attempt) {
            session.activity = Activity::Failed { transient };
            self.send(Message::Failed {
                role,
                attempt,
                transient,
            });
        }
    }

    pub fn agent_dies(&mut self, role: Role, attempt: u32) {
        if let Some(session) = self.session_mut(role, attempt) {
            session.activity = Activity::Dead;
        }
    }

    pub fn agent_beats(&mut self, role: Role, attempt: u32) {
        if let Some(session) = self.session_mut(role, attempt) {
            session.heartbeats_left = session.heartbeats_left.saturating_sub(1);
            self.send(Message::Progress { role, attempt });
        }
    }
}

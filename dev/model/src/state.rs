//! One state of the modelled system.

use std::sync::Arc;

use aegis_contracts::time::Timestamp;
use aegis_workflow::{Phase, Workflow};

use crate::ask::Ask;
use crate::attempt::{Attempt, PLACES};
use crate::message::Message;
use crate::violation::Violation;

#[derive(Debug, Clone)]
pub struct State {
    pub now: Timestamp,
    /// What the table holds.
    pub workflow: Arc<Workflow>,
    /// Queues and callbacks alike, in the order of their codes: what is in flight has no order.
    pub in_flight: Vec<Message>,
    /// Handlers that are in the middle of something.
    pub handlers: Vec<Handler>,
    pub sessions: Vec<Session>,
    pub left: Left,
    pub facts: Facts,
    /// What went wrong first, if anything did.
    pub violation: Option<Violation>,
}

/// A handler between two of its effects.
#[derive(Debug, Clone)]
pub enum Handler {
    /// The transition is written, its command is not sent. A queue brings `origin` back if the handler dies here.
    Sending {
        command: Message,
        origin: Option<Message>,
    },
    /// A dispatcher that has found its command current and is about to invoke the agent.
    Invoking { command: Message },
    /// A dispatcher whose agent is invoked and whose note is not yet written.
    Noting { command: Message },
    /// Loaded and decided, not written. `loaded` is gone once somebody else has written: then the write is refused.
    Deciding {
        ask: Ask,
        origin: Option<Message>,
        loaded: Option<Arc<Workflow>>,
        at: Timestamp,
    },
}

/// An agent's runtime session, and what lies in storage for its attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    pub of: Attempt,
    pub activity: Activity,
    /// How often the work was done to its end.
    pub works: u8,
    pub heartbeats_left: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    Working,
    /// The completion record is written.
    Done,
    Failed {
        transient: bool,
    },
    /// The process is gone, nothing was recorded.
    Dead,
    /// Stopped by the platform, or told that nobody wants its work.
    Stopped,
}

/// What may still happen in this life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    pub faults: u8,
    pub races: u8,
    pub decisions: u8,
    pub cancels: u8,
    pub redrives: u8,
}

/// What the history says, as far as the properties ask.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// Versions in the history.
    pub versions: u64,
    /// Highest attempt that the history asked for, by the place of the step.
    pub asked: [u32; PLACES],
    /// One more than the highest revision whose approval was asked for.
    pub approvals_asked: u32,
    /// Attempts whose result was counted, by the place of the step, one bit each.
    pub counted: [u32; PLACES],
    /// Entries of the flow that are done, by their place, one bit each: their step has succeeded or their approval was
    /// granted, and nothing has led back before them since.
    pub done: u32,
    /// Retries since the step under way was asked for.
    pub retried: u32,
    /// Sends of the command for the attempt under way.
    pub sends: u32,
    /// Heartbeats noted since the latest transition.
    pub heard: u8,
    pub believed: bool,
    pub redriven: bool,
}

impl State {
    pub fn is_live(&self) -> bool {
        match &self.workflow.phase {
            Phase::Running(_) | Phase::AwaitingApproval(_) => true,
            Phase::Ended(_) => false,
        }
    }

    /// Nothing is on its way, nobody is at work.
    pub fn is_idle(&self) -> bool {
        let at_work = |session: &Session| session.activity == Activity::Working;
        self.in_flight.is_empty() && self.handlers.is_empty() && !self.sessions.iter().any(at_work)
    }

    /// The attempt under way.
    pub fn current(&self) -> Option<Attempt> {
        match &self.workflow.phase {
            Phase::Running(work) => {
                Some(Attempt::of(&self.workflow.flow, &work.step, work.attempt))
            }
            Phase::AwaitingApproval(_) | Phase::Ended(_) => None,
        }
    }

    /// Whether an approval before `place` was not granted.
    pub fn without_grant(&self, place: u8) -> bool {
        let entries = self.workflow.flow.steps.iter().take(place.into());
        let mut entries = entries.enumerate();
        entries.any(|(at, entry)| entry.as_approval().is_some() && self.facts.done & 1 << at == 0)
    }

    pub fn session(&self, of: Attempt) -> Option<&Session> {
        self.sessions.iter().find(|session| session.of == of)
    }

    pub fn session_mut(&mut self, of: Attempt) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|session| session.of == of)
    }

    pub fn send(&mut self, message: Message) {
        let at = self
            .in_flight
            .partition_point(|other| other.code() < message.code());
        self.in_flight.insert(at, message);
    }

    /// Takes one copy out.
    pub fn take(&mut self, message: Message) {
        if let Some(at) = self.in_flight.iter().position(|other| *other == message) {
            self.in_flight.remove(at);
        }
    }

    /// The first thing that goes wrong is the one worth showing.
    pub fn blame(&mut self, violation: Violation) {
        self.violation.get_or_insert(violation);
    }
}

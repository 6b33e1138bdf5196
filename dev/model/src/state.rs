//! One state of the modelled system.

use std::sync::Arc;

use aegis_contracts::time::Timestamp;
use aegis_workflow::{Ended, Phase, Work, Workflow};

use crate::ask::Ask;
use crate::attempt::{Attempt, PIECES, PLACES, pieces};
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
    /// The state is written, the stops that it owes are not sent. `origin` as above.
    Stopping {
        of: Vec<Attempt>,
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
    /// Attempts that the history asked for, by place and piece, one bit each.
    pub asked: [[u32; PIECES]; PLACES],
    /// One more than the highest revision whose approval was asked for.
    pub approvals_asked: u32,
    /// Attempts whose result was counted, as `asked`.
    pub counted: [[u32; PIECES]; PLACES],
    /// Pieces of the entries of the flow that are done, by their place, one bit each: they have succeeded, or their
    /// approval was granted, and nothing has led back before them since.
    pub done: [u8; PLACES],
    /// Branches that the flow goes on without, as `done`.
    pub gaps: [u8; PLACES],
    /// Retries since the piece under way was asked for.
    pub retried: [u8; PIECES],
    /// Sends of the command for the attempt under way of each piece.
    pub sends: [u8; PIECES],
    /// Attempts that ended without a report of their own and were not asked to stop, as `asked`. Only where a scenario
    /// looks at stops.
    pub unasked: [[u32; PIECES]; PLACES],
    /// Heartbeats noted since the latest transition.
    pub heard: u8,
    pub believed: bool,
    pub redriven: bool,
    /// A redrive kept a piece that was done before.
    pub kept: bool,
    /// A redrive found that the work of an attempt was done before it was stopped.
    pub found: bool,
}

impl Facts {
    /// Pieces of the entry at `place` that nobody has to work on any more.
    pub fn settled(&self, place: u8) -> u8 {
        let of = |pieces: &[u8; PLACES]| pieces.get(usize::from(place)).copied();
        of(&self.done).unwrap_or_default() | of(&self.gaps).unwrap_or_default()
    }

    /// Attempts of the piece that the history asked for, one bit each.
    pub fn asked(&self, of: Attempt) -> u32 {
        let place = self.asked.get(usize::from(of.place));
        let asked = place.and_then(|place| place.get(usize::from(of.piece)));
        asked.copied().unwrap_or_default()
    }
}

impl State {
    pub fn is_live(&self) -> bool {
        match &self.workflow.phase {
            Phase::Running(_) | Phase::AwaitingApproval(_) => true,
            Phase::Ended(_) => false,
        }
    }

    /// The sweep has to come again.
    pub fn is_watched(&self) -> bool {
        self.is_live() || self.workflow.stops.is_some()
    }

    /// Nothing is on its way, nobody is at work.
    pub fn is_idle(&self) -> bool {
        let at_work = |session: &Session| session.activity == Activity::Working;
        self.in_flight.is_empty() && self.handlers.is_empty() && !self.sessions.iter().any(at_work)
    }

    /// All attempts under way, in the order in which the state knows them.
    pub fn work(&self) -> impl Iterator<Item = (Attempt, &Work)> {
        let work = self.workflow.work().iter();
        work.map(|work| (Attempt::of(&self.workflow.flow, &work.of), work))
    }

    pub fn is_current(&self, of: Attempt) -> bool {
        self.work().any(|(current, _)| current == of)
    }

    /// Whether the failure of the workflow may yet be redriven.
    pub fn may_be_redriven(&self) -> bool {
        let here = self.workflow.version;
        let asks = |message: &Message| *message == Message::Redrive { version: here };
        let decides = |handler: &Handler| match handler {
            Handler::Deciding {
                ask: Ask::Redrive { version, .. },
                ..
            } => *version == here,
            _ => false,
        };
        matches!(self.workflow.phase, Phase::Ended(Ended::Failed(_)))
            && (self.left.redrives > 0
                || self.in_flight.iter().any(asks)
                || self.handlers.iter().any(decides))
    }

    /// The attempts that the failure of the workflow has ended.
    pub fn stopped(&self) -> impl Iterator<Item = Attempt> {
        let stopped = self.workflow.stopped();
        stopped.map(|of| Attempt::of(&self.workflow.flow, of))
    }

    pub fn is_done(&self, of: Attempt) -> bool {
        let session = self.session(of);
        session.is_some_and(|session| session.activity == Activity::Done)
    }

    /// Whether all pieces of all entries before `place` have ended: they have succeeded, or the flow goes on without them.
    pub fn all_ended_before(&self, place: u8) -> bool {
        let entries = self.workflow.flow.steps.iter().take(place.into());
        let mut entries = (0u8..).zip(entries);
        entries.all(|(at, entry)| self.facts.settled(at) == pieces(entry))
    }

    /// Whether an approval before `place` was not granted.
    pub fn without_grant(&self, place: u8) -> bool {
        let entries = self.workflow.flow.steps.iter().take(place.into());
        let mut entries = (0u8..).zip(entries);
        entries.any(|(at, entry)| entry.as_approval().is_some() && self.facts.settled(at) == 0)
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

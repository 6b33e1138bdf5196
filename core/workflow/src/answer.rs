//! What becomes of an input.

use std::time::Duration;

use aegis_contracts::command::{Command, SessionCommand};
use aegis_contracts::event::Event;
use aegis_contracts::problem::Code;

use crate::state::Workflow;

#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Something happened: new version, events, commands.
    Transition(Transition),
    /// Something was noted: same version, no event.
    Touch(Touch),
    Rejected(Rejection),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    pub next: Workflow,
    pub events: Vec<Event>,
    pub commands: Vec<Owed>,
    /// The sessions to be stopped after [`crate::STOP_AFTER`]: first all that the new state owes, if it owes new ones; then
    /// that of the attempt whose own report this is, which nobody owes: its agent has no work left, and an idle session
    /// ends by itself.
    pub stops: Vec<SessionCommand>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Touch {
    pub next: Workflow,
    pub commands: Vec<Owed>,
    /// The sessions whose owed stops are sent again.
    pub stops: Vec<SessionCommand>,
}

/// A command to send once the state is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    pub command: Command,
    pub delay: Duration,
}

impl From<Command> for Owed {
    fn from(command: Command) -> Self {
        Self {
            command,
            delay: Duration::ZERO,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// Superseded: acknowledge and count. `current_revision` is the one that waits for a decision, if one does.
    Stale {
        detail: String,
        current_revision: Option<u32>,
    },
    /// The same input again: give the same answer.
    Duplicate,
    /// A client's error.
    Illegal(Illegal),
}

/// Why an input cannot be taken now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Illegal {
    pub code: Code,
    pub detail: String,
}

impl Answer {
    pub(crate) fn stale(detail: impl Into<String>) -> Self {
        Self::Rejected(Rejection::Stale {
            detail: detail.into(),
            current_revision: None,
        })
    }

    pub(crate) fn duplicate() -> Self {
        Self::Rejected(Rejection::Duplicate)
    }

    pub(crate) fn illegal(code: Code, detail: impl Into<String>) -> Self {
        Self::Rejected(Rejection::Illegal(Illegal {
            code,
            detail: detail.into(),
        }))
    }
}

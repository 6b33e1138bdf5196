//! Commands: "do this", to exactly one service, over its SQS queue.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agent::Role;

/// Commands carry names only, no content: the receiver reads the state, which decides whether the command still holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum Command {
    Research(StepCommand),
    Analyze(StepCommand),
    RequestApproval(ApprovalCommand),
    Write(StepCommand),
    /// Ends the session of an attempt that does not count any more. Saves work, and nothing depends on it: an agent
    /// whose attempt is superseded is told so by its next report.
    StopSession(SessionCommand),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepCommand {
    pub attempt: u32,
    pub revision: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalCommand {
    pub revision: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionCommand {
    pub role: Role,
    pub attempt: u32,
}

/// The service that owns a command, and so the queue that carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    Researcher,
    Analyst,
    Approval,
    Writer,
}

impl Command {
    /// The command that asks for `attempt` of `role`.
    pub fn step(role: Role, attempt: u32, revision: u32) -> Self {
        let step = StepCommand { attempt, revision };
        match role {
            Role::Researcher => Self::Research(step),
            Role::Analyst => Self::Analyze(step),
            Role::Writer => Self::Write(step),
        }
    }

    pub fn destination(&self) -> Destination {
        match self {
            Self::Research(_) => Destination::Researcher,
            Self::Analyze(_) => Destination::Analyst,
            Self::RequestApproval(_) => Destination::Approval,
            Self::Write(_) => Destination::Writer,
            Self::StopSession(session) => Destination::of(session.role),
        }
    }

    /// The agent work asked for, if it is agent work.
    pub fn as_step(&self) -> Option<(Role, StepCommand)> {
        match self {
            Self::Research(step) => Some((Role::Researcher, *step)),
            Self::Analyze(step) => Some((Role::Analyst, *step)),
            Self::Write(step) => Some((Role::Writer, *step)),
            Self::RequestApproval(_) | Self::StopSession(_) => None,
        }
    }
}

impl Destination {
    /// The dispatcher of `role`.
    pub fn of(role: Role) -> Self {
        match role {
            Role::Researcher => Self::Researcher,
            Role::Analyst => Self::Analyst,
            Role::Writer => Self::Writer,
        }
    }
}

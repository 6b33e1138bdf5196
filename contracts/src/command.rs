//! Commands: "do this", to exactly one service, over its SQS queue.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::attempt::Attempt;
use crate::flow::Name;

/// Commands carry names only, no content: the receiver reads the state, which decides whether the command still holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum Command {
    /// Starts an attempt of an agent step.
    RunStep(StepCommand),
    RequestApproval(ApprovalCommand),
    /// Ends the session of an attempt that does not count any more. Saves work, and nothing depends on it: an agent
    /// whose attempt is superseded is told so by its next report.
    StopSession(SessionCommand),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepCommand {
    pub agent: Name,
    #[serde(flatten)]
    pub of: Attempt,
    pub revision: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalCommand {
    pub revision: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionCommand {
    pub agent: Name,
    #[serde(flatten)]
    pub of: Attempt,
}

/// The service that owns a command, and so the queue that carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination<'a> {
    /// The dispatcher of an agent.
    Agent(&'a Name),
    Approval,
}

impl Command {
    pub fn destination(&self) -> Destination<'_> {
        match self {
            Self::RunStep(step) => Destination::Agent(&step.agent),
            Self::StopSession(session) => Destination::Agent(&session.agent),
            Self::RequestApproval(_) => Destination::Approval,
        }
    }
}

//! What can happen to a workflow.

use aegis_contracts::approval::DecisionKind;
use aegis_contracts::artifact::ArtifactRef;
use aegis_contracts::attempt::Attempt;
use aegis_contracts::changes::Changes;
use aegis_contracts::usage::Usage;

#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The request that opened this workflow, again.
    Start,
    /// The agent runtime took the attempt.
    Dispatched(Attempt),
    /// The agent runtime had no free session for the attempt, and its dispatcher has let go of the command.
    Throttled(Attempt),
    /// The agent is alive.
    Progress(Heartbeat),
    /// The agent is done; its artifacts were seen to exist and match.
    StepSucceeded(Success),
    StepFailed(Attempt, StepFailure),
    Decide(Vote),
    Cancel {
        by: String,
        reason: Option<String>,
    },
    /// The sweep found the workflow in the index of deadlines.
    DeadlinePassed,
    /// Take up again what failed, or was stopped because of it.
    Redrive(Redrive),
    /// The approvers of `revision` were told.
    Notified {
        revision: u32,
    },
    /// A redelivered message found a command or a stop owed.
    Resent,
    /// The stops of these sessions, which were owed, are in their queues.
    StopsSent(Vec<Attempt>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Heartbeat {
    pub of: Attempt,
    pub message: String,
    pub percent: Option<u8>,
    pub usage: Option<Usage>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Success {
    pub of: Attempt,
    pub summary: String,
    pub artifacts: Vec<ArtifactRef>,
    /// How many items it found for the branches of later steps.
    pub items: Option<u32>,
    pub usage: Usage,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Redrive {
    pub by: String,
    /// The version at which the failure was seen.
    pub version: u64,
    /// What attempts that failed or were stopped have completed all the same: it is not done again.
    pub found: Vec<Success>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct StepFailure {
    /// Stable, lower_snake_case.
    pub code: String,
    pub message: String,
    /// Whether a new attempt could succeed.
    pub transient: bool,
    pub usage: Option<Usage>,
}

/// What somebody decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Vote {
    pub approver: String,
    /// Whether it is the approver who was seen to call. Somebody else may write the name a little differently.
    pub proven: bool,
    pub claimed_by: Option<String>,
    pub decision: DecisionKind,
    pub comment: Option<String>,
    pub changes: Option<Changes>,
    /// Missing: the first, where the flow has one approval only.
    pub revision: Option<u32>,
}

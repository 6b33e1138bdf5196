//! What can happen to a workflow.

use aegis_contracts::agent::Role;
use aegis_contracts::approval::DecisionKind;
use aegis_contracts::artifact::ArtifactRef;
use aegis_contracts::changes::Changes;
use aegis_contracts::usage::Usage;

#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The request that opened this workflow, again.
    Start,
    /// The agent runtime took the attempt.
    Dispatched {
        role: Role,
        attempt: u32,
    },
    /// The agent runtime had no free session for the attempt, and its dispatcher has let go of the command.
    Throttled {
        role: Role,
        attempt: u32,
    },
    /// The agent is alive.
    Progress {
        role: Role,
        attempt: u32,
        message: String,
        percent: Option<u8>,
        usage: Option<Usage>,
    },
    /// The agent is done; its artifacts were seen to exist and match.
    StepSucceeded {
        role: Role,
        attempt: u32,
        summary: String,
        artifacts: Vec<ArtifactRef>,
        usage: Usage,
    },
    StepFailed {
        role: Role,
        attempt: u32,
        failure: StepFailure,
        usage: Option<Usage>,
    },
    Decide {
        approver: String,
        /// Whether it is the approver who was seen to call. Somebody else may write the name a little differently.
        proven: bool,
        claimed_by: Option<String>,
        decision: DecisionKind,
        comment: Option<String>,
        changes: Option<Changes>,
        revision: u32,
    },
    Cancel {
        by: String,
        reason: Option<String>,
    },
    /// The sweep found the workflow in the index of deadlines.
    DeadlinePassed,
    /// Try the failed step again; `version` is the one at which the failure was seen.
    Redrive {
        by: String,
        version: u64,
    },
    /// The approvers of `revision` were told.
    Notified {
        revision: u32,
    },
    /// A redelivered message found a command owed.
    Resent,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepFailure {
    /// Stable, lower_snake_case.
    pub code: String,
    pub message: String,
    /// Whether a new attempt could succeed.
    pub transient: bool,
}

//! The state of one workflow, as it is stored.
//!
//! Stored as JSON and kept under 1 KB in the ordinary case, because each
//! further KB of an item costs another write unit on every write: names are
//! short, instants are milliseconds, defaults and what follows from the rest
//! are left out.

use aegis_contracts::agent::Role;
use aegis_contracts::approval::{DecisionKind, OnTimeout};
use aegis_contracts::command::{ApprovalCommand, Command};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::request::Budget;
use aegis_contracts::time::{Timestamp, millis};
use aegis_contracts::usage::Usage;
use aegis_contracts::view::Status;
use serde::{Deserialize, Serialize};

use crate::compact::{CompactResult, is_zero};

/// Shape of the stored state. Code that meets a newer one leaves it alone.
pub const STATE_VERSION: u16 = 1;
/// The flow that new workflows start on and are pinned to.
pub const FLOW_VERSION: u16 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workflow {
    pub state_version: u16,
    pub flow_version: u16,
    pub id: WorkflowId,
    /// Counts transitions: one history item each.
    #[serde(rename = "v")]
    pub version: u64,
    /// Counts writes, touches too. Every write is conditional on it.
    #[serde(rename = "q")]
    pub seq: u64,
    #[serde(rename = "c", with = "millis")]
    pub created_at: Timestamp,
    #[serde(rename = "u", with = "millis")]
    pub updated_at: Timestamp,
    /// When the item and its history may be deleted.
    #[serde(rename = "x", with = "millis")]
    pub expires_at: Timestamp,
    /// When the sweep should look; never later than [`Workflow::due_at`].
    #[serde(
        rename = "w",
        with = "millis::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub wake_at: Option<Timestamp>,
    #[serde(rename = "p")]
    pub policy: ApprovalPolicy,
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    #[serde(rename = "a", default)]
    pub attempts: Attempts,
    #[serde(rename = "r", default, skip_serializing_if = "is_zero")]
    pub revision: u32,
    /// The latest success of each role, in flow order.
    #[serde(rename = "f", default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<StepResult>,
    /// Of all attempts that ended.
    #[serde(rename = "g", default, skip_serializing_if = "Usage::is_zero")]
    pub usage: Usage,
    /// The latest approval that was settled.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Approval>,
    /// The failure that the latest redrive answered, by its version.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub redriven_from: Option<u64>,
    pub phase: Phase,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// An agent is asked for, or at work.
    Working(Step),
    AwaitingApproval(Approval),
    Completed,
    Failed(Failure),
    Cancelled(Cancellation),
    Rejected,
    Expired,
}

/// Attempts used so far, per role. Never goes down, so (workflow, role, attempt) names one piece of work for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    #[serde(rename = "r", default, skip_serializing_if = "is_zero")]
    pub researcher: u32,
    #[serde(rename = "a", default, skip_serializing_if = "is_zero")]
    pub analyst: u32,
    #[serde(rename = "w", default, skip_serializing_if = "is_zero")]
    pub writer: u32,
}

impl Attempts {
    pub fn of(&self, role: Role) -> u32 {
        match role {
            Role::Researcher => self.researcher,
            Role::Analyst => self.analyst,
            Role::Writer => self.writer,
        }
    }

    pub(crate) fn next(&mut self, role: Role) -> u32 {
        let counter = match role {
            Role::Researcher => &mut self.researcher,
            Role::Analyst => &mut self.analyst,
            Role::Writer => &mut self.writer,
        };
        *counter += 1;
        *counter
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    #[serde(rename = "r")]
    pub role: Role,
    #[serde(rename = "a")]
    pub attempt: u32,
    #[serde(rename = "v", default, skip_serializing_if = "is_zero")]
    pub revision: u32,
    /// Attempts that failed since the step was asked for; the retry budget.
    #[serde(rename = "t", default, skip_serializing_if = "is_zero")]
    pub retries: u32,
    /// How often the command was sent.
    #[serde(rename = "n", default, skip_serializing_if = "is_zero")]
    pub sends: u32,
    #[serde(rename = "q", with = "millis")]
    pub requested_at: Timestamp,
    #[serde(
        rename = "s",
        with = "millis::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub sent_at: Option<Timestamp>,
    /// When the command is sent again; nothing once somebody picked it up.
    #[serde(
        rename = "e",
        with = "millis::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub resend_at: Option<Timestamp>,
    #[serde(
        rename = "d",
        with = "millis::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub dispatched_at: Option<Timestamp>,
    #[serde(
        rename = "h",
        with = "millis::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub last_heartbeat_at: Option<Timestamp>,
    /// Of the whole attempt once it is dispatched; until then as `resend_at`.
    #[serde(rename = "x", with = "millis")]
    pub deadline_at: Timestamp,
    /// Of this attempt so far.
    #[serde(rename = "g", default, skip_serializing_if = "Usage::is_zero")]
    pub usage: Usage,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    #[serde(rename = "m")]
    pub message: String,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "CompactResult", into = "CompactResult")]
pub struct StepResult {
    pub role: Role,
    pub attempt: u32,
    pub revision: u32,
    pub artifacts: Vec<StoredArtifact>,
}

/// An artifact without its key, which follows from workflow, role, attempt and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredArtifact {
    pub name: String,
    pub size: u64,
    pub sha256: String,
    pub media_type: String,
}

/// Who approves, by when, and what silence means; fixed when the workflow starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalPolicy {
    #[serde(rename = "n")]
    pub required: u32,
    #[serde(rename = "a", default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<String>,
    #[serde(rename = "t")]
    pub timeout_seconds: u64,
    #[serde(rename = "o", default, skip_serializing_if = "is_expire")]
    pub on_timeout: OnTimeout,
    #[serde(rename = "e", default, skip_serializing_if = "Vec::is_empty")]
    pub escalate_to: Vec<String>,
    #[serde(rename = "r")]
    pub max_revisions: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    #[serde(rename = "v", default, skip_serializing_if = "is_zero")]
    pub revision: u32,
    #[serde(rename = "d", default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
    #[serde(rename = "q", with = "millis")]
    pub requested_at: Timestamp,
    #[serde(rename = "x", with = "millis")]
    pub deadline_at: Timestamp,
    #[serde(rename = "l", default, skip_serializing_if = "std::ops::Not::not")]
    pub escalated: bool,
    #[serde(rename = "n", default, skip_serializing_if = "is_zero")]
    pub sends: u32,
    #[serde(
        rename = "s",
        with = "millis::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub sent_at: Option<Timestamp>,
    #[serde(
        rename = "e",
        with = "millis::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub resend_at: Option<Timestamp>,
    #[serde(
        rename = "o",
        with = "millis::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub notified_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    #[serde(rename = "a")]
    pub approver: String,
    #[serde(rename = "k")]
    pub kind: DecisionKind,
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// `account:source` of an event that claims this decision; its source is self-asserted.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub claimed_by: Option<String>,
    #[serde(rename = "t", with = "millis")]
    pub decided_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    #[serde(rename = "c")]
    pub code: String,
    #[serde(rename = "m")]
    pub message: String,
    /// Where the workflow was.
    #[serde(rename = "s")]
    pub status: Status,
    #[serde(rename = "r")]
    pub resume: ResumeAt,
    /// The attempt that failed, if one did.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
}

/// Where a redrive goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResumeAt {
    Step(Role),
    Approval,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    pub by: String,
    /// Where the workflow was.
    pub status: Status,
}

fn is_expire(on_timeout: &OnTimeout) -> bool {
    *on_timeout == OnTimeout::Expire
}

/// The status in which `role` works.
pub(crate) fn working_status(role: Role) -> Status {
    match role {
        Role::Researcher => Status::Researching,
        Role::Analyst => Status::Analyzing,
        Role::Writer => Status::Writing,
    }
}

impl Workflow {
    pub fn status(&self) -> Status {
        match &self.phase {
            Phase::Working(step) => working_status(step.role),
            Phase::AwaitingApproval(_) => Status::AwaitingApproval,
            Phase::Completed => Status::Completed,
            Phase::Failed(_) => Status::Failed,
            Phase::Cancelled(_) => Status::Cancelled,
            Phase::Rejected => Status::Rejected,
            Phase::Expired => Status::Expired,
        }
    }

    pub fn result_of(&self, role: Role) -> Option<&StepResult> {
        self.results.iter().find(|result| result.role == role)
    }

    /// The step under way, if it is this attempt of this role.
    pub fn current_step(&self, role: Role, attempt: u32) -> Option<&Step> {
        match &self.phase {
            Phase::Working(step) if step.role == role && step.attempt == attempt => Some(step),
            Phase::Working(_)
            | Phase::AwaitingApproval(_)
            | Phase::Completed
            | Phase::Failed(_)
            | Phase::Cancelled(_)
            | Phase::Rejected
            | Phase::Expired => None,
        }
    }

    /// The command that the state still owes somebody, if nobody picked it up yet.
    pub fn owed(&self) -> Option<Command> {
        match &self.phase {
            Phase::Working(step) if step.dispatched_at.is_none() => {
                Some(Command::step(step.role, step.attempt, step.revision))
            }
            Phase::AwaitingApproval(approval) if approval.notified_at.is_none() => {
                Some(Command::RequestApproval(ApprovalCommand {
                    revision: approval.revision,
                }))
            }
            Phase::Working(_)
            | Phase::AwaitingApproval(_)
            | Phase::Completed
            | Phase::Failed(_)
            | Phase::Cancelled(_)
            | Phase::Rejected
            | Phase::Expired => None,
        }
    }

    /// What the approver asked to be changed before the present revision.
    pub fn feedback(&self) -> Option<&str> {
        let settled = self.settled.as_ref().filter(|_| self.revision > 0)?;
        settled
            .decisions
            .iter()
            .rev()
            .find(|decision| decision.kind == DecisionKind::RequestChanges)
            .and_then(|decision| decision.comment.as_deref())
    }

    /// Usage of ended attempts and of the one at work.
    pub fn usage_so_far(&self) -> Usage {
        match &self.phase {
            Phase::Working(step) => self.usage.plus(step.usage),
            Phase::AwaitingApproval(_)
            | Phase::Completed
            | Phase::Failed(_)
            | Phase::Cancelled(_)
            | Phase::Rejected
            | Phase::Expired => self.usage,
        }
    }
}

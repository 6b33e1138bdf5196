//! The whole of one workflow.

use aegis_contracts::agent::Role;
use aegis_contracts::changes::ChangeRequest;
use aegis_contracts::command::{ApprovalCommand, Command};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::request::Budget;
use aegis_contracts::time::{Timestamp, millis};
use aegis_contracts::tolerant;
use aegis_contracts::usage::Usage;
use aegis_contracts::view::Status;
use serde::{Deserialize, Serialize};

use super::approval::{Approval, ApprovalPolicy};
use super::compact::is_zero;
use super::ending::{Cancellation, Failure};
use super::step::{Attempts, Step, StepResult};

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
    #[serde(
        rename = "b",
        default,
        deserialize_with = "tolerant::field",
        skip_serializing_if = "Option::is_none"
    )]
    pub budget: Option<Budget>,
    #[serde(rename = "a", default)]
    pub attempts: Attempts,
    #[serde(rename = "r", default, skip_serializing_if = "is_zero")]
    pub revision: u32,
    /// The latest success of each role, in flow order.
    #[serde(rename = "f", default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<StepResult>,
    /// Of all attempts that ended.
    #[serde(
        rename = "g",
        default,
        deserialize_with = "tolerant::field",
        skip_serializing_if = "Usage::is_zero"
    )]
    pub usage: Usage,
    /// The latest approval that was settled.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Approval>,
    /// What approvers asked for before the latest revision, oldest first; that of the latest is in `settled`.
    #[serde(rename = "k", default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_changes: Vec<ChangeRequest>,
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
    #[serde(untagged)]
    Ended(Ended),
}

/// How a workflow has ended. Only a failed one is taken up again, by a redrive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    Completed,
    Failed(Failure),
    Cancelled(Cancellation),
    Rejected,
    Expired,
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
            Phase::Ended(Ended::Completed) => Status::Completed,
            Phase::Ended(Ended::Failed(_)) => Status::Failed,
            Phase::Ended(Ended::Cancelled(_)) => Status::Cancelled,
            Phase::Ended(Ended::Rejected) => Status::Rejected,
            Phase::Ended(Ended::Expired) => Status::Expired,
        }
    }

    pub fn result_of(&self, role: Role) -> Option<&StepResult> {
        self.results.iter().find(|result| result.role == role)
    }

    /// The step under way, if it is this attempt of this role.
    pub fn current_step(&self, role: Role, attempt: u32) -> Option<&Step> {
        match &self.phase {
            Phase::Working(step) if step.role == role && step.attempt == attempt => Some(step),
            Phase::Working(_) | Phase::AwaitingApproval(_) | Phase::Ended(_) => None,
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
            Phase::Working(_) | Phase::AwaitingApproval(_) | Phase::Ended(_) => None,
        }
    }

    /// Usage of ended attempts and of the one at work.
    pub fn usage_so_far(&self) -> Usage {
        match &self.phase {
            Phase::Working(step) => self.usage.plus(step.usage),
            Phase::AwaitingApproval(_) | Phase::Ended(_) => self.usage,
        }
    }
}

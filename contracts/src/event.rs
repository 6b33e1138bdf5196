//! Events: "this happened", for whoever subscribes to the bus.
//!
//! Each is written with the state in one transaction and relayed from there.
//! Events carry no secrets and no links that decide anything.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::approval::DecisionKind;
use crate::artifact::ArtifactRef;
use crate::changes::Changes;
use crate::flow::Name;
use crate::time::Timestamp;
use crate::tolerant;
use crate::usage::Usage;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum Event {
    WorkflowStarted {
        flow: Name,
        flow_version: u16,
        topic: String,
        requested_by: String,
    },
    /// An agent step has succeeded, or a branch of it.
    StepCompleted {
        step: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        branch: Option<u32>,
        agent: Name,
        attempt: u32,
        revision: u32,
        summary: String,
        #[serde(deserialize_with = "tolerant::field")]
        artifacts: Vec<ArtifactRef>,
        /// Later steps run once for each of so many items.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        items: Option<u32>,
        #[serde(deserialize_with = "tolerant::field")]
        usage: Usage,
    },
    /// An attempt failed and a new one was asked for.
    StepRetried {
        step: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        branch: Option<u32>,
        agent: Name,
        failed_attempt: u32,
        next_attempt: u32,
        code: String,
        message: String,
    },
    /// A branch failed for good, and its step goes on without it.
    BranchFailed {
        step: Name,
        branch: u32,
        agent: Name,
        attempt: u32,
        code: String,
        message: String,
    },
    ApprovalRequested {
        approval: Name,
        revision: u32,
        required: u32,
        approvers: Vec<String>,
        deadline_at: Timestamp,
    },
    /// A decision that does not yet settle the approval.
    ApprovalRecorded {
        approval: Name,
        revision: u32,
        approver: String,
        decision: DecisionKind,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
        /// How it is known that the approver decided, where the API did not see who called: `account:source` of an
        /// event, or `link:` and who made the approval link.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        claimed_by: Option<String>,
        approvals: u32,
        required: u32,
    },
    ApprovalGranted {
        approval: Name,
        revision: u32,
        /// `timeout` where nobody decided and the policy says approve.
        approver: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        claimed_by: Option<String>,
    },
    /// Nobody has settled it yet.
    ApprovalReminded {
        approval: Name,
        revision: u32,
        /// Counts from 1 since the request, or since the escalation.
        reminder: u32,
        /// Who has not decided yet; empty means anyone whom the API lets in.
        approvers: Vec<String>,
        deadline_at: Timestamp,
    },
    ApprovalEscalated {
        approval: Name,
        revision: u32,
        escalated_to: Vec<String>,
        deadline_at: Timestamp,
    },
    ChangesRequested {
        approval: Name,
        /// The revision that was looked at.
        revision: u32,
        next_revision: u32,
        /// The step that runs again, and all after it.
        redo: Name,
        approver: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
        #[serde(
            default,
            deserialize_with = "tolerant::field",
            skip_serializing_if = "Option::is_none"
        )]
        changes: Option<Changes>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        claimed_by: Option<String>,
    },
    WorkflowCompleted {
        #[serde(deserialize_with = "tolerant::field")]
        result: ArtifactRef,
        #[serde(deserialize_with = "tolerant::field")]
        usage: Usage,
    },
    WorkflowRejected {
        approval: Name,
        revision: u32,
        approver: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        claimed_by: Option<String>,
    },
    WorkflowExpired {
        approval: Name,
        revision: u32,
    },
    WorkflowFailed {
        code: String,
        message: String,
        /// The step or approval at which it failed.
        at: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        branch: Option<u32>,
    },
    WorkflowCancelled {
        cancelled_by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The step or approval at which it was.
        at: Name,
    },
    WorkflowRedriven {
        redriven_by: String,
        /// The version at which the failure was seen.
        failed_version: u64,
        /// The step or approval at which it goes on.
        at: Name,
    },
}

impl Event {
    /// The EventBridge `detail-type`.
    pub const fn detail_type(&self) -> &'static str {
        match self {
            Self::WorkflowStarted { .. } => "WorkflowStarted",
            Self::StepCompleted { .. } => "StepCompleted",
            Self::StepRetried { .. } => "StepRetried",
            Self::BranchFailed { .. } => "BranchFailed",
            Self::ApprovalRequested { .. } => "ApprovalRequested",
            Self::ApprovalRecorded { .. } => "ApprovalRecorded",
            Self::ApprovalGranted { .. } => "ApprovalGranted",
            Self::ApprovalReminded { .. } => "ApprovalReminded",
            Self::ApprovalEscalated { .. } => "ApprovalEscalated",
            Self::ChangesRequested { .. } => "ChangesRequested",
            Self::WorkflowCompleted { .. } => "WorkflowCompleted",
            Self::WorkflowRejected { .. } => "WorkflowRejected",
            Self::WorkflowExpired { .. } => "WorkflowExpired",
            Self::WorkflowFailed { .. } => "WorkflowFailed",
            Self::WorkflowCancelled { .. } => "WorkflowCancelled",
            Self::WorkflowRedriven { .. } => "WorkflowRedriven",
        }
    }
}

//! What clients read: bodies of the answers of the API.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::approval::ApprovalView;
use crate::artifact::ArtifactRef;
use crate::attempt::Attempt;
use crate::flow::{Flow, Name};
use crate::ids::WorkflowId;
use crate::request::Budget;
use crate::time::Timestamp;
use crate::tolerant;
use crate::usage::Usage;

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// An agent is asked for, or at work: `at` says in which step.
    Running,
    /// People are asked: `at` says in which approval.
    AwaitingApproval,
    Completed,
    Failed,
    Cancelled,
    Rejected,
    Expired,
}

impl Status {
    pub const ALL: [Self; 7] = [
        Self::Running,
        Self::AwaitingApproval,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::Rejected,
        Self::Expired,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// No further work happens by itself. `Failed` can still be redriven.
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Running | Self::AwaitingApproval => false,
            Self::Completed | Self::Failed | Self::Cancelled | Self::Rejected | Self::Expired => {
                true
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// A branch that has not begun: as many others as may are at work.
    Waiting,
    Requested,
    Dispatched,
    Running,
    Succeeded,
    Failed,
    Superseded,
    Cancelled,
}

/// An entry of a workflow's flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Place {
    Step {
        step: Name,
        agent: Name,
        /// The step for each of whose items it has a branch.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        each: Option<Name>,
    },
    /// Steps that run at once.
    Parallel {
        parallel: Vec<Place>,
    },
    Approval {
        approval: Name,
    },
}

impl Place {
    /// Of steps that run at once, the first one's.
    pub fn name(&self) -> Option<&Name> {
        match self {
            Self::Step { step, .. } => Some(step),
            Self::Parallel { parallel } => parallel.first().and_then(Self::name),
            Self::Approval { approval } => Some(approval),
        }
    }

    /// Itself, or the steps that run at once.
    pub fn parts(&self) -> &[Self] {
        match self {
            Self::Parallel { parallel } => parallel,
            Self::Step { .. } | Self::Approval { .. } => std::slice::from_ref(self),
        }
    }

    /// Whether it is of this name, or has a step that is.
    pub fn has(&self, name: &Name) -> bool {
        self.parts().iter().any(|part| part.name() == Some(name))
    }

    /// Names of the agent steps in it.
    pub fn steps(&self) -> Vec<&Name> {
        match self {
            Self::Step { step, .. } => vec![step],
            Self::Parallel { parallel } => parallel.iter().flat_map(Self::steps).collect(),
            Self::Approval { .. } => Vec::new(),
        }
    }
}

/// The latest attempt of one step, or of one branch of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepView {
    pub step: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<u32>,
    pub agent: Name,
    pub status: StepStatus,
    /// 0 for a branch that has not begun.
    pub attempt: u32,
    pub revision: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispatched_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_heartbeat_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_at: Option<Timestamp>,
    /// When it succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub succeeded_at: Option<Timestamp>,
    /// Why a branch failed for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<ProgressView>,
    /// Only while nobody has picked the command up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pickup: Option<PickupView>,
}

impl StepView {
    pub fn of(&self) -> Attempt {
        Attempt {
            step: self.step.clone(),
            branch: self.branch,
            attempt: self.attempt,
        }
    }

    /// All that may have been asked for, up to the latest. A branch can have begun with a higher number than 1.
    pub fn attempts(&self) -> impl Iterator<Item = Attempt> {
        (1..=self.attempt).map(|attempt| Attempt {
            attempt,
            ..self.of()
        })
    }
}

/// A command that nobody has picked up yet. One that was sent more than once and never throttled is stuck: its service
/// does not run, is busy, or has put it into its dead-letter queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PickupView {
    /// How often the command was sent.
    pub sends: u32,
    pub waiting_since: Timestamp,
    /// When it is sent again, or given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resend_at: Option<Timestamp>,
    /// When the agent runtime was first noted to have no free session: the step waits for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttled_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProgressView {
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailureView {
    /// Stable, lower_snake_case.
    pub code: String,
    pub message: String,
    /// The step or approval at which it failed.
    pub at: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<u32>,
    /// The version to name in a redrive.
    pub version: u64,
}

/// A presigned URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResultLink {
    pub url: String,
    pub expires_at: Timestamp,
}

/// Absolute URLs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Links {
    #[serde(rename = "self")]
    pub this: String,
    pub history: String,
    pub approve: String,
    pub cancel: String,
    pub redrive: String,
}

impl Links {
    /// Below `api`, the API's URL as its clients reach it: whoever has a link needs nothing else to follow it.
    pub fn of(api: &str, id: &WorkflowId) -> Self {
        let api = api.trim_end_matches('/');
        Self {
            this: format!("{api}/workflows/{id}"),
            history: format!("{api}/workflows/{id}/history"),
            approve: format!("{api}/approve/{id}"),
            cancel: format!("{api}/workflows/{id}/cancel"),
            redrive: format!("{api}/workflows/{id}/redrive"),
        }
    }
}

/// Answer to `POST /workflows`, cancel and redrive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkflowAccepted {
    pub workflow_id: WorkflowId,
    pub status: Status,
    pub links: Links,
}

/// Answer to `GET /workflows/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkflowView {
    pub workflow_id: WorkflowId,
    pub flow: Name,
    pub flow_version: u16,
    pub status: Status,
    /// The step that runs or the approval that waits; of a workflow that has ended, where it was. Missing once it is
    /// completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Name>,
    /// Steps and approvals in their order, whether or not they have begun.
    pub course: Vec<Place>,
    pub topic: String,
    pub parameters: Map<String, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: u64,
    pub revision: u32,
    pub steps: Vec<StepView>,
    pub approval: Option<ApprovalView>,
    #[serde(deserialize_with = "tolerant::field")]
    pub artifacts: Vec<ArtifactRef>,
    /// Where to read the artifact that the flow names as its result, once the workflow is completed.
    pub result: Option<ResultLink>,
    pub failure: Option<FailureView>,
    #[serde(deserialize_with = "tolerant::field")]
    pub usage: Usage,
    #[serde(default, deserialize_with = "tolerant::field")]
    pub budget: Option<Budget>,
    pub links: Links,
}

/// One row of `GET /workflows`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkflowSummary {
    pub workflow_id: WorkflowId,
    pub flow: Name,
    pub status: Status,
    /// The step that runs or the approval that waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Name>,
    /// The first 120 characters.
    pub topic: String,
    pub created_at: Timestamp,
}

/// Answer to `GET /flows`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FlowList {
    /// The newest version of each flow that can be started, by name.
    pub flows: Vec<Flow>,
}

/// Answer to `GET /workflows`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkflowPage {
    /// Fewer than `limit`, even none, on a page of a list by `flow` or `at` that goes on.
    pub workflows: Vec<WorkflowSummary>,
    /// Pass as `cursor` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// Answer to `GET /workflows/{id}/history`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct History {
    pub events: Vec<HistoryEvent>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryEvent {
    pub version: u64,
    #[serde(rename = "type")]
    pub kind: String,
    pub occurred_at: Timestamp,
    pub data: serde_json::Value,
}

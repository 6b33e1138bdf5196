//! What a dispatcher hands to an agent.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::attempt::Attempt;
use crate::changes::ChangeRequest;
use crate::flow::Name;
use crate::ids::WorkflowId;
use crate::time::Timestamp;
use crate::tolerant;

/// Body of `POST /invocations`: one attempt of one step.
///
/// Unknown fields are tolerated, so that an older agent image can serve a newer dispatcher.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AgentTask {
    pub schema_version: u16,
    pub workflow_id: WorkflowId,
    pub flow: Name,
    pub step: Name,
    /// Of a step with `each`: which of the items this attempt is about, counted from 1. The items are in the artifact of
    /// the step that `each` names, which is among the inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<u32>,
    /// Counts up for each step and branch, is never used again.
    pub attempt: u32,
    pub revision: u32,
    pub topic: String,
    /// As the request has them; the flow's schema says what they can be.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// The name of the artifact that the step must write.
    pub writes: String,
    /// Later steps run once for each item that this step finds: its report of success says how many, at most so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u32>,
    /// What approvers asked to be changed, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub feedback: Vec<ChangeRequest>,
    /// What the steps wrote that this one reads, in the order of the flow, and what this step itself wrote for an
    /// earlier revision.
    #[serde(default, deserialize_with = "tolerant::field")]
    pub inputs: Vec<Input>,
    /// Branches of the steps that this one reads which failed for good, so that nothing of them is among the inputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// Where this attempt's artifacts go. Nothing else may be written.
    pub output_prefix: String,
    /// How an agent without credentials for the bucket puts them.
    pub artifacts: ArtifactTarget,
    pub callback: CallbackTarget,
    /// The attempt is given up at this time.
    pub deadline_at: Timestamp,
    /// The longest silence between two reports of progress, in seconds.
    pub heartbeat_seconds: u64,
    /// What the workflow's budget leaves for this attempt; missing without a budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_remaining: Option<BudgetRemaining>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

/// An artifact that a task may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Input {
    /// The step that wrote it.
    pub step: Name,
    /// The branch of that step, if it has branches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<u32>,
    pub name: String,
    /// Key in the artifact bucket.
    pub key: String,
    /// `GET` with the task's token answers how to read it ([`Transfer`](crate::transfer::Transfer)).
    pub url: String,
    /// Bytes.
    pub size: u64,
    /// Lower-case hex.
    pub sha256: String,
    pub media_type: String,
}

/// `GET` with the task's token lists what the attempt has put ([`FileList`](crate::transfer::FileList)).
/// `POST {url}/{name}` with a [`FileToPut`](crate::transfer::FileToPut) answers how to put the file of this name,
/// `GET {url}/{name}` how to read it ([`Transfer`](crate::transfer::Transfer)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArtifactTarget {
    pub url: String,
}

/// A branch that failed for good where its flow goes on without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    pub step: Name,
    pub branch: u32,
    /// Why it failed: stable, lower_snake_case.
    pub code: String,
}

impl AgentTask {
    pub fn of(&self) -> Attempt {
        Attempt {
            step: self.step.clone(),
            branch: self.branch,
            attempt: self.attempt,
        }
    }
}

/// An agent that goes over one of these stops with `budget_exceeded`. What is missing is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetRemaining {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub max_cost_usd: Option<f64>,
    /// Of input and output together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// From the moment at which the task was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
}

/// Where an agent reports, and what proves that it may.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallbackTarget {
    pub url: String,
    /// `v1.<kid>.<exp>.<flow>.<step>[/<branch>].<attempt>.<hmac>`; goes into `Authorization: Bearer`.
    pub token: String,
}

impl fmt::Debug for CallbackTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackTarget")
            .field("url", &self.url)
            .field("token", &"<redacted>")
            .finish()
    }
}

/// Answer of an agent to `POST /invocations`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InvocationAnswer {
    pub status: InvocationStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvocationStatus {
    Accepted,
    AlreadyRunning,
    AlreadyCompleted,
}

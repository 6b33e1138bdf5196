//! What a dispatcher hands to an agent, and who the agents are.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::artifact::ArtifactRef;
use crate::changes::ChangeRequest;
use crate::ids::WorkflowId;
use crate::request::Parameters;
use crate::time::Timestamp;
use crate::tolerant;

/// The three agents.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Researcher,
    Analyst,
    Writer,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Researcher, Self::Analyst, Self::Writer];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Researcher => "researcher",
            Self::Analyst => "analyst",
            Self::Writer => "writer",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// The one artifact without which the step has not succeeded.
    pub const fn artifact_name(self) -> &'static str {
        match self {
            Self::Researcher => "evidence.json",
            Self::Analyst => "analysis.json",
            Self::Writer => "report.md",
        }
    }

    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Researcher | Self::Analyst => "application/json",
            Self::Writer => "text/markdown; charset=utf-8",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Body of `POST /invocations`: one attempt of one step.
///
/// Unknown fields are tolerated, so that an older agent image can serve a newer dispatcher.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AgentTask {
    pub schema_version: u16,
    pub workflow_id: WorkflowId,
    pub role: Role,
    /// Counts up per (workflow, role), is never used again.
    pub attempt: u32,
    pub revision: u32,
    pub topic: String,
    #[serde(default, deserialize_with = "tolerant::field")]
    pub parameters: Parameters,
    /// What approvers asked to be changed, the oldest first, when `revision` is above 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub change_requests: Vec<ChangeRequest>,
    /// Results of the earlier steps, and what this agent itself wrote for an earlier revision.
    #[serde(default, deserialize_with = "tolerant::field")]
    pub inputs: Vec<ArtifactRef>,
    /// Where this attempt's artifacts go. Nothing else may be written.
    pub output_prefix: String,
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
    /// `v1.<kid>.<exp>.<hmac>`; goes into `Authorization: Bearer`.
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

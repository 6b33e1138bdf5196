//! Events that other systems put on the bus: the twins of the HTTP commands.
//!
//! They arrive wrapped by EventBridge, whose `source` and `account` say who
//! claims to speak. Every one carries an `idempotency_key`. What the HTTP
//! command holds stands beside it; unlike there, unknown fields are tolerated.

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::approval::DecisionRequest;
use crate::callback::AgentReport;
use crate::ids::WorkflowId;
use crate::request::{CancelBody, IDEMPOTENCY_KEY, MAX_IDEMPOTENCY_KEY, StartRequest, usable_key};
use crate::tolerant::part;

/// What EventBridge delivers to a queue, as far as we read it.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct BusEvent {
    pub id: String,
    #[serde(rename = "detail-type")]
    pub detail_type: String,
    pub source: String,
    pub account: String,
    pub detail: Value,
}

impl BusEvent {
    /// How a decision or request made by this event is recorded: `source` is self-asserted.
    pub fn claimed_by(&self) -> String {
        format!("{}:{}", self.account, self.source)
    }
}

/// `detail` of `WorkflowRequested`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema, Validate)]
pub struct WorkflowRequested {
    #[garde(custom(usable_key))]
    #[schemars(length(min = 1, max = MAX_IDEMPOTENCY_KEY), regex(pattern = IDEMPOTENCY_KEY))]
    pub idempotency_key: String,
    #[serde(flatten)]
    #[garde(dive)]
    pub request: StartRequest,
}

/// `detail` of `ApprovalDecided`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema, Validate)]
pub struct ApprovalDecided {
    #[garde(custom(usable_key))]
    #[schemars(length(min = 1, max = MAX_IDEMPOTENCY_KEY), regex(pattern = IDEMPOTENCY_KEY))]
    pub idempotency_key: String,
    #[garde(skip)]
    pub workflow_id: WorkflowId,
    #[serde(flatten)]
    #[garde(dive)]
    pub decision: DecisionRequest,
}

/// `detail` of `CancelRequested`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema, Validate)]
pub struct CancelRequested {
    #[garde(custom(usable_key))]
    #[schemars(length(min = 1, max = MAX_IDEMPOTENCY_KEY), regex(pattern = IDEMPOTENCY_KEY))]
    pub idempotency_key: String,
    #[garde(skip)]
    pub workflow_id: WorkflowId,
    #[serde(flatten)]
    #[garde(dive)]
    pub cancel: CancelBody,
}

/// `detail` of `StepReported`. The token is checked like that of a callback over HTTP.
#[derive(Clone, PartialEq, Serialize, JsonSchema, Validate)]
pub struct StepReported {
    #[garde(custom(usable_key))]
    #[schemars(length(min = 1, max = MAX_IDEMPOTENCY_KEY), regex(pattern = IDEMPOTENCY_KEY))]
    pub idempotency_key: String,
    #[garde(skip)]
    pub workflow_id: WorkflowId,
    #[garde(length(min = 1, max = 512))]
    pub token: String,
    #[serde(flatten)]
    #[garde(dive)]
    pub report: AgentReport,
}

impl std::fmt::Debug for StepReported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StepReported")
            .field("workflow_id", &self.workflow_id)
            .field("report", &self.report)
            .field("token", &"<redacted>")
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Key {
    idempotency_key: String,
}

#[derive(Deserialize)]
struct Addressed {
    idempotency_key: String,
    workflow_id: WorkflowId,
}

#[derive(Deserialize)]
struct Proof {
    token: String,
}

impl<'de> Deserialize<'de> for WorkflowRequested {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let detail = Value::deserialize(deserializer)?;
        let Key { idempotency_key } = part(&detail)?;
        let request = part(&detail)?;
        Ok(Self {
            idempotency_key,
            request,
        })
    }
}

impl<'de> Deserialize<'de> for ApprovalDecided {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let detail = Value::deserialize(deserializer)?;
        let head: Addressed = part(&detail)?;
        Ok(Self {
            idempotency_key: head.idempotency_key,
            workflow_id: head.workflow_id,
            decision: part(&detail)?,
        })
    }
}

impl<'de> Deserialize<'de> for CancelRequested {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let detail = Value::deserialize(deserializer)?;
        let head: Addressed = part(&detail)?;
        Ok(Self {
            idempotency_key: head.idempotency_key,
            workflow_id: head.workflow_id,
            cancel: part(&detail)?,
        })
    }
}

impl<'de> Deserialize<'de> for StepReported {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let detail = Value::deserialize(deserializer)?;
        let head: Addressed = part(&detail)?;
        let Proof { token } = part(&detail)?;
        Ok(Self {
            idempotency_key: head.idempotency_key,
            workflow_id: head.workflow_id,
            token,
            report: part(&detail)?,
        })
    }
}

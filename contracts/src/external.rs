//! Events that other systems put on the bus: the twins of the HTTP commands.
//!
//! They arrive wrapped by EventBridge, whose `source` and `account` say who
//! claims to speak. Every one carries an `idempotency_key`. What the HTTP
//! command holds stands beside it; unlike there, unknown fields are tolerated.

use garde::{Path, Report, Validate};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::approval::DecisionRequest;
use crate::callback::AgentReport;
use crate::ids::WorkflowId;
use crate::request::{
    CancelBody, IDEMPOTENCY_KEY, MAX_IDEMPOTENCY_KEY, RedriveBody, StartRequest, usable_key,
};
use crate::tolerant::part;

/// Longest token of a callback, in characters.
const MAX_TOKEN: usize = 512;

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
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct WorkflowRequested {
    #[schemars(length(min = 1, max = MAX_IDEMPOTENCY_KEY), regex(pattern = IDEMPOTENCY_KEY))]
    pub idempotency_key: String,
    #[serde(flatten)]
    pub request: StartRequest,
}

/// `detail` of `ApprovalDecided`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ApprovalDecided {
    #[schemars(length(min = 1, max = MAX_IDEMPOTENCY_KEY), regex(pattern = IDEMPOTENCY_KEY))]
    pub idempotency_key: String,
    pub workflow_id: WorkflowId,
    #[serde(flatten)]
    pub decision: DecisionRequest,
}

/// `detail` of `CancelRequested`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CancelRequested {
    #[schemars(length(min = 1, max = MAX_IDEMPOTENCY_KEY), regex(pattern = IDEMPOTENCY_KEY))]
    pub idempotency_key: String,
    pub workflow_id: WorkflowId,
    #[serde(flatten)]
    pub cancel: CancelBody,
}

/// `detail` of `RedriveRequested`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RedriveRequested {
    #[schemars(length(min = 1, max = MAX_IDEMPOTENCY_KEY), regex(pattern = IDEMPOTENCY_KEY))]
    pub idempotency_key: String,
    pub workflow_id: WorkflowId,
    #[serde(flatten)]
    pub redrive: RedriveBody,
}

/// `detail` of `StepReported`. The token is checked like that of a callback over HTTP.
#[derive(Clone, PartialEq, Serialize, JsonSchema)]
pub struct StepReported {
    #[schemars(length(min = 1, max = MAX_IDEMPOTENCY_KEY), regex(pattern = IDEMPOTENCY_KEY))]
    pub idempotency_key: String,
    pub workflow_id: WorkflowId,
    #[schemars(length(min = 1, max = MAX_TOKEN))]
    pub token: String,
    #[serde(flatten)]
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

/// A body stands beside the other fields, so a reason names its fields as the sender wrote them: `comment`, where a
/// derived implementation would say `decision.comment`.
macro_rules! validates {
    ($event:ty, $body:ident $(, $more:ident)?) => {
        impl Validate for $event {
            type Context = ();

            fn validate_into(&self, (): &(), parent: &mut dyn FnMut() -> Path, report: &mut Report) {
                let checked = [
                    ("idempotency_key", usable_key(&self.idempotency_key, &())),
                    $((stringify!($more), $more(&self.$more)),)?
                ];
                for (field, checked) in checked {
                    if let Err(error) = checked {
                        report.append(parent().join(field), error);
                    }
                }
                self.$body.validate_into(&(), parent, report);
            }
        }
    };
}

validates!(WorkflowRequested, request);
validates!(ApprovalDecided, decision);
validates!(CancelRequested, cancel);
validates!(RedriveRequested, redrive);
validates!(StepReported, report, token);

fn token(token: &str) -> garde::Result {
    match token.len() {
        1..=MAX_TOKEN => Ok(()),
        _ => Err(garde::Error::new(format!(
            "must have 1 to {MAX_TOKEN} characters"
        ))),
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

impl<'de> Deserialize<'de> for RedriveRequested {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let detail = Value::deserialize(deserializer)?;
        let head: Addressed = part(&detail)?;
        Ok(Self {
            idempotency_key: head.idempotency_key,
            workflow_id: head.workflow_id,
            redrive: part(&detail)?,
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

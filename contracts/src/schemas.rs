//! JSON Schema of every message, generated from the types.
//!
//! `contracts/schemas/` holds the output; a test fails when the two differ.

use schemars::{JsonSchema, Schema, schema_for};

use crate::agent::AgentTask;
use crate::approval::{ApprovalView, DecisionRequest};
use crate::artifact::CompletionRecord;
use crate::callback::AgentReport;
use crate::envelope::{CommandEnvelope, EventEnvelope};
use crate::external::{ApprovalDecided, CancelRequested, StepReported, WorkflowRequested};
use crate::findings::{AnalysisFile, EvidenceFile};
use crate::problem::Problem;
use crate::request::{CancelBody, RedriveBody, StartRequest};
use crate::view::{History, WorkflowAccepted, WorkflowPage, WorkflowView};

/// A message's file name (without `.schema.json`) and schema.
pub struct MessageSchema {
    pub name: &'static str,
    pub schema: Schema,
}

fn of<T: JsonSchema>(name: &'static str) -> MessageSchema {
    MessageSchema {
        name,
        schema: schema_for!(T),
    }
}

/// Every message that crosses a border.
pub fn all() -> Vec<MessageSchema> {
    vec![
        of::<CommandEnvelope>("command"),
        of::<EventEnvelope>("event"),
        of::<WorkflowRequested>("external-workflow-requested"),
        of::<ApprovalDecided>("external-approval-decided"),
        of::<CancelRequested>("external-cancel-requested"),
        of::<StepReported>("external-step-reported"),
        of::<StartRequest>("api-start-request"),
        of::<WorkflowAccepted>("api-workflow-accepted"),
        of::<WorkflowView>("api-workflow"),
        of::<WorkflowPage>("api-workflow-page"),
        of::<History>("api-history"),
        of::<CancelBody>("api-cancel"),
        of::<RedriveBody>("api-redrive"),
        of::<DecisionRequest>("api-decision"),
        of::<ApprovalView>("api-approval"),
        of::<Problem>("api-problem"),
        of::<AgentReport>("agent-report"),
        of::<AgentTask>("agent-task"),
        of::<CompletionRecord>("agent-completion-record"),
        of::<EvidenceFile>("artifact-evidence"),
        of::<AnalysisFile>("artifact-analysis"),
    ]
}

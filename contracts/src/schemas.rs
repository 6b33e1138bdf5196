//! JSON Schema of every message, generated from the types.
//!
//! `contracts/schemas/` holds the output; a test fails when the two differ.

use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema, schema_for};

use crate::agent::{AgentTask, InvocationAnswer};
use crate::approval::{ApprovalLink, ApprovalLinkRequest, ApprovalView, DecisionRequest};
use crate::artifact::CompletionRecord;
use crate::callback::{AgentReport, CallbackAnswer};
use crate::envelope::{CommandEnvelope, EventEnvelope};
use crate::external::{
    ApprovalDecided, CancelRequested, RedriveRequested, StepReported, WorkflowRequested,
};
use crate::findings::{AnalysisFile, EvidenceFile, PlanFile};
use crate::flow::Flow;
use crate::problem::Problem;
use crate::request::{CancelBody, RedriveBody, StartRequest};
use crate::review::Review;
use crate::sources::{SourceFiles, SourceUploads};
use crate::transfer::{FileList, FileToPut, Transfer};
use crate::view::{FlowList, History, WorkflowAccepted, WorkflowPage, WorkflowView};

/// A message's file name (without `.schema.json`) and schema.
pub struct MessageSchema {
    pub name: &'static str,
    pub schema: Schema,
}

/// A body that refuses unknown fields.
fn strict<T: JsonSchema>(name: &'static str) -> MessageSchema {
    MessageSchema {
        name,
        schema: schema_for!(T),
    }
}

/// A message to which a newer sender may add fields.
fn open<T: JsonSchema>(name: &'static str) -> MessageSchema {
    let mut message = strict::<T>(name);
    RecursiveTransform(|schema: &mut Schema| {
        for keyword in ["additionalProperties", "unevaluatedProperties"] {
            if schema.get(keyword).and_then(serde_json::Value::as_bool) == Some(false) {
                schema.remove(keyword);
            }
        }
    })
    .transform(&mut message.schema);
    message
}

/// Every message that crosses a border.
pub fn all() -> Vec<MessageSchema> {
    vec![
        open::<CommandEnvelope>("command"),
        open::<EventEnvelope>("event"),
        open::<WorkflowRequested>("external-workflow-requested"),
        open::<ApprovalDecided>("external-approval-decided"),
        open::<CancelRequested>("external-cancel-requested"),
        open::<RedriveRequested>("external-redrive-requested"),
        open::<StepReported>("external-step-reported"),
        strict::<Flow>("flow"),
        strict::<StartRequest>("api-start-request"),
        open::<WorkflowAccepted>("api-workflow-accepted"),
        open::<WorkflowView>("api-workflow"),
        open::<WorkflowPage>("api-workflow-page"),
        open::<History>("api-history"),
        open::<FlowList>("api-flows"),
        strict::<SourceFiles>("api-sources"),
        open::<SourceUploads>("api-source-uploads"),
        strict::<CancelBody>("api-cancel"),
        strict::<RedriveBody>("api-redrive"),
        strict::<DecisionRequest>("api-decision"),
        open::<ApprovalView>("api-approval"),
        open::<Review>("api-review"),
        strict::<ApprovalLinkRequest>("api-approval-link-request"),
        open::<ApprovalLink>("api-approval-link"),
        open::<Problem>("api-problem"),
        strict::<AgentReport>("agent-report"),
        open::<CallbackAnswer>("agent-report-answer"),
        strict::<FileToPut>("agent-file"),
        open::<Transfer>("agent-transfer"),
        open::<FileList>("agent-files"),
        open::<AgentTask>("agent-task"),
        open::<InvocationAnswer>("agent-task-answer"),
        open::<CompletionRecord>("agent-completion-record"),
        open::<PlanFile>("artifact-plan"),
        open::<EvidenceFile>("artifact-evidence"),
        open::<AnalysisFile>("artifact-analysis"),
    ]
}

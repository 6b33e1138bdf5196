//! Artifacts: results by reference, and where they lie in the bucket.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agent::Role;
use crate::ids::WorkflowId;
use crate::time::Timestamp;
use crate::usage::Usage;

/// File name of the conditional put by which an agent claims its attempt.
pub const CLAIM: &str = "_claim.json";
/// File name of the record that says what an attempt produced.
pub const COMPLETION: &str = "_completed.json";

/// One object in the artifact bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArtifactRef {
    pub name: String,
    /// Key in the artifact bucket.
    pub key: String,
    /// Bytes.
    pub size: u64,
    pub media_type: String,
    /// Lower-case hex.
    pub sha256: String,
}

/// `workflows/<id>/<role>/<attempt>/`: all that one attempt may write.
pub fn attempt_prefix(workflow: &WorkflowId, role: Role, attempt: u32) -> String {
    format!("workflows/{workflow}/{role}/{attempt}/")
}

/// Written last, at `attempt_prefix` + [`COMPLETION`]: work whose callback was lost is found here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CompletionRecord {
    pub schema_version: u16,
    pub workflow_id: WorkflowId,
    pub role: Role,
    pub attempt: u32,
    pub completed_at: Timestamp,
    pub summary: String,
    pub artifacts: Vec<ArtifactRef>,
    #[serde(default)]
    pub usage: Usage,
}

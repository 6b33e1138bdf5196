//! Artifacts: results by reference, and where they lie in the bucket.

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agent::Role;
use crate::ids::WorkflowId;
use crate::time::Timestamp;
use crate::tolerant;
use crate::usage::Usage;

/// File name of the conditional put by which an agent claims its attempt.
pub const CLAIM: &str = "_claim.json";
/// File name of the record that says what an attempt produced.
pub const COMPLETION: &str = "_completed.json";

/// One object in the artifact bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ArtifactRef {
    #[garde(length(max = 128), pattern("^[A-Za-z0-9][A-Za-z0-9._-]*$"))]
    pub name: String,
    /// Key in the artifact bucket.
    #[garde(length(min = 1, max = 1024))]
    pub key: String,
    /// Bytes.
    #[garde(skip)]
    pub size: u64,
    #[garde(length(min = 1, max = 128))]
    pub media_type: String,
    /// Lower-case hex.
    #[garde(pattern("^[0-9a-f]{64}$"))]
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
    #[serde(deserialize_with = "tolerant::field")]
    pub artifacts: Vec<ArtifactRef>,
    #[serde(default, deserialize_with = "tolerant::field")]
    pub usage: Usage,
}

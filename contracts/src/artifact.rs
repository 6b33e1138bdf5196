//! Artifacts: results by reference, and where they lie in the bucket.

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::attempt::Attempt;
use crate::flow::Name;
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

/// Whether an agent may give an artifact this name. Names of the platform's own files begin with `_`.
pub fn is_artifact_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    name.len() <= 128
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(plain)
}

/// `workflows/<flow>/<id>/<step>[/<branch>]/<attempt>/`: all that one attempt may write. The flow and the step come
/// first, because what an agent may read and write is said by them.
pub fn attempt_prefix(flow: &Name, workflow: &WorkflowId, of: &Attempt) -> String {
    let (place, attempt) = (of.whose(), of.attempt);
    format!("workflows/{flow}/{workflow}/{place}/{attempt}/")
}

/// Written last, at `attempt_prefix` + [`COMPLETION`]: work whose callback was lost is found here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CompletionRecord {
    pub schema_version: u16,
    pub workflow_id: WorkflowId,
    #[serde(flatten)]
    pub of: Attempt,
    pub completed_at: Timestamp,
    pub summary: String,
    #[serde(deserialize_with = "tolerant::field")]
    pub artifacts: Vec<ArtifactRef>,
    /// As in the report of the success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<u32>,
    #[serde(default, deserialize_with = "tolerant::field")]
    pub usage: Usage,
}

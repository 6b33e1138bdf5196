//! A step's result as it is stored: what follows from the role is left out.

use aegis_contracts::agent::Role;
use serde::{Deserialize, Serialize};

use super::step::{StepResult, StoredArtifact};

#[derive(Serialize, Deserialize)]
pub(crate) struct CompactResult {
    #[serde(rename = "r")]
    role: Role,
    #[serde(rename = "a")]
    attempt: u32,
    #[serde(rename = "v", default, skip_serializing_if = "is_zero")]
    revision: u32,
    #[serde(rename = "f")]
    artifacts: Vec<CompactArtifact>,
}

#[derive(Serialize, Deserialize)]
struct CompactArtifact {
    /// Missing: the artifact that the role must write.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Missing: the media type of that artifact.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    #[serde(rename = "z")]
    size: u64,
    #[serde(rename = "h")]
    sha256: String,
}

pub(crate) fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl From<StepResult> for CompactResult {
    fn from(result: StepResult) -> Self {
        let role = result.role;
        let compact = |artifact: StoredArtifact| CompactArtifact {
            name: Some(artifact.name).filter(|name| name != role.artifact_name()),
            media_type: Some(artifact.media_type).filter(|kind| kind != role.media_type()),
            size: artifact.size,
            sha256: artifact.sha256,
        };
        Self {
            role,
            attempt: result.attempt,
            revision: result.revision,
            artifacts: result.artifacts.into_iter().map(compact).collect(),
        }
    }
}

impl From<CompactResult> for StepResult {
    fn from(stored: CompactResult) -> Self {
        let role = stored.role;
        let full = |artifact: CompactArtifact| StoredArtifact {
            name: artifact
                .name
                .unwrap_or_else(|| role.artifact_name().to_owned()),
            media_type: artifact
                .media_type
                .unwrap_or_else(|| role.media_type().to_owned()),
            size: artifact.size,
            sha256: artifact.sha256,
        };
        Self {
            role,
            attempt: stored.attempt,
            revision: stored.revision,
            artifacts: stored.artifacts.into_iter().map(full).collect(),
        }
    }
}

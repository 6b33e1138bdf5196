//! Whether what an agent says it produced is really there.

use aegis_contracts::agent::Role;
use aegis_contracts::artifact::{ArtifactRef, attempt_prefix};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::text::counted;

use crate::error::PortError;
use crate::ports::Artifacts;

/// What does not fit: a foreign place, a missing object, another size or hash. `None` if all is as said.
///
/// # Errors
/// Of the bucket.
pub async fn mismatch(
    bucket: &dyn Artifacts,
    id: &WorkflowId,
    role: Role,
    attempt: u32,
    artifacts: &[ArtifactRef],
) -> Result<Option<String>, PortError> {
    let prefix = attempt_prefix(id, role, attempt);
    for artifact in artifacts {
        // Before any look: a report must not make us read elsewhere.
        if !artifact.key.starts_with(&prefix) {
            return Ok(Some(format!(
                "`{}` does not lie under `{prefix}`",
                artifact.key
            )));
        }
        let Some(facts) = bucket.facts(&artifact.key).await? else {
            return Ok(Some(format!("`{}` does not exist", artifact.key)));
        };
        if facts.size != artifact.size {
            let (real, said) = (facts.size, artifact.size);
            return Ok(Some(format!(
                "`{}` has {}, not {said}",
                artifact.key,
                counted(real, "byte")
            )));
        }
        if facts.sha256.as_deref() != Some(artifact.sha256.as_str()) {
            return Ok(Some(format!(
                "`{}` has another SHA-256 than was reported",
                artifact.key
            )));
        }
    }
    Ok(None)
}

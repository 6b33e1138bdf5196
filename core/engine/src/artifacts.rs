//! Whether what an agent says it produced is really there.

use aegis_contracts::artifact::ArtifactRef;
use aegis_contracts::text::counted;

use crate::error::PortError;
use crate::ports::Artifacts;

/// What of an attempt's artifacts does not fit: a place outside of its prefix, a missing object, another size or hash.
/// `None` if all is as said.
///
/// # Errors
/// Of the bucket.
pub async fn mismatch(
    bucket: &dyn Artifacts,
    prefix: &str,
    artifacts: &[ArtifactRef],
) -> Result<Option<String>, PortError> {
    for artifact in artifacts {
        // Before any look: a report must not make us read elsewhere.
        if !artifact.key.starts_with(prefix) {
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

//! Whether what an agent says it produced is really there.

use aegis_contracts::artifact::{ArtifactRef, attempt_prefix};
use aegis_contracts::attempt::Attempt;
use aegis_contracts::text::counted;
use aegis_workflow::{Success, Workflow};

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

/// What an attempt has completed although nobody heard of it, by the record that it left. `None`: it left none, or one
/// that does not hold.
///
/// # Errors
/// Of the bucket; one that is permanent is no error, but a record that does not hold.
pub async fn completed(
    bucket: &dyn Artifacts,
    workflow: &Workflow,
    of: &Attempt,
) -> Result<Option<Success>, PortError> {
    let prefix = attempt_prefix(&workflow.flow.flow, &workflow.id, of);
    let record = match bucket.completion(&prefix).await {
        Ok(Some(record)) => record,
        Ok(None) => return Ok(None),
        Err(error) if error.is_permanent() => {
            tracing::warn!(%error, "completion record ignored");
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let foreign = (&record.workflow_id, &record.of) != (&workflow.id, of);
    let wrong = mismatch(bucket, &prefix, &record.artifacts).await?;
    if foreign || wrong.is_some() {
        tracing::warn!(wrong, "completion record does not hold");
        return Ok(None);
    }
    Ok(Some(Success {
        of: record.of,
        summary: record.summary,
        artifacts: record.artifacts,
        items: record.items,
        usage: record.usage,
    }))
}

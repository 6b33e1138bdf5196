//! What a step produced: whether it is the step's own, and how the state keeps it.

use aegis_contracts::artifact::{ArtifactRef, attempt_prefix};

use crate::state::{Step, StepResult, StoredArtifact, Workflow};
use crate::success::Success;

pub(crate) fn record_result(next: &mut Workflow, step: &Step, artifacts: &[ArtifactRef]) {
    let stored = |artifact: &ArtifactRef| StoredArtifact {
        name: artifact.name.clone(),
        size: artifact.size,
        sha256: artifact.sha256.clone(),
        media_type: artifact.media_type.clone(),
    };
    next.results.retain(|result| result.role != step.role);
    next.results.push(StepResult {
        role: step.role,
        attempt: step.attempt,
        revision: step.revision,
        artifacts: artifacts.iter().map(stored).collect(),
    });
    next.results.sort_by_key(|result| result.role);
}

/// Artifacts lie directly under the attempt's own prefix, and the one that the next step needs is among them.
pub(crate) fn own_artifacts(workflow: &Workflow, success: &Success) -> Result<(), String> {
    let prefix = attempt_prefix(&workflow.id, success.role, success.attempt);
    for artifact in &success.artifacts {
        if artifact.name.contains('/') || artifact.key != format!("{prefix}{}", artifact.name) {
            return Err(format!(
                "`{}` does not lie at `{prefix}<name>`",
                artifact.key
            ));
        }
    }
    let needed = success.role.artifact_name();
    let found = success
        .artifacts
        .iter()
        .filter(|artifact| artifact.name == needed)
        .count();
    if found == 1 {
        Ok(())
    } else {
        Err(format!(
            "exactly one artifact must be named `{needed}`, found {found}"
        ))
    }
}

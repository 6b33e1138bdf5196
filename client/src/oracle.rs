//! What must be true of a workflow that has ended, whatever happened on the way.

use std::collections::{BTreeMap, BTreeSet};

use aegis_contracts::agent::Role;
use aegis_contracts::artifact::{ArtifactRef, attempt_prefix};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::{History, HistoryEvent, Status, StepStatus, WorkflowView};
use aegis_platform::client::objects::S3Objects;
use anyhow::Result;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::api::Api;

/// More objects than an attempt can have.
const MANY: usize = 100;

/// Reads workflows back over the API, and their artifacts from the bucket.
#[derive(Debug)]
pub struct Oracle<'a> {
    pub api: &'a Api,
    pub objects: S3Objects,
}

/// What the oracle saw, and what of it is wrong.
#[derive(Debug, Default)]
pub struct Judgement {
    pub status: Option<Status>,
    pub view: Option<WorkflowView>,
    pub history: Vec<HistoryEvent>,
    pub attempts: u32,
    pub artifacts: usize,
    /// When the agent of each attempt was first invoked, where its claim says so.
    pub begun: BTreeMap<(Role, u32), Timestamp>,
    pub wrong: Vec<String>,
}

impl Oracle<'_> {
    /// # Errors
    /// Where API or bucket do not answer.
    pub async fn judge(&self, id: &WorkflowId, demanded: Status) -> Result<Judgement> {
        let view = self.api.workflow(id).await?.value;
        let path = format!("/workflows/{id}/history");
        let history = self.api.get::<History>(&path).await?.value.events;
        let mut wrong = Vec::new();
        if view.status != demanded {
            let failure = view.failure.as_ref().map(|failure| &failure.message);
            wrong.push(format!(
                "is {} instead of {}: {failure:?}",
                view.status.as_str(),
                demanded.as_str()
            ));
        }
        wrong.extend(of_history(&view, &history));
        wrong.extend(of_steps(&view));
        for artifact in &view.artifacts {
            wrong.extend(self.of_artifact(artifact).await?);
        }
        let mut attempts = 0;
        let mut begun = BTreeMap::new();
        for step in &view.steps {
            attempts += step.attempt;
            for attempt in 1..=step.attempt {
                let claims = self.claims(id, step.role, attempt).await?;
                wrong.extend(of_claims(step.role, attempt, &claims));
                let first = claims.iter().filter_map(|claim| claim.at).min();
                begun.extend(first.map(|at| ((step.role, attempt), at)));
            }
        }
        Ok(Judgement {
            status: Some(view.status),
            history,
            attempts,
            artifacts: view.artifacts.len(),
            begun,
            view: Some(view),
            wrong,
        })
    }

    async fn of_artifact(&self, artifact: &ArtifactRef) -> Result<Option<String>> {
        let Some(bytes) = self.objects.get(&artifact.key).await? else {
            return Ok(Some(format!("{} is missing", artifact.key)));
        };
        let hash: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let holds = hash == artifact.sha256 && bytes.len() as u64 == artifact.size;
        Ok((!holds).then(|| format!("{} differs from its hash or size", artifact.key)))
    }

    async fn claims(&self, id: &WorkflowId, role: Role, attempt: u32) -> Result<Vec<Claim>> {
        let prefix = attempt_prefix(id, role, attempt);
        let bucket = self.objects.bucket().to_owned();
        let found = self.objects.list(&bucket, &prefix, MANY).await?;
        let mut claims = Vec::new();
        for claim in found.iter().filter(|object| object.key.contains("/_claim")) {
            let bytes = self.objects.get(&claim.key).await?.unwrap_or_default();
            claims.push(serde_json::from_slice(&bytes)?);
        }
        Ok(claims)
    }
}

/// What an agent's claim says, as far as it matters here.
#[derive(Debug, Deserialize)]
pub struct Claim {
    pub session: String,
    pub at: Option<Timestamp>,
}

/// One dispatch per attempt: all that claimed it did so in one and the same session.
pub fn of_claims(role: Role, attempt: u32, claims: &[Claim]) -> Option<String> {
    let sessions: BTreeSet<&str> = claims.iter().map(|claim| claim.session.as_str()).collect();
    let several = sessions.len() > 1;
    several.then(|| format!("attempt {attempt} of the {role} was begun in {sessions:?}"))
}

pub fn of_history(view: &WorkflowView, history: &[HistoryEvent]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut last = 0;
    for event in history {
        if event.version != last && event.version != last + 1 {
            wrong.push(format!("version {} follows {last}", event.version));
        }
        last = event.version;
    }
    if last != view.version {
        wrong.push(format!(
            "history ends with version {last}, the state has {}",
            view.version
        ));
    }
    let count = |kind: &str| history.iter().filter(|event| event.kind == kind).count();
    if count("WorkflowStarted") != 1 {
        wrong.push(format!("started {} times", count("WorkflowStarted")));
    }
    for ending in ["WorkflowCompleted", "WorkflowRejected", "WorkflowCancelled"] {
        if count(ending) > 1 {
            wrong.push(format!("{ending} {} times", count(ending)));
        }
    }
    let mut completed = BTreeSet::new();
    for event in history.iter().filter(|event| event.kind == "StepCompleted") {
        let step = format!("{} {}", event.data["role"], event.data["attempt"]);
        if !completed.insert(step.clone()) {
            wrong.push(format!("{step} completed twice"));
        }
    }
    wrong
}

/// Whatever ended well has all three results.
pub fn of_steps(view: &WorkflowView) -> Vec<String> {
    if view.status != Status::Completed {
        return Vec::new();
    }
    let succeeded = |role: Role| {
        let mut steps = view.steps.iter();
        steps.any(|step| step.role == role && step.status == StepStatus::Succeeded)
    };
    let without = Role::ALL.into_iter().filter(|role| {
        let mut artifacts = view.artifacts.iter();
        !succeeded(*role) || !artifacts.any(|artifact| artifact.name == role.artifact_name())
    });
    without
        .map(|role| format!("completed without a result of the {role}"))
        .collect()
}

//! What must be true of a workflow that has ended, whatever happened on the way.
//!
//! Here it is read back; `laws` judges what was read.

mod laws;

use std::collections::BTreeMap;

use aegis_aws::client::objects::S3Objects;
use aegis_contracts::artifact::attempt_prefix;
use aegis_contracts::attempt::Attempt;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::{History, HistoryEvent, Status, WorkflowView};
use anyhow::Result;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

pub use laws::{of_all, of_approvals, of_artifact, of_claims, of_history, of_results, of_steps};

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
    pub begun: BTreeMap<Attempt, Timestamp>,
    /// How often an agent began each attempt. More than once is right where agents die.
    pub lives: BTreeMap<Attempt, usize>,
    pub wrong: Vec<String>,
}

/// All that is known of one workflow.
#[derive(Debug)]
pub struct Read {
    pub view: WorkflowView,
    pub history: Vec<HistoryEvent>,
    /// What lies at the key of each artifact in the view, in the same order.
    pub contents: Vec<Option<Content>>,
    /// Of each attempt that was asked for.
    pub claims: BTreeMap<Attempt, Vec<Claim>>,
}

/// An object's bytes, by what an artifact says of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Lower-case hex.
    pub sha256: String,
    pub size: u64,
}

/// What an agent's claim says, as far as it matters here.
#[derive(Debug, Deserialize)]
pub struct Claim {
    pub session: String,
    pub at: Option<Timestamp>,
}

impl Oracle<'_> {
    /// # Errors
    /// Where API or bucket do not answer.
    pub async fn judge(&self, id: &WorkflowId, demanded: Status) -> Result<Judgement> {
        let read = self.read(id).await?;
        let wrong = of_all(demanded, &read);
        let begun = read.claims.iter().filter_map(|(attempt, claims)| {
            let first = claims.iter().filter_map(|claim| claim.at).min()?;
            Some((attempt.clone(), first))
        });
        let lives = read.claims.iter();
        let lives = lives.map(|(attempt, claims)| (attempt.clone(), claims.len()));
        Ok(Judgement {
            status: Some(read.view.status),
            attempts: read.view.steps.iter().map(|step| step.attempt).sum(),
            artifacts: read.view.artifacts.len(),
            begun: begun.collect(),
            lives: lives.collect(),
            history: read.history,
            view: Some(read.view),
            wrong,
        })
    }

    async fn read(&self, id: &WorkflowId) -> Result<Read> {
        let view = self.api.workflow(id).await?.value;
        let path = format!("/workflows/{id}/history");
        let history = self.api.get::<History>(&path).await?.value.events;
        let mut contents = Vec::new();
        for artifact in &view.artifacts {
            let bytes = self.objects.get(&artifact.key).await?;
            contents.push(bytes.as_deref().map(Content::of));
        }
        let mut claims = BTreeMap::new();
        for step in &view.steps {
            for of in step.attempts() {
                let prefix = attempt_prefix(&view.flow, id, &of);
                claims.insert(of, self.claims(&prefix).await?);
            }
        }
        Ok(Read {
            view,
            history,
            contents,
            claims,
        })
    }

    async fn claims(&self, prefix: &str) -> Result<Vec<Claim>> {
        let bucket = self.objects.bucket().to_owned();
        let found = self.objects.list(&bucket, prefix, MANY).await?;
        let mut claims = Vec::new();
        for claim in found.iter().filter(|object| object.key.contains("/_claim")) {
            let bytes = self.objects.get(&claim.key).await?.unwrap_or_default();
            claims.push(serde_json::from_slice(&bytes)?);
        }
        Ok(claims)
    }
}

impl Content {
    pub fn of(bytes: &[u8]) -> Self {
        let hash = Sha256::digest(bytes);
        Self {
            sha256: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            size: bytes.len() as u64,
        }
    }
}

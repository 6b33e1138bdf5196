//! What an agent sees of the attempt that it works on.

use std::sync::Arc;

use aegis_contracts::agent::AgentTask;
use aegis_contracts::usage::Usage;
use tokio::sync::watch;

use crate::agent::WorkError;
use crate::publish::sha256_hex;
use crate::store::ArtifactStore;

/// The stage that the work has reached. The latest one counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    pub message: String,
    pub percent: u8,
}

/// Task, storage and a way to say how far the work is.
#[derive(Clone)]
pub struct WorkContext {
    task: Arc<AgentTask>,
    store: Arc<dyn ArtifactStore>,
    stage: watch::Sender<Stage>,
    usage: watch::Sender<Usage>,
}

impl WorkContext {
    pub fn new(task: Arc<AgentTask>, store: Arc<dyn ArtifactStore>) -> Self {
        let started = Stage {
            message: "started".to_owned(),
            percent: 0,
        };
        Self {
            task,
            store,
            stage: watch::Sender::new(started),
            usage: watch::Sender::new(Usage::default()),
        }
    }

    pub fn task(&self) -> &AgentTask {
        &self.task
    }

    pub fn store(&self) -> &dyn ArtifactStore {
        self.store.as_ref()
    }

    /// Says what is being done now. Costs nothing: reports are sent elsewhere, and skip stages that pass quickly.
    pub fn stage(&self, percent: u8, message: impl Into<String>) {
        self.stage.send_replace(Stage {
            message: message.into(),
            percent: percent.min(100),
        });
    }

    pub fn stages(&self) -> watch::Receiver<Stage> {
        self.stage.subscribe()
    }

    /// Adds what a call to a model has cost. Where that is more than the budget has left, the work ends at its next pause.
    pub fn spend(&self, usage: Usage) {
        self.usage.send_modify(|total| *total = total.plus(usage));
    }

    /// Spent so far in this life of the attempt.
    pub fn usage(&self) -> Usage {
        *self.usage.borrow()
    }

    pub fn spent(&self) -> watch::Receiver<Usage> {
        self.usage.subscribe()
    }

    /// An artifact of an earlier step, checked against the size and SHA-256 in the task.
    ///
    /// # Errors
    /// `input_missing` or `input_corrupt`, both permanent: another attempt would get the same input.
    pub async fn input(&self, name: &str) -> Result<Vec<u8>, WorkError> {
        // The last one counts: a revision lists newer results behind older ones.
        let inputs = &self.task.inputs;
        let Some(input) = inputs.iter().rev().find(|input| input.name == name) else {
            let message = format!("the task names no input `{name}`");
            return Err(WorkError::permanent("input_missing", message));
        };
        let bucket = self.store.artifact_bucket();
        let Some(bytes) = self.store.get(bucket, &input.key).await? else {
            let message = format!("the input `{}` does not exist", input.key);
            return Err(WorkError::permanent("input_missing", message));
        };
        if bytes.len() as u64 != input.size || sha256_hex(&bytes) != input.sha256 {
            let message = format!(
                "the input `{}` is not what the step before it wrote",
                input.key
            );
            return Err(WorkError::permanent("input_corrupt", message));
        }
        Ok(bytes)
    }
}

//! What an agent sees of the attempt that it works on.

use std::sync::Arc;

use aegis_contracts::agent::{AgentTask, Input};
use aegis_contracts::findings::{AnalysisFile, EvidenceFile};
use aegis_contracts::usage::Usage;
use serde::de::DeserializeOwned;
use serde_json::Value;
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

    /// What earlier steps wrote, as far as it is JSON. Each file is fetched once.
    ///
    /// # Errors
    /// `input_missing`, `input_corrupt` or `input_invalid`, all permanent: another attempt would get the same input.
    pub async fn earlier(&self) -> Result<Earlier, WorkError> {
        let mut files = Vec::new();
        let inputs = self.task.inputs.iter().rev();
        for input in inputs.filter(|input| input.step != self.task.step) {
            if let Some(value) = self.json(input).await? {
                files.push((input.clone(), value));
            }
        }
        Ok(Earlier(files))
    }

    /// What this step itself wrote for an earlier revision.
    ///
    /// # Errors
    /// Like [`WorkContext::earlier`].
    pub async fn former<T: DeserializeOwned>(&self) -> Result<T, WorkError> {
        let own = |input: &&Input| input.step == self.task.step && input.name == self.task.writes;
        let missing = || {
            let message = "the task names nothing that this step wrote before";
            WorkError::permanent("input_missing", message)
        };
        let input = self.task.inputs.iter().find(own).ok_or_else(missing)?;
        let value = self.json(input).await?.ok_or_else(missing)?;
        read(input, &value)
    }

    /// `None`: it is not JSON.
    async fn json(&self, input: &Input) -> Result<Option<Value>, WorkError> {
        if !input.media_type.starts_with("application/json") {
            return Ok(None);
        }
        let bytes = self.input(input).await?;
        read_bytes(input, &bytes).map(Some)
    }

    /// An artifact that the task may read, checked against the size and SHA-256 in the task.
    ///
    /// # Errors
    /// `input_missing` or `input_corrupt`, both permanent.
    pub async fn input(&self, input: &Input) -> Result<Vec<u8>, WorkError> {
        let bucket = self.store.artifact_bucket();
        let Some(bytes) = self.store.get(bucket, &input.key).await? else {
            let message = format!("the input `{}` does not exist", input.key);
            return Err(WorkError::permanent("input_missing", message));
        };
        if bytes.len() as u64 != input.size || sha256_hex(&bytes) != input.sha256 {
            let message = format!(
                "the input `{}` is not what the step `{}` wrote",
                input.key, input.step
            );
            return Err(WorkError::permanent("input_corrupt", message));
        }
        Ok(bytes)
    }
}

/// The JSON files of earlier steps, those of the nearest step first.
#[derive(Debug)]
pub struct Earlier(Vec<(Input, Value)>);

impl Earlier {
    /// The nearest that has the field `field`: `evidence` or `findings`. Flows name files as they like.
    ///
    /// # Errors
    /// `input_missing` or `input_invalid`, both permanent.
    pub fn with<T: DeserializeOwned>(&self, field: &str) -> Result<(T, &Input), WorkError> {
        let has_it = |(_, value): &&(Input, Value)| value.get(field).is_some();
        let Some((input, value)) = self.0.iter().find(has_it) else {
            let message =
                format!("no step that this one reads wrote JSON with the field `{field}`");
            return Err(WorkError::permanent("input_missing", message));
        };
        Ok((read(input, value)?, input))
    }

    /// Like [`Self::with`]; where that step has branches, what each of them wrote, in their order.
    ///
    /// # Errors
    /// Like [`Self::with`].
    pub fn all_with<T: DeserializeOwned>(
        &self,
        field: &str,
    ) -> Result<Vec<(T, &Input)>, WorkError> {
        let (nearest, input) = self.with(field)?;
        if input.branch.is_none() {
            return Ok(vec![(nearest, input)]);
        }
        let branches = self.0.iter().filter(|(of, value)| {
            (&of.step, &of.name) == (&input.step, &input.name) && value.get(field).is_some()
        });
        let files = branches.map(|(input, value)| read(input, value).map(|file| (file, input)));
        let mut files = files.collect::<Result<Vec<_>, _>>()?;
        files.sort_by_key(|(_, input)| input.branch);
        Ok(files)
    }

    /// The passages that `analysis` cites. Ids of passages are not unique among several files.
    ///
    /// # Errors
    /// Like [`Self::with`].
    pub fn evidence_of(&self, analysis: &AnalysisFile) -> Result<EvidenceFile, WorkError> {
        let Some(sha256) = &analysis.evidence_sha256 else {
            return Ok(self.with("evidence")?.0);
        };
        let Some((input, value)) = self.0.iter().find(|(input, _)| input.sha256 == *sha256) else {
            let message = "this step does not read the evidence that the findings were made from";
            return Err(WorkError::permanent("input_missing", message));
        };
        read(input, value)
    }
}

fn read_bytes(input: &Input, bytes: &[u8]) -> Result<Value, WorkError> {
    serde_json::from_slice(bytes).map_err(|error| invalid(input, &error))
}

fn read<T: DeserializeOwned>(input: &Input, value: &Value) -> Result<T, WorkError> {
    T::deserialize(value).map_err(|error| invalid(input, &error))
}

fn invalid(input: &Input, error: &serde_json::Error) -> WorkError {
    WorkError::permanent("input_invalid", format!("{}: {error}", input.name))
}

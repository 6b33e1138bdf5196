//! What an agent is to the kit: a name and its work.

use aegis_contracts::agent::AgentTask;
use aegis_contracts::callback::{AgentError, MAX_MESSAGE};
use aegis_contracts::flow::media_type;
use async_trait::async_trait;
use serde::Serialize;

use crate::context::WorkContext;
use crate::store::StoreError;

/// An agent. Which step of which flow it works on is said by its task.
///
/// `work` may be dropped at any await point (superseded, out of time, shutting down) and may run again
/// from the start in another process. It writes nothing itself: the kit publishes what it returns.
#[async_trait]
pub trait Agent: Send + Sync + 'static {
    /// For logs and spans.
    const NAME: &'static str;

    async fn work(&self, ctx: &WorkContext) -> Result<Produced, WorkError>;
}

/// What one attempt produced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Produced {
    /// A sentence or two for the person who watches.
    pub summary: String,
    pub artifacts: Vec<NewArtifact>,
    /// How many items were found, for a step whose task has `max_items`.
    pub items: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewArtifact {
    pub name: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

impl Produced {
    /// The one artifact that the task's step must bring.
    pub fn of(task: &AgentTask, summary: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self {
            summary: summary.into(),
            artifacts: vec![NewArtifact {
                name: task.writes.clone(),
                media_type: media_type(&task.writes).to_owned(),
                bytes,
            }],
            items: None,
        }
    }
}

/// What an artifact of JSON consists of.
///
/// # Errors
/// `artifact_invalid`, permanent.
pub fn json(value: &impl Serialize) -> Result<Vec<u8>, WorkError> {
    serde_json::to_vec_pretty(value)
        .map_err(|error| WorkError::permanent("artifact_invalid", error.to_string()))
}

/// Why an attempt came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct WorkError {
    /// Stable, lower_snake_case.
    pub code: &'static str,
    pub message: String,
    /// Whether a new attempt could succeed.
    pub retryable: bool,
}

impl WorkError {
    pub fn permanent(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retryable: false,
        }
    }

    pub fn transient(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retryable: true,
        }
    }

    /// As it goes into a callback: never longer than a callback may be.
    pub fn report(&self) -> AgentError {
        AgentError {
            code: self.code.to_owned(),
            message: crate::text::shorten(&self.message, MAX_MESSAGE),
            retryable: self.retryable,
        }
    }
}

impl From<StoreError> for WorkError {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::Denied(_) => Self::permanent("storage_denied", message),
            StoreError::Unavailable(_) => Self::transient("storage_unavailable", message),
        }
    }
}

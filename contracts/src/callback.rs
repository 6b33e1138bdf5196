//! What an agent reports: body of `POST /callbacks/{id}`.

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agent::Role;
use crate::artifact::ArtifactRef;
use crate::usage::Usage;

/// Longest `summary` of a result, in characters.
pub const MAX_SUMMARY: usize = 2_000;
/// Longest `message` of a progress report or failure, in characters.
pub const MAX_MESSAGE: usize = 1_000;

/// One report of one attempt. `kind` says which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum AgentReport {
    /// Alive and working; counts as heartbeat.
    Progress {
        #[garde(skip)]
        role: Role,
        #[garde(range(min = 1))]
        attempt: u32,
        #[garde(length(chars, max = MAX_MESSAGE))]
        message: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[garde(inner(range(max = 100)))]
        percent: Option<u8>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[garde(inner(custom(sane_usage)))]
        usage: Option<Usage>,
    },
    /// Done. The artifacts are checked before the step counts as succeeded.
    Succeeded {
        #[garde(skip)]
        role: Role,
        #[garde(range(min = 1))]
        attempt: u32,
        #[garde(length(chars, max = MAX_SUMMARY))]
        summary: String,
        #[garde(length(min = 1, max = 10))]
        artifacts: Vec<ArtifactRef>,
        #[serde(default)]
        #[garde(custom(sane_usage))]
        usage: Usage,
    },
    /// Given up.
    Failed {
        #[garde(skip)]
        role: Role,
        #[garde(range(min = 1))]
        attempt: u32,
        #[garde(dive)]
        error: AgentError,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[garde(inner(custom(sane_usage)))]
        usage: Option<Usage>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AgentError {
    /// Stable, lower_snake_case.
    #[garde(length(min = 1, max = 64), pattern("^[a-z][a-z0-9_]*$"))]
    pub code: String,
    #[garde(length(chars, min = 1, max = MAX_MESSAGE))]
    pub message: String,
    /// Whether a new attempt could succeed.
    #[garde(skip)]
    pub retryable: bool,
}

fn sane_usage(usage: &Usage, _: &()) -> garde::Result {
    if usage.is_sane() {
        Ok(())
    } else {
        Err(garde::Error::new(
            "cost_usd must be a finite number that is not negative",
        ))
    }
}

impl AgentReport {
    pub fn role(&self) -> Role {
        match self {
            Self::Progress { role, .. }
            | Self::Succeeded { role, .. }
            | Self::Failed { role, .. } => *role,
        }
    }

    pub fn attempt(&self) -> u32 {
        match self {
            Self::Progress { attempt, .. }
            | Self::Succeeded { attempt, .. }
            | Self::Failed { attempt, .. } => *attempt,
        }
    }
}

/// Answer to a callback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallbackAnswer {
    /// `false`: the same report had arrived before and changed nothing.
    pub accepted: bool,
}

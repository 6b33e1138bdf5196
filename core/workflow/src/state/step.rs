//! One attempt at a step, and what the finished ones left.

use aegis_contracts::agent::Role;
use aegis_contracts::time::{Timestamp, millis};
use aegis_contracts::tolerant;
use aegis_contracts::usage::Usage;
use serde::{Deserialize, Serialize};

use super::compact::{CompactResult, is_zero};

/// Attempts used so far, per role. Never goes down, so (workflow, role, attempt) names one piece of work for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    #[serde(rename = "r", default, skip_serializing_if = "is_zero")]
    pub researcher: u32,
    #[serde(rename = "a", default, skip_serializing_if = "is_zero")]
    pub analyst: u32,
    #[serde(rename = "w", default, skip_serializing_if = "is_zero")]
    pub writer: u32,
}

impl Attempts {
    pub fn of(&self, role: Role) -> u32 {
        match role {
            Role::Researcher => self.researcher,
            Role::Analyst => self.analyst,
            Role::Writer => self.writer,
        }
    }

    pub(crate) fn next(&mut self, role: Role) -> u32 {
        let counter = match role {
            Role::Researcher => &mut self.researcher,
            Role::Analyst => &mut self.analyst,
            Role::Writer => &mut self.writer,
        };
        *counter += 1;
        *counter
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    #[serde(rename = "r")]
    pub role: Role,
    #[serde(rename = "a")]
    pub attempt: u32,
    #[serde(rename = "v", default, skip_serializing_if = "is_zero")]
    pub revision: u32,
    /// Attempts that failed since the step was asked for; the retry budget.
    #[serde(rename = "t", default, skip_serializing_if = "is_zero")]
    pub retries: u32,
    /// The code with which the attempt before this one failed, if this one is its retry.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<String>,
    /// How often the command was sent.
    #[serde(rename = "n", default, skip_serializing_if = "is_zero")]
    pub sends: u32,
    #[serde(rename = "q", with = "millis")]
    pub requested_at: Timestamp,
    #[serde(
        rename = "s",
        with = "millis::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub sent_at: Option<Timestamp>,
    /// When the command is sent again; nothing once somebody picked it up.
    #[serde(
        rename = "e",
        with = "millis::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub resend_at: Option<Timestamp>,
    /// When the agent runtime was first noted to have no free session; nothing once it had one.
    #[serde(
        rename = "c",
        with = "millis::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub throttled_at: Option<Timestamp>,
    #[serde(
        rename = "d",
        with = "millis::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub dispatched_at: Option<Timestamp>,
    #[serde(
        rename = "h",
        with = "millis::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub last_heartbeat_at: Option<Timestamp>,
    /// Of the whole attempt once it is dispatched; until then as `resend_at`.
    #[serde(rename = "x", with = "millis")]
    pub deadline_at: Timestamp,
    /// Of this attempt so far.
    #[serde(
        rename = "g",
        default,
        deserialize_with = "tolerant::field",
        skip_serializing_if = "Usage::is_zero"
    )]
    pub usage: Usage,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    #[serde(rename = "m")]
    pub message: String,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "CompactResult", into = "CompactResult")]
pub struct StepResult {
    pub role: Role,
    pub attempt: u32,
    pub revision: u32,
    pub artifacts: Vec<StoredArtifact>,
}

/// An artifact without its key, which follows from workflow, role, attempt and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredArtifact {
    pub name: String,
    pub size: u64,
    pub sha256: String,
    pub media_type: String,
}

//! Attempts of agent steps: at work, and what the finished ones left.

use aegis_contracts::attempt::Attempt;
use aegis_contracts::flow::{Name, media_type};
use aegis_contracts::time::{Timestamp, millis};
use aegis_contracts::usage::Usage;
use serde::{Deserialize, Serialize};

use super::{is_zero, short};

/// The agents at work in one entry of the flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Running {
    /// Never empty in a state that is stored.
    #[serde(rename = "w")]
    pub work: Vec<Work>,
    /// Attempts of the entry's step that were asked for before this round: its branches begin with the next number.
    #[serde(rename = "b", default, skip_serializing_if = "is_zero")]
    pub base: u32,
}

/// An attempt that was asked for, or is under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Work {
    #[serde(flatten, with = "short::attempt")]
    pub of: Attempt,
    #[serde(rename = "j")]
    pub agent: Name,
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
        with = "short::usage",
        skip_serializing_if = "Usage::is_zero"
    )]
    pub usage: Usage,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// What it may use of the budget, where others are at work or wait.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Share>,
}

impl Work {
    pub(crate) fn stopped(self) -> Stopped {
        Stopped {
            of: self.of,
            usage: self.usage,
        }
    }
}

/// A part of a budget. What is missing is not limited.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Share {
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub max_cost_usd: Option<f64>,
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    #[serde(rename = "m")]
    pub message: String,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
}

/// The latest success of a step or branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepResult {
    #[serde(flatten, with = "short::attempt")]
    pub of: Attempt,
    #[serde(rename = "v", default, skip_serializing_if = "is_zero")]
    pub revision: u32,
    #[serde(rename = "t", with = "millis")]
    pub succeeded_at: Timestamp,
    /// For how many items later steps run, if they run for each.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub items: Option<u32>,
    /// The first is the one that the step must write.
    #[serde(rename = "f")]
    pub artifacts: Vec<StoredArtifact>,
}

/// An attempt that ended with the failure of its workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stopped {
    #[serde(flatten, with = "short::attempt")]
    pub of: Attempt,
    /// What is known that it has used.
    #[serde(
        rename = "g",
        default,
        with = "short::usage",
        skip_serializing_if = "Usage::is_zero"
    )]
    pub usage: Usage,
}

/// The sessions of attempts that ended without a report of their own. Their agents may still be at work, so the state owes
/// the stops until they were sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwedStops {
    /// Never empty in a state that is stored.
    #[serde(rename = "l", with = "short::attempts")]
    pub of: Vec<Attempt>,
    /// How often they were sent, since the latest one was added.
    #[serde(rename = "n")]
    pub sends: u32,
    #[serde(rename = "s", with = "millis")]
    pub sent_at: Timestamp,
}

/// A branch that failed for good and that its flow goes on without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    #[serde(rename = "i")]
    pub step: Name,
    #[serde(rename = "b")]
    pub branch: u32,
    #[serde(rename = "a")]
    pub attempt: u32,
    #[serde(rename = "c")]
    pub code: String,
}

/// An artifact without its key, which follows from flow, workflow, step, branch, attempt and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredArtifact {
    /// Missing: the artifact that the step must write.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Missing: as the ending of the name says.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    #[serde(rename = "z")]
    pub size: u64,
    /// Lower-case hex.
    #[serde(rename = "h", with = "short::digest")]
    pub sha256: String,
}

impl StoredArtifact {
    /// Of a step that must write `writes`.
    pub(crate) fn new(writes: &str, name: &str, kind: &str, size: u64, sha256: &str) -> Self {
        Self {
            name: (name != writes).then(|| name.to_owned()),
            media_type: (kind != media_type(name)).then(|| kind.to_owned()),
            size,
            sha256: sha256.to_owned(),
        }
    }

    /// Of the artifact that the step must write, of the type that its name says.
    pub(super) fn as_usual(size: u64, sha256: String) -> Self {
        Self {
            name: None,
            media_type: None,
            size,
            sha256,
        }
    }

    pub(super) fn is_as_usual(&self) -> bool {
        self.name.is_none() && self.media_type.is_none()
    }

    pub(crate) fn name<'a>(&'a self, writes: &'a str) -> &'a str {
        self.name.as_deref().unwrap_or(writes)
    }

    pub(crate) fn media_type<'a>(&'a self, writes: &'a str) -> &'a str {
        let kind = self.media_type.as_deref();
        kind.unwrap_or_else(|| media_type(self.name(writes)))
    }
}

//! The three kinds of item that a workflow consists of, and how they are written.

use std::collections::BTreeMap;

use aegis_contracts::request::StartRequest;
use aegis_workflow::{STATE_VERSION, StoredWorkflow};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub use crate::entry::HistoryEntry;
use crate::error::PortError;
use crate::trace;

/// `sk = REQUEST`: what was asked, written once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredRequest {
    pub topic: String,
    #[serde(default)]
    pub parameters: Map<String, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    pub requested_by: String,
    /// SHA-256 of the request: the same idempotency key with another request is a conflict.
    pub fingerprint: String,
    /// The trace in which the workflow was asked for. Work after an approval goes on in it: the
    /// approver's own request belongs to another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

impl StoredRequest {
    /// # Errors
    /// Permanent, if the request cannot be written as JSON.
    pub fn new(request: &StartRequest, requested_by: &str) -> Result<Self, PortError> {
        let canonical = encode(request)?;
        Ok(Self {
            topic: request.topic.clone(),
            parameters: request.parameters.clone(),
            tags: request.tags.clone(),
            requested_by: requested_by.to_owned(),
            fingerprint: HEXLOWER.encode(&Sha256::digest(canonical.as_bytes())),
            traceparent: trace::current(),
        })
    }
}

/// Characters of a topic that a list shows.
const TOPIC_HEAD: usize = 120;

/// What a list shows of a topic.
pub fn topic_head(topic: &str) -> String {
    topic.chars().take(TOPIC_HEAD).collect()
}

/// # Errors
/// Permanent, if the value cannot be written as JSON.
pub fn encode<T: Serialize>(value: &T) -> Result<String, PortError> {
    serde_json::to_string(value)
        .map_err(|error| PortError::Permanent(format!("cannot write JSON: {error}")))
}

#[derive(Deserialize)]
struct Version {
    state_version: u16,
}

/// Reads a stored state.
///
/// # Errors
/// Transient, if newer code wrote it: the message is left for that code, the state is not touched.
/// Permanent, if it cannot be read at all.
pub fn decode_state(json: &str) -> Result<StoredWorkflow, PortError> {
    decode_state_as(json, STATE_VERSION)
}

/// Reads a stored state as code that knows states up to `known`.
///
/// # Errors
/// As [`decode_state`].
pub fn decode_state_as(json: &str, known: u16) -> Result<StoredWorkflow, PortError> {
    let unreadable = |error| PortError::Permanent(format!("cannot read the stored state: {error}"));
    let Version { state_version } = serde_json::from_str(json).map_err(unreadable)?;
    if state_version > known {
        return Err(PortError::Transient(format!(
            "state version {state_version} is newer than this code, which knows {known}"
        )));
    }
    serde_json::from_str(json).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_of_newer_code_is_left_alone() {
        let newer = format!(
            r#"{{"state_version":{},"surprise":true}}"#,
            STATE_VERSION + 1
        );
        assert!(matches!(decode_state(&newer), Err(PortError::Transient(_))));
        assert!(matches!(decode_state("{}"), Err(PortError::Permanent(_))));
    }
}

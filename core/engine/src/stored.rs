//! The three kinds of item that a workflow consists of, and how they are written.

use std::collections::BTreeMap;

use aegis_contracts::request::{Parameters, StartRequest};
use aegis_contracts::tolerant;
use aegis_workflow::{FLOW_VERSION, STATE_VERSION, Workflow};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use crate::entry::HistoryEntry;
use crate::error::PortError;
use crate::trace;

/// `sk = REQUEST`: what was asked, written once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredRequest {
    pub topic: String,
    #[serde(default, deserialize_with = "tolerant::field")]
    pub parameters: Parameters,
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

/// # Errors
/// Permanent, if the value cannot be written as JSON.
pub fn encode<T: Serialize>(value: &T) -> Result<String, PortError> {
    serde_json::to_string(value)
        .map_err(|error| PortError::Permanent(format!("cannot write JSON: {error}")))
}

#[derive(Deserialize)]
struct Versions {
    state_version: u16,
    flow_version: u16,
}

/// What a deployment of this code can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    pub state_version: u16,
    pub flow_version: u16,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            state_version: STATE_VERSION,
            flow_version: FLOW_VERSION,
        }
    }
}

/// Reads a stored state.
///
/// # Errors
/// As [`decode_state_as`].
pub fn decode_state(json: &str) -> Result<Workflow, PortError> {
    decode_state_as(json, Known::default())
}

/// Reads a stored state as code that knows `known`.
///
/// # Errors
/// Transient, if newer code wrote it: the message is left for that code, the state is not touched.
/// Permanent, if it cannot be read at all.
pub fn decode_state_as(json: &str, known: Known) -> Result<Workflow, PortError> {
    let unreadable = |error| PortError::Permanent(format!("cannot read the stored state: {error}"));
    let versions: Versions = serde_json::from_str(json).map_err(unreadable)?;
    if versions.state_version > known.state_version || versions.flow_version > known.flow_version {
        return Err(PortError::Transient(format!(
            "state version {} and flow version {} are newer than this code ({}, {})",
            versions.state_version, versions.flow_version, known.state_version, known.flow_version
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
            r#"{{"state_version":{},"flow_version":1,"surprise":true}}"#,
            STATE_VERSION + 1
        );
        assert!(matches!(decode_state(&newer), Err(PortError::Transient(_))));
        let newer = format!(
            r#"{{"state_version":1,"flow_version":{}}}"#,
            FLOW_VERSION + 1
        );
        assert!(matches!(decode_state(&newer), Err(PortError::Transient(_))));
        assert!(matches!(decode_state("{}"), Err(PortError::Permanent(_))));
    }
}

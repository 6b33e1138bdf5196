//! How an agent without credentials of its own reads its inputs and puts its artifacts: it asks with its task's token, and
//! is told one request by which to read or put exactly one file.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::artifact::{CLAIM, COMPLETION, is_artifact_name};
use crate::time::Timestamp;
use crate::tolerant;

/// What one attempt may put, beside its claim and completion record. Files are counted when an address is asked for.
pub const MAX_ARTIFACTS: usize = 64;
/// Bytes of one file.
pub const MAX_ARTIFACT_SIZE: u64 = 64 * 1024 * 1024;
/// An address is good for so long at most.
pub const TRANSFER_VALID: Duration = Duration::from_secs(15 * 60);

/// Whether an agent may put a file of this name: an artifact, or one of the two by which an attempt is claimed and ended.
pub fn is_file_name(name: &str) -> bool {
    is_artifact_name(name) || is_record(name)
}

/// Whether it is one of the two that the platform names.
pub fn is_record(name: &str) -> bool {
    [CLAIM, COMPLETION].contains(&name)
}

/// A file that is going to be put. Body of `POST /callbacks/{id}/artifacts/{name}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct FileToPut {
    /// Bytes.
    #[garde(range(max = MAX_ARTIFACT_SIZE))]
    pub size: u64,
    /// Lower-case hex.
    #[garde(pattern("^[0-9a-f]{64}$"))]
    pub sha256: String,
    /// As it can stand in a header that is signed.
    #[garde(
        length(max = 128),
        pattern("^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(; ?[!-:<-~]+)*$")
    )]
    pub media_type: String,
}

/// One request that reads or puts one file. It proves itself: no token goes with it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Transfer {
    pub method: TransferMethod,
    pub url: String,
    /// To be sent as they are; another value is refused.
    #[serde(default, deserialize_with = "tolerant::field")]
    pub headers: BTreeMap<String, String>,
    pub expires_at: Timestamp,
}

impl fmt::Debug for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transfer")
            .field("method", &self.method)
            .field("url", &"<redacted>")
            .field("headers", &self.headers)
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum TransferMethod {
    Get,
    Put,
}

/// Answer to `GET /callbacks/{id}/artifacts`: what the attempt has put, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileList {
    #[serde(deserialize_with = "tolerant::field")]
    pub artifacts: Vec<FileEntry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileEntry {
    pub name: String,
    /// Bytes.
    pub size: u64,
}

//! How a workflow ended short of its report.

use aegis_contracts::agent::Role;
use aegis_contracts::view::Status;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    #[serde(rename = "c")]
    pub code: String,
    #[serde(rename = "m")]
    pub message: String,
    /// Where the workflow was.
    #[serde(rename = "s")]
    pub status: Status,
    #[serde(rename = "r")]
    pub resume: ResumeAt,
    /// The attempt that failed, if one did.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
}

/// Where a redrive goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResumeAt {
    Step(Role),
    Approval,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    pub by: String,
    /// Where the workflow was.
    pub status: Status,
}

//! What a workflow is put through, and how it must end.

use aegis_contracts::view::Status;
use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scenario {
    /// Approved over the API.
    Approve,
    Reject,
    /// Changes are requested once, then approved.
    Revise,
    /// Cancelled at any moment before its decision.
    Cancel,
    /// Every request is sent three times at once.
    Thrice,
    /// Started and approved by events, each put on the bus twice.
    ByEvent,
}

impl Scenario {
    pub const ALL: [Self; 6] = [
        Self::Approve,
        Self::Reject,
        Self::Revise,
        Self::Cancel,
        Self::Thrice,
        Self::ByEvent,
    ];

    /// Of the workflow of this number: each has its turn.
    pub fn of(number: usize) -> Self {
        Self::ALL[number % Self::ALL.len()]
    }

    pub const fn demands(self) -> Status {
        match self {
            Self::Approve | Self::Revise | Self::Thrice | Self::ByEvent => Status::Completed,
            Self::Reject => Status::Rejected,
            Self::Cancel => Status::Cancelled,
        }
    }

    pub const fn told(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Reject => "rejected",
            Self::Revise => "revised once, approved",
            Self::Cancel => "cancelled",
            Self::Thrice => "each request three times",
            Self::ByEvent => "by events, each twice",
        }
    }
}

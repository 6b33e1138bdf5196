//! What people are asked, and what they answered.

use aegis_contracts::approval::{DecisionKind, OnTimeout};
use aegis_contracts::changes::Changes;
use aegis_contracts::flow::Name;
use aegis_contracts::time::{Timestamp, millis};
use aegis_contracts::tolerant;
use serde::{Deserialize, Serialize};

use super::is_zero;

/// Who approves, by when, and what silence means; fixed when the workflow starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalPolicy {
    #[serde(rename = "n")]
    pub required: u32,
    #[serde(rename = "a", default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<String>,
    #[serde(rename = "t")]
    pub timeout_seconds: u64,
    #[serde(rename = "o", default, skip_serializing_if = "is_expire")]
    pub on_timeout: OnTimeout,
    #[serde(rename = "e", default, skip_serializing_if = "Vec::is_empty")]
    pub escalate_to: Vec<String>,
    #[serde(rename = "r")]
    pub max_revisions: u32,
}

impl Default for ApprovalPolicy {
    fn default() -> Self {
        Self {
            required: 1,
            approvers: Vec::new(),
            timeout_seconds: 72 * 3600,
            on_timeout: OnTimeout::Expire,
            escalate_to: Vec::new(),
            max_revisions: 3,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    #[serde(rename = "i")]
    pub approval: Name,
    #[serde(rename = "v", default, skip_serializing_if = "is_zero")]
    pub revision: u32,
    /// How often changes were asked for at this approval before.
    #[serde(rename = "g", default, skip_serializing_if = "is_zero")]
    pub round: u32,
    #[serde(rename = "d", default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
    #[serde(rename = "q", with = "millis")]
    pub requested_at: Timestamp,
    #[serde(rename = "x", with = "millis")]
    pub deadline_at: Timestamp,
    #[serde(rename = "l", default, skip_serializing_if = "std::ops::Not::not")]
    pub escalated: bool,
    #[serde(rename = "n", default, skip_serializing_if = "is_zero")]
    pub sends: u32,
    #[serde(
        rename = "s",
        with = "millis::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub sent_at: Option<Timestamp>,
    #[serde(
        rename = "e",
        with = "millis::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub resend_at: Option<Timestamp>,
    #[serde(
        rename = "o",
        with = "millis::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub notified_at: Option<Timestamp>,
    /// Since it was asked for, or escalated.
    #[serde(rename = "c", default, skip_serializing_if = "is_zero")]
    pub reminders: u32,
    /// Missing: no reminder before the deadline.
    #[serde(
        rename = "m",
        with = "millis::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub remind_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    #[serde(rename = "a")]
    pub approver: String,
    #[serde(rename = "k")]
    pub kind: DecisionKind,
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    #[serde(
        rename = "h",
        default,
        deserialize_with = "tolerant::field",
        skip_serializing_if = "Option::is_none"
    )]
    pub changes: Option<Changes>,
    /// `account:source` of an event, or `link:` and who made the approval link: how the decision is known.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub claimed_by: Option<String>,
    #[serde(rename = "t", with = "millis")]
    pub decided_at: Timestamp,
}

fn is_expire(on_timeout: &OnTimeout) -> bool {
    *on_timeout == OnTimeout::Expire
}

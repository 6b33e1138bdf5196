//! Decisions of people: body of `POST /approve/{id}`, and the approval as clients see it.

use std::fmt;

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::changes::Changes;
use crate::flow::Name;
use crate::request::{person, prose};
use crate::text;
use crate::time::Timestamp;
use crate::tolerant;
use crate::view::PickupView;

/// Longest comment, in characters.
pub const MAX_COMMENT: usize = 2_000;
/// Recorded as the approver where silence means approval: the name of nobody.
pub const TIMEOUT: &str = "timeout";
/// Longest name of an approver, in characters.
pub const MAX_APPROVER: usize = 128;
/// Begins `claimed_by` of a decision by link; who made the link follows.
pub const LINK_CLAIM: &str = "link:";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    Approve,
    Reject,
    RequestChanges,
}

impl DecisionKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::RequestChanges => "request_changes",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Approve, Self::Reject, Self::RequestChanges];
        all.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Body of `POST /approve/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schemars(extend(
    "if" = {"required": ["decision"], "properties": {"decision": {"const": "request_changes"}}},
    "then" = {"anyOf": [
        {"required": ["comment"], "properties": {"comment": {"type": "string", "pattern": text::WORDS}}},
        {"required": ["changes"], "properties": {"changes": {"type": "object", "minProperties": 1}}},
    ]},
    "else" = {"properties": {"changes": {"type": "null"}}},
))]
pub struct DecisionRequest {
    #[garde(skip)]
    pub decision: DecisionKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(
        custom(says_what_to_change(self.decision, self.changes.as_ref())),
        inner(length(chars, max = MAX_COMMENT), custom(prose))
    )]
    #[schemars(length(max = MAX_COMMENT), regex(pattern = text::PROSE))]
    pub comment: Option<String>,
    /// With `request_changes` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(dive, custom(belongs_to(self.decision)))]
    pub changes: Option<Changes>,
    /// Counts only where the API runs without authorisation; else the caller's identity does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(custom(person)))]
    #[schemars(length(min = 1, max = MAX_APPROVER), regex(pattern = text::NAME))]
    pub approver: Option<String>,
    /// The revision that was looked at. Missing means 0, the first; where a flow has several approvals, it must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub revision: Option<u32>,
}

/// Body of `POST /workflows/{id}/approval-links`: who shall be able to decide by the link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ApprovalLinkRequest {
    #[garde(custom(person))]
    #[schemars(length(min = 1, max = MAX_APPROVER), regex(pattern = text::NAME))]
    pub approver: String,
}

/// The agents have nothing else to go by.
fn says_what_to_change(
    decision: DecisionKind,
    changes: Option<&Changes>,
) -> impl FnOnce(&Option<String>, &()) -> garde::Result {
    let carried_out = changes.is_some_and(|changes| !changes.is_empty());
    move |comment, ()| {
        let words = comment.as_deref().unwrap_or_default();
        if decision == DecisionKind::RequestChanges && !carried_out && !text::has_words(words) {
            return Err(garde::Error::new(
                "must say what shall be changed, for `request_changes`, with at least one letter or digit, or `changes` must",
            ));
        }
        Ok(())
    }
}

fn belongs_to(decision: DecisionKind) -> impl FnOnce(&Option<Changes>, &()) -> garde::Result {
    move |changes, ()| {
        if changes.is_none() || decision == DecisionKind::RequestChanges {
            return Ok(());
        }
        Err(garde::Error::new("goes with `request_changes` only"))
    }
}

/// A link by which one approver can look at one revision and decide on it, until the approval's deadline. Whoever has
/// it can decide in the approver's name: it is a secret between the two.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalLink {
    pub url: String,
    pub approver: String,
    pub approval: Name,
    pub revision: u32,
    pub expires_at: Timestamp,
}

impl fmt::Debug for ApprovalLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApprovalLink")
            .field("url", &"<redacted>")
            .field("approver", &self.approver)
            .field("revision", &self.revision)
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

/// What happens when nobody decides in time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnTimeout {
    #[default]
    Expire,
    Approve,
    Escalate,
}

/// The approval of one revision, as clients see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalView {
    pub approval: Name,
    /// Counts every asking of any approval of the workflow, from 0.
    pub revision: u32,
    /// How many different people must approve.
    pub required: u32,
    /// Who may decide; empty means anyone whom the API lets in.
    pub approvers: Vec<String>,
    pub decisions: Vec<DecisionView>,
    pub requested_at: Timestamp,
    pub deadline_at: Timestamp,
    /// What happens at `deadline_at` if people have not settled it by then. Once it has escalated: `expire`.
    pub on_timeout: OnTimeout,
    pub escalated: bool,
    /// How often changes were asked for at this approval before, of `max_revisions` times.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub round: u32,
    pub max_revisions: u32,
    /// Sent so far: since the request, or since the escalation.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reminders: u32,
    /// Only while the approval service has not picked the request up. A decision does not wait for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pickup: Option<PickupView>,
    /// How it ended. Missing while it waits, and where the workflow was cancelled while it waited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Settled>,
}

/// How an approval ended, and by whose decision or by nobody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Settled {
    pub outcome: Outcome,
    /// Whose decision settled it. Missing: nobody's. The time to decide was over, and the request says what that means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When it was decided; without a decision, the deadline.
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Approved,
    Rejected,
    ChangesRequested,
    Expired,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionView {
    pub approver: String,
    pub decision: DecisionKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    #[serde(
        default,
        deserialize_with = "tolerant::field",
        skip_serializing_if = "Option::is_none"
    )]
    pub changes: Option<Changes>,
    /// How it is known that the approver decided, where the API did not see who called: `account:source` of an
    /// event, whose source is self-asserted, or `link:` and who made the approval link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_by: Option<String>,
    pub decided_at: Timestamp,
}

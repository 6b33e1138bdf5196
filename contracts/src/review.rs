//! What somebody looks at before they decide on a revision, and what has been decided on it: answer to
//! `GET /workflows/{id}/review`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::approval::ApprovalView;
use crate::findings::{Evidence, Loss, Revised, Stance, UnreadableSource};
use crate::flow::Name;
use crate::ids::WorkflowId;
use crate::request::Budget;
use crate::tolerant;
use crate::usage::Usage;
use crate::view::Status;

/// One revision as its approvers see it. Its texts are taken from documents as they are: whoever shows them escapes
/// them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Review {
    pub workflow_id: WorkflowId,
    pub status: Status,
    pub topic: String,
    pub requested_by: String,
    /// Whether this revision waits for decisions now.
    pub waiting: bool,
    /// Of this revision, with all decisions on it so far.
    #[serde(flatten)]
    pub approval: ApprovalView,
    /// Which of the named approvers may still decide. Empty where none is named, or nothing waits.
    pub undecided: Vec<String>,
    /// What they decide on.
    pub shown: Shown,
    /// Of an artifact that holds findings; of any other what follows is empty, up to `usage`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    #[serde(default)]
    pub findings: Vec<ReviewedFinding>,
    /// What the topic asks about and the evidence does not cover.
    #[serde(default)]
    pub gaps: Vec<String>,
    /// Documents that could not be read, with the reason: what they say is missing from the findings.
    #[serde(default)]
    pub unreadable: Vec<UnreadableSource>,
    /// How many could not be read, named or not.
    #[serde(default)]
    pub documents_unread: u32,
    /// What was left out of documents that were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<Loss>,
    /// What the approvers of earlier revisions asked for, and what came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revised: Option<Revised>,
    /// Of the whole workflow so far.
    #[serde(deserialize_with = "tolerant::field")]
    pub usage: Usage,
    #[serde(
        default,
        deserialize_with = "tolerant::field",
        skip_serializing_if = "Option::is_none"
    )]
    pub budget: Option<Budget>,
    /// SHA-256 of the artifact that is shown, in lower-case hex.
    pub hash: String,
}

/// The artifact of the step that the approval shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shown {
    pub step: Name,
    pub name: String,
    pub media_type: String,
    /// Its text, if it is text and does not hold findings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewedFinding {
    /// `f1`, `f2`, …
    pub id: String,
    pub heading: String,
    pub stance: Stance,
    /// Why that stance.
    pub note: String,
    pub claims: Vec<ReviewedClaim>,
}

/// A claim beside the passage that it cites.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewedClaim {
    pub text: String,
    /// What the text cannot be understood without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<String>,
    /// The id that the claim cites.
    pub evidence: String,
    /// As the evidence file has it. Missing: the file has no passage of that id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passage: Option<Evidence>,
}

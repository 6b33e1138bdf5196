//! What the agents write: `evidence.json` and `analysis.json`.
//!
//! `report.md` is Markdown; its citations refer to evidence by number.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::WorkflowId;
use crate::request::Depth;

/// `evidence.json`: passages that bear on the topic, best first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceFile {
    pub schema_version: u16,
    pub workflow_id: WorkflowId,
    pub topic: String,
    pub depth: Depth,
    pub documents_read: u32,
    pub passages_ranked: u32,
    pub evidence: Vec<Evidence>,
    /// Documents that could not be read, with the reason.
    #[serde(default)]
    pub unreadable: Vec<UnreadableSource>,
}

/// One passage, verbatim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// `e1`, `e2`, … by rank.
    pub id: String,
    /// The source's URI: `corpus:builtin/<file>` or `s3://bucket/key`.
    pub source: String,
    pub title: String,
    /// Where in the source: heading and paragraph number.
    pub location: String,
    /// The passage exactly as it stands in the source's text.
    pub passage: String,
    /// BM25 score against the topic.
    pub score: f64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnreadableSource {
    pub source: String,
    pub reason: String,
}

/// `analysis.json`: what the evidence says together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnalysisFile {
    pub schema_version: u16,
    pub workflow_id: WorkflowId,
    pub topic: String,
    pub revision: u32,
    pub summary: String,
    pub findings: Vec<Finding>,
    /// What the topic asks about and the evidence does not cover.
    pub gaps: Vec<String>,
    /// How the approver's feedback was taken up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<FeedbackTaken>,
}

/// One statement and the evidence for and against it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// `f1`, `f2`, …
    pub id: String,
    pub heading: String,
    pub claims: Vec<Claim>,
    pub stance: Stance,
    /// Why that stance: how many sources, and what they agree or differ on.
    pub note: String,
}

/// A sentence taken from a piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    pub text: String,
    /// [`Evidence::id`].
    pub evidence: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stance {
    /// More than one source says so.
    Agreement,
    /// Sources differ.
    Disagreement,
    /// One source only.
    SingleSource,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FeedbackTaken {
    pub feedback: String,
    pub effect: String,
}

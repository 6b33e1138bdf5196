//! What the agents write: `plan.json`, `evidence.json` and `analysis.json`.
//!
//! `report.md` is Markdown; its citations refer to evidence by number.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::changes::ChangeRequest;
use crate::flow::MAX_BRANCHES;
use crate::ids::WorkflowId;
use crate::request::MAX_TOPIC;
use crate::text::counted;

/// How much work goes into the evidence and what is made of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Depth {
    Quick,
    #[default]
    Standard,
    Comprehensive,
}

/// `plan.json`: the questions that a topic is researched by, the most important first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanFile {
    pub schema_version: u16,
    pub workflow_id: WorkflowId,
    pub topic: String,
    /// A step with `each` has a branch for each of them: the first is item 1.
    #[schemars(length(min = 1, max = MAX_BRANCHES))]
    pub items: Vec<PlanItem>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanItem {
    /// Can be understood without the topic, and is at most as long as one.
    #[schemars(length(min = 1, max = MAX_TOPIC))]
    pub question: String,
}

impl PlanFile {
    /// The question of a branch, which counts from 1.
    pub fn question(&self, branch: u32) -> Option<&str> {
        let at = usize::try_from(branch).ok()?.checked_sub(1)?;
        self.items.get(at).map(|item| item.question.as_str())
    }
}

/// `evidence.json`: passages that bear on the topic, best first. Of a branch, on its question; of several branches
/// together, by branch and best first in each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceFile {
    pub schema_version: u16,
    pub workflow_id: WorkflowId,
    pub topic: String,
    pub depth: Depth,
    pub documents_read: u32,
    pub passages_ranked: u32,
    /// What the topic asks about, word by word, in its order.
    #[serde(default)]
    pub asked: Vec<AskedWord>,
    pub evidence: Vec<Evidence>,
    /// Documents that could not be read, with the reason. The first hundred are named.
    #[serde(default)]
    pub unreadable: Vec<UnreadableSource>,
    /// How many could not be read, named or not.
    #[serde(default)]
    pub documents_unread: u32,
    /// What was left out of documents that were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<Loss>,
}

/// `and 3 more files`, where not all documents that could not be read are named.
pub fn unnamed(unread: u32, named: &[UnreadableSource]) -> Option<String> {
    let named = u32::try_from(named.len()).unwrap_or(u32::MAX);
    let more = unread.saturating_sub(named);
    (more > 0).then(|| format!("and {}", counted(more, "more file")))
}

/// Something of one kind that is in documents and not in their text: menus, struck-out text, a page of a PDF.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Loss {
    pub what: String,
    /// The first document of which it was left out.
    pub source: String,
    /// Of how many.
    pub documents: u32,
}

impl Loss {
    /// For people: `menus are left out (a.html and 2 more files)`. `name` is what to call the document.
    pub fn words(&self, name: &str) -> String {
        match self.documents.saturating_sub(1) {
            0 => format!("{} ({name})", self.what),
            more => format!("{} ({name} and {})", self.what, counted(more, "more file")),
        }
    }
}

/// A word of the topic, as it was looked for in the documents. Words that carry no subject are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AskedWord {
    /// As the topic writes it.
    pub word: String,
    /// Stems that count as the word, as `text::Terms` makes them; several that must follow each other are separated by a
    /// space. None where no document has the word.
    pub stems: Vec<String>,
    /// How much it tells passages apart, above 0: rare words most.
    pub weight: f64,
    pub origin: Origin,
    /// It need not be in the documents: a ticket's number, or a project's name before a colon.
    #[serde(default)]
    pub aside: bool,
}

/// How the documents have a word of the topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Origin {
    AsWritten,
    /// They have only a word that differs in a letter or two.
    MisspeltFor {
        word: String,
    },
    /// They explain it as these words, and either counts.
    AbbreviationOf {
        words: String,
    },
    /// No document has it.
    Unknown,
}

/// One passage, verbatim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// `e1`, `e2`, … by rank.
    pub id: String,
    /// The source's URI: `corpus:builtin/<file>` or `s3://bucket/key`.
    pub source: String,
    pub title: String,
    /// Headings above the passage, outermost first, without the title.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headings: Vec<String>,
    /// Where in the source: heading and paragraph number.
    pub location: String,
    #[serde(default)]
    pub kind: PassageKind,
    /// What introduces the passage in its source, verbatim: the sentence before a list, the header of a table's rows, the
    /// caption of code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<String>,
    /// The passage exactly as it stands in the source's text. Paragraphs, items and rows that follow each other in the source are
    /// lines of it; each line stands in the source as one text. Code is one text with all its lines.
    pub passage: String,
    /// BM25 score against the topic.
    pub score: f64,
}

/// What a passage was in its source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PassageKind {
    #[default]
    Paragraph,
    /// Items of a list.
    Item,
    /// Rows of a table.
    Row,
    Code,
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
    /// What the findings are and how far they answer the topic, in a few sentences.
    pub summary: String,
    /// What answers the topic best comes first.
    pub findings: Vec<Finding>,
    /// What the topic asks about and the evidence does not cover.
    pub gaps: Vec<String>,
    /// Of the file whose passages the claims cite. Missing: the nearest one that the step reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence_sha256: Option<String>,
    /// What became of the latest change request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revised: Option<Revised>,
    /// Claims that approvers had taken out of this or an earlier revision: they do not come back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

/// Claims that belong together, and how their sources compare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// `f1`, `f2`, …
    pub id: String,
    pub heading: String,
    pub claims: Vec<Claim>,
    pub stance: Stance,
    /// What the sources agree or may differ on. Empty where nothing was found to compare.
    pub note: String,
}

/// A piece of evidence, word for word: one or two sentences, an item, a row or a block of code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    /// Stands within one line of the passage. Code may have several lines.
    pub text: String,
    /// What the text cannot be understood without: [`Evidence::lead`], or an earlier line of the passage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<String>,
    /// [`Evidence::id`].
    pub evidence: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stance {
    /// More than one source says so.
    Agreement,
    /// Sources may differ.
    Disagreement,
    /// Nothing was found in a second source to compare it with.
    SingleSource,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Revised {
    pub request: ChangeRequest,
    /// What was done, a sentence for each change.
    pub done: Vec<String>,
}

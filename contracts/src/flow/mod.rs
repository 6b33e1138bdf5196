//! A flow: which agents work, in which order, and where people decide. Data: `flows/<name>/<version>.json`.
//!
//! - `read`: a definition from its JSON, every fault with its place
//! - `rules`: what holds between the parts of a definition
//! - `parameters`: what a request of the flow may say

mod parameters;
mod read;
mod rules;

use std::collections::BTreeMap;
use std::fmt;

use data_encoding::HEXLOWER;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};

pub use crate::name::{InvalidName, MAX_NAME, NAME, Name};
use crate::request::ApprovalOptions;

pub use parameters::ParameterSchema;
pub use read::Fault;

/// Most steps and approvals together.
pub const MAX_STEPS: usize = 32;
/// Most steps that run at once because the flow says `parallel`.
pub const MAX_PARALLEL: usize = 8;
/// Most branches of a step with `each`.
pub const MAX_BRANCHES: u32 = 64;
/// Branches at work at once where a flow does not say how many.
pub const AT_ONCE: u32 = 8;
/// Largest file of a definition, in bytes.
pub const MAX_FILE: usize = 64 * 1024;
/// Longest title, in characters.
pub const MAX_TITLE: usize = 120;
/// The flow of a request that names none.
pub const DEFAULT_FLOW: &str = "report";

/// The definition of one version of a flow. What is made from JSON keeps all rules of `docs/flows.md`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Flow {
    pub flow: Name,
    /// From 1. A version that was released never changes.
    #[schemars(range(min = 1))]
    pub version: u16,
    #[schemars(length(min = 1, max = MAX_TITLE))]
    pub title: String,
    /// JSON Schema of a request's `parameters`. Missing: there are none.
    #[serde(default, skip_serializing_if = "ParameterSchema::is_empty")]
    pub parameters: ParameterSchema,
    /// Run one after another.
    #[schemars(length(min = 1, max = MAX_STEPS))]
    pub steps: Vec<Entry>,
    /// The step whose artifact is the result of the workflow.
    pub result: Name,
}

/// One entry of `steps`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Entry {
    Step(AgentStep),
    Parallel(Parallel),
    Approval(ApprovalStep),
}

/// Agents work at once; the flow goes on when all have succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Parallel {
    /// None of them reads what another one of them writes, and none has `each`.
    #[schemars(length(min = 2, max = MAX_PARALLEL))]
    pub parallel: Vec<AgentStep>,
    /// The first one's name.
    #[serde(skip)]
    first: Name,
}

/// An agent works, and writes an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentStep {
    pub step: Name,
    pub agent: Name,
    /// Earlier steps whose artifacts it gets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<Name>,
    /// The artifact without which the step has not succeeded.
    #[schemars(length(max = 128), regex(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$"))]
    pub writes: String,
    /// Further attempts after one that failed. Missing: as the deployment says for the agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 19))]
    pub retries: Option<u32>,
    /// Longest attempt. Missing: as the deployment says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 480))]
    pub timeout_minutes: Option<u32>,
    /// Longest silence between two reports. Missing: as the deployment says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 30, max = 3600))]
    pub heartbeat_seconds: Option<u32>,
    /// An earlier step whose report of success says how many items it found: this step runs once for each of them, as a
    /// branch, and gets what that step wrote. Missing: it runs once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<Name>,
    /// Most items. More fail the step that found them. Goes with `each`, which cannot do without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = MAX_BRANCHES))]
    pub max: Option<u32>,
    /// Branches that may fail for good while the step still succeeds; one at least has to succeed. Goes with `each`.
    /// Missing: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = MAX_BRANCHES))]
    pub may_fail: Option<u32>,
    /// Branches that are at work at the same time. Goes with `each`. Missing: 8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = MAX_BRANCHES))]
    pub at_once: Option<u32>,
}

/// People decide on what a step wrote.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ApprovalStep {
    pub approval: Name,
    /// The step whose artifact approvers look at.
    pub shows: Name,
    /// Where a change request goes back to: this step and all after it run again. Missing: people approve or reject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redo: Option<Name>,
    /// Where a change request goes back to that asks to search again. Missing: it cannot ask so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search_again: Option<Name>,
    /// What holds where a request says nothing else.
    #[serde(flatten)]
    pub policy: ApprovalOptions,
}

impl AgentStep {
    /// Branches at work at the same time. 1 for a step that runs once.
    pub fn at_once(&self) -> u32 {
        match self.each {
            Some(_) => self.at_once.unwrap_or(AT_ONCE),
            None => 1,
        }
    }

    /// Branches that may fail for good.
    pub fn may_fail(&self) -> u32 {
        self.may_fail.unwrap_or_default()
    }

    /// The steps whose artifacts it gets: those that it reads, and the one for whose items it has branches.
    pub fn gets(&self, step: &Name) -> bool {
        self.reads.contains(step) || self.each.as_ref() == Some(step)
    }
}

impl Entry {
    /// Of steps that run at once, the first one's: that is where a workflow is while they run.
    pub fn name(&self) -> &Name {
        match self {
            Self::Step(step) => &step.step,
            Self::Parallel(parallel) => &parallel.first,
            Self::Approval(approval) => &approval.approval,
        }
    }

    /// The agent steps of the entry, none of an approval.
    pub fn steps(&self) -> &[AgentStep] {
        match self {
            Self::Step(step) => std::slice::from_ref(step),
            Self::Parallel(parallel) => &parallel.parallel,
            Self::Approval(_) => &[],
        }
    }

    pub fn as_approval(&self) -> Option<&ApprovalStep> {
        match self {
            Self::Approval(approval) => Some(approval),
            Self::Step(_) | Self::Parallel(_) => None,
        }
    }

    /// Whether it is of this name, or has a step that is.
    pub fn has(&self, name: &Name) -> bool {
        match self {
            Self::Approval(approval) => approval.approval == *name,
            Self::Step(_) | Self::Parallel(_) => self.steps().iter().any(|step| step.step == *name),
        }
    }
}

impl Flow {
    /// The place in `steps` of a step or approval, or of the entry that it is in.
    pub fn place(&self, name: &Name) -> Option<usize> {
        self.steps.iter().position(|entry| entry.has(name))
    }

    /// The most items that `step` may find: the least that a step with `each` allows. `None`: no step has branches for
    /// its items.
    pub fn max_items(&self, step: &Name) -> Option<u32> {
        let over = self
            .agent_steps()
            .filter(|later| later.each.as_ref() == Some(step));
        over.map(|later| later.max.unwrap_or(MAX_BRANCHES)).min()
    }

    pub fn step(&self, name: &Name) -> Option<&AgentStep> {
        self.agent_steps().find(|step| step.step == *name)
    }

    pub fn agent_steps(&self) -> impl Iterator<Item = &AgentStep> {
        self.steps.iter().flat_map(Entry::steps)
    }

    pub fn approvals(&self) -> impl Iterator<Item = &ApprovalStep> {
        self.steps.iter().filter_map(Entry::as_approval)
    }

    /// What a workflow is pinned to. Two definitions that differ in anything have different hashes.
    pub fn id(&self) -> FlowId {
        // A flow that was read can be written.
        let canonical = canonical(&serde_json::to_value(self).unwrap_or_default());
        let digest = Sha256::digest(canonical.as_bytes());
        let half = digest.get(..16).unwrap_or_default();
        FlowId {
            flow: self.flow.clone(),
            version: self.version,
            hash: HEXLOWER.encode(half),
        }
    }
}

/// The same text for the same JSON, whatever the order in which `serde_json` was built to keep fields in.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<&String, &Value> = fields.iter().collect();
            let fields = fields.into_iter();
            let fields = fields.map(|(name, value)| {
                format!("{}:{}", Value::from(name.as_str()), canonical(value))
            });
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            format!(
                "[{}]",
                items.iter().map(canonical).collect::<Vec<_>>().join(",")
            )
        }
        plain => plain.to_string(),
    }
}

/// Names one definition for ever: `report/1/<hash>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowId {
    pub flow: Name,
    pub version: u16,
    /// Half of the SHA-256 of the definition, in lower-case hex.
    pub hash: String,
}

impl fmt::Display for FlowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.flow, self.version, self.hash)
    }
}

impl std::str::FromStr for FlowId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not <flow>/<version>/<hash>");
        let parts: Vec<&str> = text.split('/').collect();
        let [flow, version, hash] = parts[..] else {
            return Err(wrong());
        };
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if hash.len() != 32 || !hash.bytes().all(hex) {
            return Err(wrong());
        }
        Ok(Self {
            flow: flow.parse().map_err(|_| wrong())?,
            version: version.parse().map_err(|_| wrong())?,
            hash: hash.to_owned(),
        })
    }
}

impl Serialize for FlowId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for FlowId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl<'de> serde::Deserialize<'de> for Flow {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_value(value).map_err(|faults| {
            let faults: Vec<String> = faults.iter().map(Fault::to_string).collect();
            serde::de::Error::custom(faults.join("; "))
        })
    }
}

/// The media type of an artifact, by the ending of its name.
pub fn media_type(artifact: &str) -> &'static str {
    let ending = artifact.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending {
        "json" => "application/json",
        "md" => "text/markdown; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        "pdf" => "application/pdf",
        _ => "application/octet-stream",
    }
}

//! What an agent reports: body of `POST /callbacks/{id}`.

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::artifact::ArtifactRef;
use crate::attempt::Attempt;
use crate::flow::Name;
use crate::usage::{MAX_COST_USD, Usage};

/// Longest `summary` of a result, in characters.
pub const MAX_SUMMARY: usize = 2_000;
/// Longest `message` of a progress report or failure, in characters.
pub const MAX_MESSAGE: usize = 1_000;

/// One report of one attempt. `kind` says which.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema, Validate)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum AgentReport {
    /// Alive and working; counts as heartbeat.
    Progress {
        #[garde(skip)]
        step: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[garde(skip)]
        branch: Option<u32>,
        #[garde(range(min = 1))]
        attempt: u32,
        #[garde(length(chars, max = MAX_MESSAGE))]
        message: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[garde(inner(range(max = 100)))]
        #[schemars(range(max = 100))]
        percent: Option<u8>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[garde(inner(custom(sane_usage)))]
        usage: Option<Usage>,
    },
    /// Done. The artifacts are checked before the step counts as succeeded.
    Succeeded {
        #[garde(skip)]
        step: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[garde(skip)]
        branch: Option<u32>,
        #[garde(range(min = 1))]
        attempt: u32,
        #[garde(length(chars, max = MAX_SUMMARY))]
        summary: String,
        #[garde(length(min = 1, max = 10), dive)]
        artifacts: Vec<ArtifactRef>,
        /// How many items a later step with `each` has a branch for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[garde(skip)]
        items: Option<u32>,
        #[serde(default)]
        #[garde(custom(sane_usage))]
        usage: Usage,
    },
    /// Given up.
    Failed {
        #[garde(skip)]
        step: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[garde(skip)]
        branch: Option<u32>,
        #[garde(range(min = 1))]
        attempt: u32,
        #[garde(dive)]
        error: AgentError,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[garde(inner(custom(sane_usage)))]
        usage: Option<Usage>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AgentError {
    /// Stable, lower_snake_case.
    #[garde(length(min = 1, max = 64), pattern("^[a-z][a-z0-9_]*$"))]
    pub code: String,
    #[garde(length(chars, min = 1, max = MAX_MESSAGE))]
    pub message: String,
    /// Whether a new attempt could succeed.
    #[garde(skip)]
    pub retryable: bool,
}

fn sane_usage(usage: &Usage, _: &()) -> garde::Result {
    if usage.is_sane() {
        Ok(())
    } else {
        Err(garde::Error::new(format!(
            "cost_usd must lie between 0 and {MAX_COST_USD}"
        )))
    }
}

/// All fields of all kinds: read as one struct, an error can name its field.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    kind: Kind,
    step: Name,
    branch: Option<u32>,
    attempt: u32,
    message: Option<String>,
    percent: Option<u8>,
    summary: Option<String>,
    artifacts: Option<Vec<ArtifactRef>>,
    items: Option<u32>,
    error: Option<AgentError>,
    usage: Option<Usage>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Progress,
    Succeeded,
    Failed,
}

impl Fields {
    /// A field that this kind of report does not have.
    fn misplaced(&self) -> Option<&'static str> {
        let fields = [
            ("message", Kind::Progress, self.message.is_some()),
            ("percent", Kind::Progress, self.percent.is_some()),
            ("summary", Kind::Succeeded, self.summary.is_some()),
            ("artifacts", Kind::Succeeded, self.artifacts.is_some()),
            ("items", Kind::Succeeded, self.items.is_some()),
            ("error", Kind::Failed, self.error.is_some()),
        ];
        fields
            .into_iter()
            .find_map(|(name, kind, present)| (present && kind != self.kind).then_some(name))
    }
}

impl<'de> Deserialize<'de> for AgentReport {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let fields = Fields::deserialize(deserializer)?;
        if let Some(name) = fields.misplaced() {
            return Err(Error::custom(format!(
                "field `{name}` does not belong to this `kind` of report"
            )));
        }
        let missing = Error::missing_field;
        let (step, branch, attempt) = (fields.step, fields.branch, fields.attempt);
        Ok(match fields.kind {
            Kind::Progress => Self::Progress {
                step,
                branch,
                attempt,
                message: fields.message.ok_or_else(|| missing("message"))?,
                percent: fields.percent,
                usage: fields.usage,
            },
            Kind::Succeeded => Self::Succeeded {
                step,
                branch,
                attempt,
                summary: fields.summary.ok_or_else(|| missing("summary"))?,
                artifacts: fields.artifacts.ok_or_else(|| missing("artifacts"))?,
                items: fields.items,
                usage: fields.usage.unwrap_or_default(),
            },
            Kind::Failed => Self::Failed {
                step,
                branch,
                attempt,
                error: fields.error.ok_or_else(|| missing("error"))?,
                usage: fields.usage,
            },
        })
    }
}

impl AgentReport {
    pub fn of(&self) -> Attempt {
        let (Self::Progress {
            step,
            branch,
            attempt,
            ..
        }
        | Self::Succeeded {
            step,
            branch,
            attempt,
            ..
        }
        | Self::Failed {
            step,
            branch,
            attempt,
            ..
        }) = self;
        Attempt {
            step: step.clone(),
            branch: *branch,
            attempt: *attempt,
        }
    }
}

/// Answer to a callback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallbackAnswer {
    /// `false`: the same report had arrived before and changed nothing.
    pub accepted: bool,
}

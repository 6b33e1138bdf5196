//! What a client asks for: body of `POST /workflows`, and of cancel and redrive.

use std::collections::{BTreeMap, BTreeSet};

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::approval::OnTimeout;

/// Longest topic, in characters.
pub const MAX_TOPIC: usize = 1_000;
/// Largest body of a client request, in bytes.
pub const MAX_BODY: usize = 64 * 1024;
/// The corpus that ships with the agents.
pub const BUILTIN_SOURCE: &str = "corpus:builtin";
/// Longest idempotency key, in characters.
pub const MAX_IDEMPOTENCY_KEY: usize = 256;

/// Body of `POST /workflows`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct StartRequest {
    #[garde(custom(meaningful), length(chars, max = MAX_TOPIC))]
    #[schemars(length(min = 1, max = MAX_TOPIC))]
    pub topic: String,
    #[serde(default)]
    #[garde(dive)]
    pub parameters: Parameters,
    #[serde(default)]
    #[garde(dive)]
    pub approval: ApprovalOptions,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(dive)]
    pub budget: Option<Budget>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[garde(custom(few_short_tags))]
    #[schemars(extend(
        "maxProperties" = 20,
        "propertyNames" = {"minLength": 1, "maxLength": 64},
        "additionalProperties" = {"type": "string", "maxLength": 256},
    ))]
    pub tags: BTreeMap<String, String>,
}

/// How much work goes into the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Depth {
    Quick,
    #[default]
    Standard,
    Comprehensive,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    #[serde(default)]
    #[garde(skip)]
    pub depth: Depth,
    /// `corpus:builtin` or `s3://bucket/prefix`. Empty means the built-in corpus.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[garde(length(max = 20), inner(custom(known_source_form), length(max = 1024)))]
    #[schemars(inner(regex(pattern = r"^(corpus:builtin|s3://[^/]+/(?!.*\.\.).+)$")))]
    pub sources: Vec<String>,
}

/// Who approves, by when, and what silence means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(custom(consistent_approval))]
pub struct ApprovalOptions {
    /// How many different people must approve.
    #[serde(default = "one")]
    #[garde(range(min = 1, max = 10))]
    pub required: u32,
    /// Who may decide. Empty means anyone whom the API lets in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[garde(length(max = 10), inner(length(chars, min = 1, max = 128)))]
    pub approvers: Vec<String>,
    /// Fractions are allowed. Missing means the platform's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(custom(sane_hours)))]
    // A second.
    #[schemars(range(min = 0.0002777777777777778, max = 8784))]
    pub timeout_hours: Option<f64>,
    #[serde(default)]
    #[garde(skip)]
    pub on_timeout: OnTimeout,
    /// Who may decide in addition once the first deadline has passed; needed for `escalate`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[garde(length(max = 10), inner(length(chars, min = 1, max = 128)))]
    pub escalate_to: Vec<String>,
    #[serde(default = "three")]
    #[garde(range(max = 10))]
    pub max_revisions: u32,
}

fn one() -> u32 {
    1
}

fn three() -> u32 {
    3
}

impl Default for ApprovalOptions {
    fn default() -> Self {
        Self {
            required: one(),
            approvers: Vec::new(),
            timeout_hours: None,
            on_timeout: OnTimeout::default(),
            escalate_to: Vec::new(),
            max_revisions: three(),
        }
    }
}

/// Limits over the whole workflow. It stops before the next step once one is exceeded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(custom(positive)))]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub max_cost_usd: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(range(min = 1)))]
    #[schemars(range(min = 1))]
    pub max_tokens: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(custom(positive)))]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub max_duration_minutes: Option<f64>,
}

/// Body of `POST /workflows/{id}/cancel`; may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CancelBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(length(chars, max = 1_000)))]
    #[schemars(length(max = 1_000))]
    pub reason: Option<String>,
}

/// Body of `POST /workflows/{id}/redrive`; may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RedriveBody {
    /// The version at which the failure was seen. Missing means the present one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub version: Option<u64>,
}

fn meaningful(topic: &str, _: &()) -> garde::Result {
    if !topic.chars().any(char::is_alphanumeric) {
        return Err(garde::Error::new(
            "must contain at least one letter or digit",
        ));
    }
    if topic
        .chars()
        .any(|c| c.is_control() && c != '\n' && c != '\t')
    {
        return Err(garde::Error::new("must not contain control characters"));
    }
    Ok(())
}

fn few_short_tags(tags: &BTreeMap<String, String>, _: &()) -> garde::Result {
    if tags.len() > 20 {
        return Err(garde::Error::new("at most 20 tags"));
    }
    let too_long = |(key, value): (&String, &String)| {
        key.is_empty() || key.chars().count() > 64 || value.chars().count() > 256
    };
    if tags.iter().any(too_long) {
        return Err(garde::Error::new(
            "keys are 1 to 64 characters long, values at most 256",
        ));
    }
    Ok(())
}

fn known_source_form(source: &str, _: &()) -> garde::Result {
    if source == BUILTIN_SOURCE {
        return Ok(());
    }
    let bucket = source
        .strip_prefix("s3://")
        .and_then(|rest| rest.split_once('/'));
    match bucket {
        Some((bucket, prefix))
            if !bucket.is_empty() && !prefix.is_empty() && !prefix.contains("..") =>
        {
            Ok(())
        }
        _ => Err(garde::Error::new(
            "must be `corpus:builtin` or `s3://bucket/prefix`",
        )),
    }
}

fn sane_hours(hours: &f64, _: &()) -> garde::Result {
    // A second to a year.
    if hours.is_finite() && (1.0 / 3600.0..=8_784.0).contains(hours) {
        Ok(())
    } else {
        Err(garde::Error::new(
            "must lie between one second and 8784 hours",
        ))
    }
}

fn positive(number: &f64, _: &()) -> garde::Result {
    if number.is_finite() && *number > 0.0 {
        Ok(())
    } else {
        Err(garde::Error::new("must be above 0"))
    }
}

fn consistent_approval(options: &ApprovalOptions, _: &()) -> garde::Result {
    let eligible = options.approvers.iter().collect::<BTreeSet<_>>().len();
    if eligible > 0 && (options.required as usize) > eligible {
        return Err(garde::Error::new(
            "`required` exceeds the number of different `approvers`",
        ));
    }
    if options.on_timeout == OnTimeout::Escalate && options.escalate_to.is_empty() {
        return Err(garde::Error::new(
            "`on_timeout: escalate` needs `escalate_to`",
        ));
    }
    Ok(())
}

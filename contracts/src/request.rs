//! What a client asks for: body of `POST /workflows`, and of cancel and redrive.

use std::collections::BTreeMap;

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::approval::{MAX_APPROVER, OnTimeout, TIMEOUT};
use crate::flow::{MAX_NAME, NAME, Name};
use crate::text::{self, Lines};

/// Longest topic, in characters.
pub const MAX_TOPIC: usize = 1_000;
/// Largest body of a client request, in bytes.
pub const MAX_BODY: usize = 64 * 1024;
/// The corpus that ships with the agents.
pub const BUILTIN_SOURCE: &str = "corpus:builtin";
/// Longest idempotency key, in characters.
pub const MAX_IDEMPOTENCY_KEY: usize = 256;
/// For JSON Schema: what [`usable_key`] takes.
pub const IDEMPOTENCY_KEY: &str = r"^[!-+\--~]([ -+\--~]*[!-+\--~])?$";
/// The same as a header, around whose value spaces do not count.
pub const IDEMPOTENCY_KEY_HEADER: &str = r"^ *[!-+\--~][ -+\--~]*$";

/// An object and nothing else: `Map` would take `null` for an empty one.
fn object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    let fields = BTreeMap::<String, Value>::deserialize(deserializer)?;
    Ok(fields.into_iter().collect())
}

/// Body of `POST /workflows`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct StartRequest {
    /// The flow that runs, in its newest version. Missing: `report`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub flow: Option<Name>,
    #[garde(custom(meaningful), length(chars, max = MAX_TOPIC))]
    #[schemars(length(min = 1, max = MAX_TOPIC), regex(pattern = text::WORDS))]
    pub topic: String,
    /// What they can be is said by the flow's `parameters`.
    #[serde(
        default,
        deserialize_with = "object",
        skip_serializing_if = "Map::is_empty"
    )]
    #[garde(skip)]
    pub parameters: Map<String, Value>,
    /// For every approval of the flow.
    #[serde(default, skip_serializing_if = "ApprovalOptions::is_empty")]
    #[garde(dive)]
    pub approval: ApprovalOptions,
    /// For one approval of the flow, by its name. What is missing is as in `approval`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[garde(dive)]
    #[schemars(extend("propertyNames" = {"pattern": NAME, "maxLength": MAX_NAME}))]
    pub approvals: BTreeMap<String, ApprovalOptions>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(dive)]
    pub budget: Option<Budget>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[garde(custom(few_short_tags))]
    #[schemars(extend(
        "maxProperties" = 20,
        "propertyNames" = {"minLength": 1, "maxLength": 64, "pattern": text::NAME},
        "additionalProperties" = {"type": "string", "maxLength": 256, "pattern": text::LINE},
    ))]
    pub tags: BTreeMap<String, String>,
}

/// Who approves, by when, and what silence means.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(custom(consistent_approval))]
#[schemars(extend(
    "if" = {"properties": {"on_timeout": {"const": "escalate"}}, "required": ["on_timeout"]},
    "then" = {"properties": {"escalate_to": {"minItems": 1}}, "required": ["escalate_to"]},
    "else" = {"properties": {"escalate_to": {"maxItems": 0}}},
))]
pub struct ApprovalOptions {
    /// How many different people must approve. Missing: one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(range(min = 1, max = 10)))]
    #[schemars(range(min = 1, max = 10))]
    pub required: Option<u32>,
    /// Who may decide. Empty: anyone whom the API lets in. Spaces around a name do not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[garde(length(max = 10), inner(custom(person)), custom(different_people))]
    #[schemars(extend("uniqueItems" = true), inner(length(min = 1, max = MAX_APPROVER), regex(pattern = text::NAME)))]
    pub approvers: Vec<String>,
    /// Fractions are allowed. Missing: the platform's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(custom(sane_hours)))]
    // A second.
    #[schemars(range(min = 0.0002777777777777778, max = 8784))]
    pub timeout_hours: Option<f64>,
    /// Missing: `expire`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub on_timeout: Option<OnTimeout>,
    /// Who may decide in addition once the first deadline has passed: for `on_timeout: escalate`, and only for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[garde(length(max = 10), inner(custom(person)), custom(different_people))]
    #[schemars(extend("uniqueItems" = true), inner(length(min = 1, max = MAX_APPROVER), regex(pattern = text::NAME)))]
    pub escalate_to: Vec<String>,
    /// How often people may ask for changes. Missing: three times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(range(max = 10)))]
    #[schemars(range(max = 10))]
    pub max_revisions: Option<u32>,
}

impl ApprovalOptions {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These, and what they leave out as in `base`. What silence means and whom it escalates to belong together.
    #[must_use]
    pub fn over(self, base: &Self) -> Self {
        let (on_timeout, escalate_to) = match self.on_timeout {
            Some(_) => (self.on_timeout, self.escalate_to),
            None => (base.on_timeout, base.escalate_to.clone()),
        };
        let approvers = if self.approvers.is_empty() {
            base.approvers.clone()
        } else {
            self.approvers
        };
        Self {
            required: self.required.or(base.required),
            approvers,
            timeout_hours: self.timeout_hours.or(base.timeout_hours),
            on_timeout,
            escalate_to,
            max_revisions: self.max_revisions.or(base.max_revisions),
        }
    }

    /// With each name as it is kept.
    #[must_use]
    pub fn with_plain_names(mut self) -> Self {
        for name in self.approvers.iter_mut().chain(&mut self.escalate_to) {
            *name = text::name(name);
        }
        self
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
    #[garde(inner(length(chars, max = 1_000), custom(prose)))]
    #[schemars(length(max = 1_000), regex(pattern = text::PROSE))]
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
    prose(topic, &())?;
    if text::has_words(topic) {
        return Ok(());
    }
    Err(garde::Error::new(
        "must contain at least one letter or digit",
    ))
}

/// Text of several lines that somebody typed.
pub(crate) fn prose(text: &str, _: &()) -> garde::Result {
    text::check(text, Lines::Many).map_err(garde::Error::new)
}

/// The name of somebody who decides.
pub(crate) fn person(name: &str, _: &()) -> garde::Result {
    text::check(name, Lines::One).map_err(garde::Error::new)?;
    if text::is_blank(name) {
        return Err(garde::Error::new("must not be blank"));
    }
    if text::alike(name, TIMEOUT) {
        let reason = format!("must not be `{TIMEOUT}`, which stands for silence in the history");
        return Err(garde::Error::new(reason));
    }
    let length = name.chars().count();
    if length > MAX_APPROVER {
        let reason = format!("has {length} characters, at most {MAX_APPROVER} are allowed");
        return Err(garde::Error::new(reason));
    }
    Ok(())
}

/// Two names that are [`text::alike`] in one list would let one person count twice.
fn different_people(names: &[String], _: &()) -> garde::Result {
    let mut seen = BTreeMap::new();
    for name in names {
        if let Some(earlier) = seen.insert(text::folded(name), name) {
            return Err(same_person(earlier, name));
        }
    }
    Ok(())
}

fn same_person(one: &str, other: &str) -> garde::Error {
    let (one, other) = (text::visible_line(one), text::visible_line(other));
    garde::Error::new(format!(
        "`{one}` and `{other}` are taken for the same person"
    ))
}

/// What a header can carry, so that a key means the same over the API and in an event. API Gateway joins two headers
/// of one name with a comma: no key has one.
pub fn usable_key(key: &str, _: &()) -> garde::Result {
    let visible = |c: char| matches!(c, '!'..='~') && c != ',';
    let length = key.chars().count();
    if length == 0 || length > MAX_IDEMPOTENCY_KEY {
        let reason = format!("must have 1 to {MAX_IDEMPOTENCY_KEY} characters, it has {length}");
        return Err(garde::Error::new(reason));
    }
    let at_the_ends = key.starts_with(visible) && key.ends_with(visible);
    if at_the_ends && key.chars().all(|c| visible(c) || c == ' ') {
        return Ok(());
    }
    Err(garde::Error::new(
        "must be of visible ASCII characters without a comma, with spaces between them only",
    ))
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
    for (key, value) in tags {
        let shown = text::visible_line(key);
        let refused = |reason: text::Refused| garde::Error::new(format!("`{shown}` {reason}"));
        text::check(key, Lines::One).map_err(refused)?;
        text::check(value, Lines::One).map_err(refused)?;
        if text::is_blank(key) {
            return Err(garde::Error::new("a key must not be blank"));
        }
    }
    Ok(())
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
    let eligible = options.approvers.len();
    if eligible > 0
        && options
            .required
            .is_some_and(|required| required as usize > eligible)
    {
        return Err(garde::Error::new(
            "`required` exceeds the number of `approvers`",
        ));
    }
    let escalates = options.on_timeout == Some(OnTimeout::Escalate);
    if escalates && options.escalate_to.is_empty() {
        return Err(garde::Error::new(
            "`on_timeout: escalate` needs `escalate_to`",
        ));
    }
    if !escalates && !options.escalate_to.is_empty() {
        return Err(garde::Error::new(
            "`escalate_to` needs `on_timeout: escalate`",
        ));
    }
    // One person may stand in both lists, under one spelling.
    let escalate_to = &options.escalate_to;
    let pairs = options.approvers.iter();
    let mut pairs = pairs.flat_map(|one| escalate_to.iter().map(move |other| (one, other)));
    let unlike = |(one, other): &(&String, &String)| {
        text::alike(one, other) && text::name(one) != text::name(other)
    };
    if let Some((one, other)) = pairs.find(unlike) {
        return Err(same_person(one, other));
    }
    Ok(())
}

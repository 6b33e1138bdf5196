//! What an approver wants changed, said so that an agent can carry it out.

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::name::Name;
use crate::text::{self, Lines};
use crate::tolerant;

/// How many findings, and how many terms, one request may name.
pub const MAX_NAMED: usize = 20;
/// Longest term, in characters.
pub const MAX_TERM: usize = 100;

/// Goes with `request_changes`. What an agent cannot carry out stands in the comment, which people read, and models.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schemars(extend("not" = {
    "required": ["drop", "keep"],
    "properties": {"drop": {"minItems": 1}, "keep": {"minItems": 1}},
}))]
pub struct Changes {
    /// Findings that shall go, by their number on the revision that was looked at. The first is 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[garde(length(max = MAX_NAMED), custom(numbers))]
    #[schemars(length(max = MAX_NAMED), inner(range(min = 1)), extend("uniqueItems" = true))]
    pub drop: Vec<u32>,
    /// Findings that alone shall stay. Not together with `drop`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[garde(length(max = MAX_NAMED), custom(numbers), custom(one_of_both(&self.drop)))]
    #[schemars(length(max = MAX_NAMED), inner(range(min = 1)), extend("uniqueItems" = true))]
    pub keep: Vec<u32>,
    /// Words or names that the report shall say something about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[garde(length(max = MAX_NAMED), inner(custom(term)))]
    #[schemars(length(max = MAX_NAMED), inner(length(min = 1, max = MAX_TERM), regex(pattern = text::NAME)))]
    pub terms: Vec<String>,
    /// The sources are searched again, for the topic and for `terms`, before the step is done again. Else the evidence
    /// stays as it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[garde(skip)]
    pub search_again: bool,
    /// About half as many claims.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[garde(skip)]
    pub shorter: bool,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// For people: `drop finding 2`, `keep findings 1 and 3 alone`.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if !self.drop.is_empty() {
            words.push(format!("drop {}", findings(&self.drop)));
        }
        if !self.keep.is_empty() {
            words.push(format!("keep {} alone", findings(&self.keep)));
        }
        let terms = self.terms.iter().map(|term| format!("add “{term}”"));
        words.extend(terms);
        if self.search_again {
            words.push("search the sources again".to_owned());
        }
        if self.shorter {
            words.push("make it shorter".to_owned());
        }
        words
    }
}

/// `finding 2`, `findings 1, 2 and 4`.
pub fn findings(numbers: &[u32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
    match numbers.split_last() {
        Some((last, [])) => format!("finding {last}"),
        Some((last, before)) => format!("findings {} and {last}", before.join(", ")),
        None => "no finding".to_owned(),
    }
}

impl ChangeRequest {
    /// For people: the comment, then what was asked for.
    pub fn words(&self) -> String {
        let comment = self.comment.clone().into_iter();
        let words: Vec<String> = comment.chain(self.changes.words()).collect();
        words.join("; ")
    }
}

/// What was asked about one revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeRequest {
    /// The step whose artifact was looked at: `drop` and `keep` number the findings of this one.
    pub shows: Name,
    pub revision: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    #[serde(
        default,
        deserialize_with = "tolerant::field",
        skip_serializing_if = "Changes::is_empty"
    )]
    pub changes: Changes,
}

fn numbers(findings: &[u32], _: &()) -> garde::Result {
    if findings.contains(&0) {
        return Err(garde::Error::new("must count findings from 1"));
    }
    let again = |at: usize| findings[..at].contains(&findings[at]);
    if (0..findings.len()).any(again) {
        return Err(garde::Error::new("must not name a finding twice"));
    }
    Ok(())
}

fn one_of_both(drop: &[u32]) -> impl FnOnce(&Vec<u32>, &()) -> garde::Result {
    move |keep, ()| {
        if drop.is_empty() || keep.is_empty() {
            return Ok(());
        }
        Err(garde::Error::new("must not come together with `drop`"))
    }
}

fn term(term: &str, _: &()) -> garde::Result {
    text::check(term, Lines::One).map_err(garde::Error::new)?;
    if text::is_blank(term) {
        return Err(garde::Error::new("must not be empty"));
    }
    let length = term.chars().count();
    if length > MAX_TERM {
        let reason = format!("has {length} characters, at most {MAX_TERM} are allowed");
        return Err(garde::Error::new(reason));
    }
    Ok(())
}

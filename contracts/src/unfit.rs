//! Why a JSON value is not what a type wants, in words for whoever wrote the JSON. Left to itself serde names types of
//! Rust, such as `struct ApprovalOptions` or `u32`.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};
use serde_json::Value;

/// A value that does not fit.
#[derive(Debug)]
pub(crate) struct Unfit {
    reason: String,
    /// Of the fields of the object that was read: the one that is not there.
    pub missing: Option<&'static str>,
}

impl Unfit {
    fn must_be(wanted: &str, found: &str) -> Self {
        Self::custom(format!("must be {wanted}, not {found}"))
    }

    /// Where one of a few names is wanted.
    pub(crate) fn none_of(known: &[&str], found: &Value) -> Self {
        let found = match found {
            Value::String(name) => format!("`{name}`"),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
            plain => plain.to_string(),
        };
        Self::must_be(&format!("one of `{}`", known.join("`, `")), &found)
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Unfit {}

impl Error for Unfit {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self {
            reason: reason.to_string(),
            missing: None,
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self {
            reason: format!("missing field `{field}`"),
            missing: Some(field),
        }
    }

    fn invalid_type(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        let wanted = plain(wanted);
        // The bounds of a field are often narrower than its type's, and told once it is a number.
        let wanted = wanted.split(" from ").next().unwrap_or_default();
        Self::must_be(wanted, &kind(found))
    }

    fn invalid_value(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::must_be(&plain(wanted), &kind(found))
    }

    fn unknown_variant(found: &str, known: &'static [&'static str]) -> Self {
        Self::none_of(known, &Value::from(found))
    }
}

/// What a type of ours wants, as JSON calls it. Types that read themselves say so in words already.
fn plain(wanted: &dyn Expected) -> String {
    let wanted = wanted.to_string();
    let words = match wanted.as_str() {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" => "a whole number from 0",
        "i64" => "a whole number",
        "f64" => "a number",
        "a sequence" => "a list",
        "a map" => "an object",
        of_rust if of_rust.starts_with("struct ") => "an object",
        own => own,
    };
    words.to_owned()
}

/// A number or a truth value as it is; of what may be long, its kind.
fn kind(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Unsigned(number) => number.to_string(),
        Unexpected::Signed(number) => number.to_string(),
        Unexpected::Float(number) => format!("{number:?}"),
        Unexpected::Str(_) => "a string".to_owned(),
        Unexpected::Unit => "null".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "an object".to_owned(),
        other => other.to_string(),
    }
}

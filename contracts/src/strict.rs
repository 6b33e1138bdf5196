//! Reading the bodies of the API: exactly what their schemas say.
//!
//! Three things differ from what serde does by itself. An object is no list: a derived struct would read itself from
//! one. A field that is there twice is refused at every depth. And a number without a fraction is an integer however
//! it is written, as in JSON Schema: `3.0` is 3.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::tolerant::Reader;

/// Why a body is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    NotJson(String),
    /// Path of the field, empty for the whole body, and the reason.
    Field(String, String),
}

/// A byte order mark at the beginning is passed over, as RFC 8259 allows.
///
/// # Errors
/// What is wrong, and where.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refused> {
    let text = utf8(bytes).map_err(Refused::NotJson)?;
    from_str(text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn utf8(bytes: &[u8]) -> Result<&str, String> {
    // JSON begins with an ASCII character: in UTF-16 and UTF-32 a zero stands beside it.
    let wide = matches!(
        bytes,
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, ..] | [_, 0, ..]
    );
    if wide {
        return Err("it looks like UTF-16 or UTF-32, and must be UTF-8".to_owned());
    }
    std::str::from_utf8(bytes).map_err(|error| format!("it is not UTF-8: {error}"))
}

fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Refused> {
    let Plain(body) = serde_json::from_str(text).map_err(|error| {
        if error.is_data() {
            Refused::Field(String::new(), error.to_string())
        } else {
            Refused::NotJson(error.to_string())
        }
    })?;
    if !body.is_object() {
        let reason = "the body must be a JSON object".to_owned();
        return Err(Refused::Field(String::new(), reason));
    }
    from_value(body).map_err(|(field, reason)| Refused::Field(field, reason))
}

/// # Errors
/// Path of the field, empty for the whole value, and the reason.
pub(crate) fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, (String, String)> {
    serde_path_to_error::deserialize(Reader::<false>(value)).map_err(|refused| {
        let path = refused.path().to_string();
        let parent = if path == "." { String::new() } else { path };
        let unfit = refused.into_inner();
        let field = match unfit.missing {
            None => parent,
            Some(missing) if parent.is_empty() => missing.to_owned(),
            Some(missing) => format!("{parent}.{missing}"),
        };
        (field, unfit.to_string())
    })
}

/// A JSON value in which no field is there twice, and integers are written as such.
struct Plain(Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlainVisitor).map(Self)
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        /// Up to here every integer has a float of its own.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if value.fract() == 0.0 && value.abs() <= EXACT {
            // Exact within this range.
            return Ok(Value::from(value as i64));
        }
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        while let Some(Plain(item)) = items.next_element()? {
            read.push(item);
        }
        Ok(read.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some((name, Plain(value))) = fields.next_entry::<String, Plain>()? {
            if read.contains_key(&name) {
                return Err(A::Error::custom(format!("duplicate field `{name}`")));
            }
            read.insert(name, value);
        }
        Ok(read.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::StartRequest;

    fn refused(text: &str) -> (String, String) {
        match from_str::<StartRequest>(text) {
            Err(Refused::Field(field, reason)) => (field, reason),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_list_is_no_object_at_any_depth() {
        for (text, field) in [
            (r#"["x"]"#, ""),
            (r#"{"topic":"x","budget":[null,null]}"#, "budget"),
            (r#"{"topic":"x","parameters":["quick"]}"#, "parameters"),
        ] {
            assert_eq!(refused(text).0, field, "{text}");
        }
    }

    #[test]
    fn refusals_speak_of_json_and_not_of_rust() {
        for (body, reason) in [
            (r#"{"topic":7}"#, "must be a string, not 7"),
            (r#"{"topic":null}"#, "must be a string, not null"),
            (
                r#"{"topic":"x","approval":[]}"#,
                "must be an object, not a list",
            ),
            (
                r#"{"topic":"x","approval":"ann"}"#,
                "must be an object, not a string",
            ),
            (
                r#"{"topic":"x","tags":true}"#,
                "must be an object, not true",
            ),
            (
                r#"{"topic":"x","approval":{"approvers":{}}}"#,
                "must be a list, not an object",
            ),
            (
                r#"{"topic":"x","approval":{"required":-1}}"#,
                "must be a whole number from 0 to 4294967295, not -1",
            ),
            (
                r#"{"topic":"x","approval":{"required":1.5}}"#,
                "must be a whole number, not 1.5",
            ),
            (
                r#"{"topic":"x","budget":{"max_tokens":1e300}}"#,
                "must be a whole number, not 1e300",
            ),
            (
                r#"{"topic":"x","approval":{"timeout_hours":"1"}}"#,
                "must be a number, not a string",
            ),
            (
                r#"{"topic":"x","approval":{"on_timeout":"wait"}}"#,
                "must be one of `expire`, `approve`, `escalate`, not `wait`",
            ),
            (
                r#"{"topic":"x","approval":{"on_timeout":2}}"#,
                "must be one of `expire`, `approve`, `escalate`, not 2",
            ),
        ] {
            assert_eq!(refused(body).1, reason, "{body}");
        }
    }

    #[test]
    fn a_missing_field_is_named_with_its_place() {
        use crate::callback::AgentReport;
        assert_eq!(
            refused("{}"),
            ("topic".to_owned(), "missing field `topic`".to_owned())
        );
        let report = r#"{"kind":"succeeded","artifacts":[{"name":"a"}]}"#;
        let Err(Refused::Field(field, _)) = from_str::<AgentReport>(report) else {
            panic!("taken");
        };
        assert_eq!(field, "artifacts[0].key");
    }

    #[test]
    fn no_field_is_there_twice() {
        for text in [
            r#"{"topic":"x","topic":"y"}"#,
            r#"{"topic":"x","tags":{"a":"1","a":"2"}}"#,
        ] {
            assert!(refused(text).1.contains("duplicate field"), "{text}");
        }
    }

    #[test]
    fn an_integer_may_have_a_point() {
        let read = |text: &str| from_str::<StartRequest>(text).map(|read| read.budget);
        let three = read(r#"{"topic":"x","budget":{"max_tokens":3}}"#);
        assert!(three.is_ok());
        for text in ["3.0", "30e-1", "0.3e1"] {
            let body = format!(r#"{{"topic":"x","budget":{{"max_tokens":{text}}}}}"#);
            assert_eq!(read(&body), three, "{text}");
        }
        for text in ["3.5", "-3.0", "1e300", "\"3\"", "true"] {
            let body = format!(r#"{{"topic":"x","budget":{{"max_tokens":{text}}}}}"#);
            assert_eq!(refused(&body).0, "budget.max_tokens", "{text}");
        }
        // And a number with a fraction may have none.
        let hours = r#"{"topic":"x","approval":{"timeout_hours":2.0}}"#;
        let hours = from_str::<StartRequest>(hours).map(|read| read.approval.timeout_hours);
        assert_eq!(hours, Ok(Some(2.0)));
    }

    #[test]
    fn what_is_no_json_is_told_apart() {
        let deep = "[".repeat(5_000);
        for text in ["", "{", "{\"topic\":1}}", "nul", "{\"topic\":1e999}", &deep] {
            let read = from_str::<StartRequest>(text);
            assert!(matches!(read, Err(Refused::NotJson(_))), "{text}: {read:?}");
        }
    }
}

//! What a request of a flow may say: a JSON Schema that the flow brings along.

use std::fmt;
use std::sync::Arc;

use jsonschema::{PatternOptions, Validator};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::problem::FieldError;

/// Largest schema, in bytes.
const MAX_BYTES: usize = 16 * 1024;
/// Most objects and lists within each other.
const MAX_DEPTH: usize = 16;
/// Most parts of a schema with every reference followed.
const MAX_PARTS: usize = 10_000;
/// Most faults that are told of one request.
const MAX_FAULTS: usize = 20;

/// A bounded JSON Schema (draft 2020-12): it refers to nothing outside of itself, and its patterns take linear time.
#[derive(Clone)]
pub struct ParameterSchema {
    schema: Value,
    validator: Arc<Validator>,
}

impl ParameterSchema {
    /// `Null`: the flow takes no parameters.
    ///
    /// # Errors
    /// What the schema must not have.
    pub(super) fn new(schema: Value) -> Result<Self, String> {
        let schema = match schema {
            Value::Null => none(),
            Value::Object(_) => schema,
            _ => return Err("must be a JSON Schema, which is an object".to_owned()),
        };
        let bytes = schema.to_string().len();
        if bytes > MAX_BYTES {
            return Err(format!(
                "has {bytes} bytes, at most {MAX_BYTES} are allowed"
            ));
        }
        bounded(&schema, 0)?;
        followed(&schema, &schema, &mut Vec::new(), &mut 0)?;
        if schema.get("type") != Some(&json!("object")) {
            return Err("must have `\"type\": \"object\"`".to_owned());
        }
        // `regex` takes linear time, whatever the pattern; it has no look-around and no back references.
        let validator = jsonschema::draft202012::options()
            .with_pattern_options(PatternOptions::regex())
            .build(&schema)
            .map_err(|error| format!("is no JSON Schema that can be used: {error}"))?;
        Ok(Self {
            schema,
            validator: Arc::new(validator),
        })
    }

    pub fn is_empty(&self) -> bool {
        self.schema == none()
    }

    pub fn as_value(&self) -> &Value {
        &self.schema
    }

    /// What of `parameters` the flow does not take.
    pub fn faults(&self, parameters: &Map<String, Value>) -> Vec<FieldError> {
        if self.is_empty() {
            let names = parameters.keys().take(MAX_FAULTS);
            let none = |name: &String| FieldError {
                field: format!("parameters.{name}"),
                reason: "the flow takes no parameters".to_owned(),
            };
            return names.map(none).collect();
        }
        let parameters = Value::Object(parameters.clone());
        let faults = self.validator.iter_errors(&parameters).take(MAX_FAULTS);
        faults
            .map(|fault| FieldError {
                field: field(fault.instance_path().as_str()),
                // The sender knows the value, which may be long.
                reason: fault.masked_with("the value").to_string(),
            })
            .collect()
    }
}

/// `/sources/0` as `parameters.sources[0]`.
fn field(pointer: &str) -> String {
    let mut field = "parameters".to_owned();
    for part in pointer.split('/').skip(1) {
        if part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty() {
            field.push_str(&format!("[{part}]"));
        } else {
            field.push('.');
            field.push_str(part);
        }
    }
    field
}

fn none() -> Value {
    json!({"type": "object", "additionalProperties": false})
}

fn bounded(schema: &Value, depth: usize) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("is deeper than {MAX_DEPTH}"));
    }
    match schema {
        Value::Object(fields) => {
            for (name, value) in fields {
                let reference = matches!(name.as_str(), "$ref" | "$dynamicRef" | "$schema" | "$id");
                let draft = name == "$schema"
                    && value.as_str() == Some("https://json-schema.org/draft/2020-12/schema");
                // A `%` spells another name than the one that is looked up below.
                let inside = |to: &str| to.starts_with("#/") && !to.contains('%');
                if reference && !draft && !value.as_str().is_some_and(inside) {
                    let reason =
                        format!("`{name}` must point into the schema itself: `#/…`, without `%`");
                    return Err(reason);
                }
                bounded(value, depth + 1)?;
            }
            Ok(())
        }
        Value::Array(items) => items.iter().try_for_each(|item| bounded(item, depth + 1)),
        _ => Ok(()),
    }
}

/// Follows every reference, as a validator does. A few that name each other twice would be exponentially more work than is
/// written, and one that leads back to itself more work with each level of a request.
fn followed<'a>(
    whole: &'a Value,
    schema: &'a Value,
    within: &mut Vec<&'a str>,
    parts: &mut usize,
) -> Result<(), String> {
    *parts += 1;
    if *parts > MAX_PARTS {
        let reason = format!("has more than {MAX_PARTS} parts if its references are followed");
        return Err(reason);
    }
    match schema {
        Value::Object(fields) => fields.iter().try_for_each(|(name, value)| {
            let reference = matches!(name.as_str(), "$ref" | "$dynamicRef");
            let to = value.as_str().filter(|_| reference);
            let Some(to) = to.and_then(|to| to.strip_prefix('#')) else {
                return followed(whole, value, within, parts);
            };
            if within.contains(&to) {
                return Err(format!("`#{to}` leads back to itself"));
            }
            let target = whole.pointer(to);
            let target = target.ok_or_else(|| format!("`#{to}` leads nowhere"))?;
            within.push(to);
            followed(whole, target, within, parts)?;
            within.pop();
            Ok(())
        }),
        Value::Array(items) => items
            .iter()
            .try_for_each(|item| followed(whole, item, within, parts)),
        _ => Ok(()),
    }
}

impl Default for ParameterSchema {
    fn default() -> Self {
        // The schema of no parameters is a fixed one, and a test builds it.
        Self::new(Value::Null).unwrap_or_else(|reason| unreachable!("{reason}"))
    }
}

impl PartialEq for ParameterSchema {
    fn eq(&self, other: &Self) -> bool {
        self.schema == other.schema
    }
}

impl fmt::Debug for ParameterSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ParameterSchema")
            .field(&self.schema)
            .finish()
    }
}

impl Serialize for ParameterSchema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.schema.serialize(serializer)
    }
}

impl JsonSchema for ParameterSchema {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ParameterSchema".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object", "required": ["type"], "properties": {"type": {"const": "object"}}})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_without_parameters_takes_none() {
        let none = ParameterSchema::default();
        assert!(none.is_empty());
        assert_eq!(none.faults(&Map::new()), []);
        let some = json!({"depth": "quick"});
        assert_eq!(none.faults(some.as_object().unwrap()).len(), 1);
    }

    #[test]
    fn faults_name_the_field() {
        let schema =
            json!({"type": "object", "properties": {"sources": {"items": {"type": "string"}}}});
        let schema = ParameterSchema::new(schema).unwrap();
        let faults = schema.faults(json!({"sources": ["a", 1]}).as_object().unwrap());
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["parameters.sources[1]"]);
    }

    #[test]
    fn a_schema_may_refer_to_its_own_parts() {
        let name = json!({"$ref": "#/$defs/name"});
        let schema = json!({
            "type": "object", "properties": {"one": name, "other": name},
            "$defs": {"name": {"type": "string"}},
        });
        let schema = ParameterSchema::new(schema).unwrap();
        let some = json!({"one": "a", "other": 1});
        assert_eq!(schema.faults(some.as_object().unwrap()).len(), 1);
    }

    #[test]
    fn what_could_hurt_is_refused() {
        let mut deep = json!({"type": "object"});
        for _ in 0..20 {
            deep = json!({"type": "object", "properties": {"a": deep}});
        }
        let twice = |to: &str| json!({"allOf": [{"$ref": to}, {"$ref": to}]});
        let mut doubling = Map::from_iter([("d30".to_owned(), json!(true))]);
        doubling.extend((0..30).map(|n| (format!("d{n}"), twice(&format!("#/$defs/d{}", n + 1)))));
        for schema in [
            json!({"type": "object", "$ref": "#/$defs/d0", "$defs": doubling}),
            json!({"type": "object", "properties": {"a": {"$ref": "#"}}}),
            json!({"type": "object", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}}),
            json!({"type": "object", "$ref": "#/$defs/a"}),
            json!([]),
            json!({}),
            json!({"type": "string"}),
            json!({"type": "object", "properties": {"a": {"$ref": "https://example.org/a.json"}}}),
            json!({"type": "object", "properties": {"a": {"pattern": "(a+)\\1"}}}),
            json!({"type": "object", "properties": {"a": {"type": "strong"}}}),
            json!({"type": "object", "description": "x".repeat(MAX_BYTES)}),
            deep,
        ] {
            assert!(ParameterSchema::new(schema.clone()).is_err(), "{schema}");
        }
    }
}

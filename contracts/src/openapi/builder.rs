//! The parts of an operation, and where its schemas are kept.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::{ClientAccess, Route};
use crate::problem::Code;

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Whoever proves what its group of routes asks for.
    Client(ClientAccess),
    /// The bearer of an attempt's token.
    Attempt,
    /// Anyone. Where the path holds a secret, the operation says so.
    Open,
}

pub(super) struct Operation {
    pub route: Route,
    pub id: &'static str,
    pub tag: &'static str,
    pub summary: &'static str,
    pub access: Access,
    pub parameters: Vec<Value>,
    pub body: Option<Value>,
    /// What it answers but for problems.
    pub answers: Vec<Answer>,
    /// The codes of its problems, but for those that many operations have in common.
    pub refusals: Vec<Code>,
}

pub(super) struct Answer {
    pub status: u16,
    pub value: Value,
}

impl Operation {
    pub fn written(self, security: Value) -> Value {
        let answers = self.answers.into_iter();
        let answers: Map<String, Value> = answers
            .map(|answer| (answer.status.to_string(), answer.value))
            .collect();
        let mut written = json!({
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "security": security,
            "responses": answers,
        });
        if !self.parameters.is_empty() {
            written["parameters"] = self.parameters.into();
        }
        if let Some(body) = self.body {
            written["requestBody"] = body;
        }
        written
    }
}

/// Where the schemas of what clients send are, until it is known under which name they are kept.
const SENT: &str = "#/components/sent/";
const KEPT: &str = "#/components/schemas/";

/// A shape may be strict in a request and open to new fields in an answer: each side has schemas of its own.
pub(super) struct Builder {
    sent: SchemaGenerator,
    answered: SchemaGenerator,
}

impl Default for Builder {
    fn default() -> Self {
        let at = |path: &'static str| {
            SchemaSettings::draft2020_12()
                .with(|settings| settings.definitions_path = path.into())
                .into_generator()
        };
        Self {
            sent: at("/components/sent"),
            answered: at("/components/schemas"),
        }
    }
}

impl Builder {
    pub fn sent<T: JsonSchema>(&mut self) -> Value {
        self.sent.subschema_for::<T>().to_value()
    }

    pub fn answered<T: JsonSchema>(&mut self) -> Value {
        self.answered.subschema_for::<T>().to_value()
    }

    /// The document with all schemas in it.
    pub fn resolved(mut self, mut document: Value) -> Value {
        let mut kept = self.answered.take_definitions(true);
        for schema in kept.values_mut() {
            open(schema);
        }
        let mut sent = self.sent.take_definitions(true);
        sent.values_mut().for_each(bounded);
        let differs = |name: &str| {
            let other = kept.get(name);
            // References differ by their place alone.
            other.is_some_and(|other| *other != moved(sent[name].clone(), &|name| name.to_owned()))
        };
        let kept_as = |name: &str| {
            if differs(name) {
                format!("{name}Sent")
            } else {
                name.to_owned()
            }
        };
        let renamed: Vec<(String, Value)> = sent
            .iter()
            .map(|(name, schema)| (kept_as(name), moved(schema.clone(), &kept_as)))
            .collect();
        document = moved(document, &kept_as);
        kept.extend(renamed);
        document["components"]["schemas"] = Value::Object(kept);
        document
    }
}

/// With every reference to what clients send turned to where it is kept.
fn moved(mut value: Value, kept_as: &dyn Fn(&str) -> String) -> Value {
    match &mut value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                let sent = field.as_str().and_then(|text| text.strip_prefix(SENT));
                *field = match sent {
                    Some(sent) if name == "$ref" => format!("{KEPT}{}", kept_as(sent)).into(),
                    Some(_) | None => moved(field.take(), kept_as),
                };
            }
        }
        Value::Array(items) => {
            for item in items.iter_mut() {
                *item = moved(item.take(), kept_as);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    value
}

/// What is answered may have more fields than are known today.
fn open(schema: &mut Value) {
    let Ok(mut whole) = Schema::try_from(schema.take()) else {
        return;
    };
    RecursiveTransform(|schema: &mut Schema| {
        for keyword in ["additionalProperties", "unevaluatedProperties"] {
            if schema.get(keyword).and_then(Value::as_bool) == Some(false) {
                schema.remove(keyword);
            }
        }
    })
    .transform(&mut whole);
    *schema = whole.to_value();
}

/// A format says how large a number may be only to those who know the format.
fn bounded(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let largest: Option<Value> = match fields.get("format").and_then(Value::as_str) {
                Some("uint8") => Some(u8::MAX.into()),
                Some("uint32") => Some(u32::MAX.into()),
                Some("uint64") => Some(u64::MAX.into()),
                _ => None,
            };
            if let Some(largest) = largest {
                fields.entry("maximum").or_insert(largest);
            }
            fields.values_mut().for_each(bounded);
        }
        Value::Array(items) => items.iter_mut().for_each(bounded),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

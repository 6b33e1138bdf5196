//! Whether anybody will act on an external event, asked before it is sent: the bus itself takes anything.

use aegis_contracts::approval::DecisionRequest;
use aegis_contracts::callback::AgentReport;
use aegis_contracts::external::{
    ApprovalDecided, CancelRequested, RedriveRequested, StepReported, WorkflowRequested,
};
use aegis_contracts::request::{CancelBody, RedriveBody, StartRequest};
use aegis_contracts::schemas;
use aegis_contracts::strict::{self, Refused};
use aegis_contracts::text::{Lines, check as check_text};
use garde::Validate;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// An event that aegis listens to.
pub struct Kind {
    pub detail_type: &'static str,
    /// The service whose dead-letter queue gets it when it is refused.
    pub service: &'static str,
    schema: &'static str,
    /// Fields beside those of the HTTP body whose twin it is.
    envelope: &'static [&'static str],
    body: fn(&str) -> Vec<String>,
    whole: fn(Value) -> Vec<String>,
}

const KEY: &str = "idempotency_key";
/// Names the trace that an event belongs to; any event may have it.
const TRACE: &str = "traceparent";

pub const KINDS: [Kind; 5] = [
    Kind {
        detail_type: "WorkflowRequested",
        service: "intake",
        schema: "external-workflow-requested",
        envelope: &[KEY, TRACE],
        body: strictly::<StartRequest>,
        whole: wholly::<WorkflowRequested>,
    },
    Kind {
        detail_type: "ApprovalDecided",
        service: "approval",
        schema: "external-approval-decided",
        envelope: &[KEY, TRACE, "workflow_id"],
        body: strictly::<DecisionRequest>,
        whole: wholly::<ApprovalDecided>,
    },
    Kind {
        detail_type: "CancelRequested",
        service: "intake",
        schema: "external-cancel-requested",
        envelope: &[KEY, TRACE, "workflow_id"],
        body: strictly::<CancelBody>,
        whole: wholly::<CancelRequested>,
    },
    Kind {
        detail_type: "RedriveRequested",
        service: "intake",
        schema: "external-redrive-requested",
        envelope: &[KEY, TRACE, "workflow_id"],
        body: strictly::<RedriveBody>,
        whole: wholly::<RedriveRequested>,
    },
    Kind {
        detail_type: "StepReported",
        service: "callback",
        schema: "external-step-reported",
        envelope: &[KEY, TRACE, "workflow_id", "token"],
        body: strictly::<AgentReport>,
        whole: wholly::<StepReported>,
    },
];

impl Kind {
    pub fn named(detail_type: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.detail_type == detail_type)
    }

    /// What is wrong with the detail; empty where nothing is.
    ///
    /// Stricter than the services, which pass over fields that they do not know: one that somebody has typed was
    /// meant to do something.
    pub fn faults(&self, detail: &Map<String, Value>) -> Vec<String> {
        let own = |name: &String| self.envelope.contains(&name.as_str());
        let body: Map<String, Value> = detail
            .iter()
            .filter(|(name, _)| !own(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let mut faults = (self.body)(&Value::Object(body).to_string());
        if faults.is_empty() {
            faults = (self.whole)(Value::Object(detail.clone()));
        }
        faults
    }

    /// Whether the field of this path (`parameters.depth`) is a text, so that `2024` is one too.
    pub fn wants_text(&self, path: &str) -> bool {
        let Some(message) = schemas::all()
            .into_iter()
            .find(|one| one.name == self.schema)
        else {
            return false;
        };
        let root = message.schema.as_value();
        let field = path
            .split('.')
            .try_fold(root, |place, part| field(root, place, part));
        field.is_some_and(|field| is_text(root, field))
    }
}

fn strictly<T: DeserializeOwned>(body: &str) -> Vec<String> {
    let refused = strict::from_slice::<T>(body.as_bytes()).err();
    refused.as_ref().map(told).into_iter().collect()
}

/// In a sentence.
pub fn told(refused: &Refused) -> String {
    match refused {
        Refused::NotJson(reason) => reason.clone(),
        Refused::Field(field, reason) if field.is_empty() => reason.clone(),
        Refused::Field(field, reason) => format!("{field}: {reason}"),
    }
}

fn wholly<T: DeserializeOwned + Validate<Context = ()>>(detail: Value) -> Vec<String> {
    let message: T = match serde_json::from_value(detail) {
        Ok(message) => message,
        Err(error) => return vec![error.to_string()],
    };
    let told = |(path, error): &(garde::Path, garde::Error)| format!("{path}: {error}");
    let report = message.validate().err();
    report.map_or_else(Vec::new, |report| report.iter().map(told).collect())
}

/// The first text in it that a reader would not see as it is.
pub fn hostile(path: &str, value: &Value) -> Option<String> {
    let below = |part: &str| match path {
        "" => part.to_owned(),
        path => format!("{path}.{part}"),
    };
    match value {
        Value::String(text) => {
            let found = check_text(text, Lines::Many).err()?;
            Some(format!("{path}: {found}"))
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| hostile(&format!("{path}[{index}]"), item)),
        Value::Object(fields) => fields.iter().find_map(|(name, field)| {
            let named = check_text(name, Lines::One).err();
            named
                .map(|found| format!("{}: the field's name {found}", below(name)))
                .or_else(|| hostile(&below(name), field))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// The detail-type that was probably meant.
pub fn near(detail_type: &str) -> Option<&'static str> {
    /// As clap has it for its own words.
    const ALIKE: f64 = 0.8;
    let wanted = detail_type.to_lowercase();
    let likeness = |kind: &Kind| strsim::jaro(&wanted, &kind.detail_type.to_lowercase());
    KINDS
        .iter()
        .map(|kind| (likeness(kind), kind.detail_type))
        .filter(|(likeness, _)| *likeness > ALIKE)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, name)| name)
}

/// The schemas that a schema refers to or is put together of.
fn parts<'a>(root: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let mut parts = vec![schema];
    let referred = schema.get("$ref").and_then(Value::as_str);
    let referred = referred.and_then(|path| root.pointer(path.trim_start_matches('#')));
    parts.extend(
        referred
            .into_iter()
            .flat_map(|schema| self::parts(root, schema)),
    );
    for keyword in ["anyOf", "allOf", "oneOf"] {
        let alternatives = schema.get(keyword).and_then(Value::as_array);
        for one in alternatives.into_iter().flatten() {
            parts.extend(self::parts(root, one));
        }
    }
    parts
}

fn field<'a>(root: &'a Value, schema: &'a Value, name: &str) -> Option<&'a Value> {
    let parts = parts(root, schema);
    let own = |part: &&'a Value| part.get("properties").and_then(|fields| fields.get(name));
    let any = |part: &&'a Value| {
        part.get("additionalProperties")
            .filter(|any| any.is_object())
    };
    parts
        .iter()
        .find_map(own)
        .or_else(|| parts.iter().find_map(any))
}

fn is_text(root: &Value, schema: &Value) -> bool {
    let says_text = |part: &&Value| match part.get("type") {
        Some(Value::String(kind)) => kind == "string",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "string"),
        _ => false,
    };
    parts(root, schema).iter().any(says_text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults(detail_type: &str, detail: &Value) -> String {
        let kind = Kind::named(detail_type).unwrap();
        kind.faults(detail.as_object().unwrap()).join("; ")
    }

    #[test]
    fn each_kind_is_checked_as_its_service_does() {
        const ID: &str = "wf_abcdefghijklmnopqrstuvwxyz";
        for (detail_type, detail, wrong) in [
            (
                "WorkflowRequested",
                json!({"topic": "t", "idempotency_key": "k"}),
                "",
            ),
            (
                "WorkflowRequested",
                json!({"idempotency_key": "k"}),
                "topic",
            ),
            (
                "WorkflowRequested",
                json!({"topic": "t"}),
                "idempotency_key",
            ),
            (
                "WorkflowRequested",
                json!({"topic": "?", "idempotency_key": "k"}),
                "topic",
            ),
            (
                "WorkflowRequested",
                json!({"topic": 2024, "idempotency_key": "k"}),
                "topic",
            ),
            (
                "WorkflowRequested",
                json!({"topic": "t", "tagz": {}, "idempotency_key": "k"}),
                "tagz",
            ),
            (
                "ApprovalDecided",
                json!({"workflow_id": ID, "decision": "approve", "idempotency_key": "k"}),
                "",
            ),
            (
                "ApprovalDecided",
                json!({"workflow_id": ID, "decision": "agree", "idempotency_key": "k"}),
                "decision",
            ),
            (
                "ApprovalDecided",
                json!({"workflow_id": ID, "decision": "request_changes", "idempotency_key": "k"}),
                "comment: must say",
            ),
            (
                "ApprovalDecided",
                json!({"workflow_id": "x", "decision": "approve", "idempotency_key": "k"}),
                "workflow_id",
            ),
            (
                "CancelRequested",
                json!({"workflow_id": ID, "idempotency_key": "k", "traceparent": "t"}),
                "",
            ),
            (
                "CancelRequested",
                json!({"idempotency_key": "k"}),
                "workflow_id",
            ),
            (
                "RedriveRequested",
                json!({"workflow_id": ID, "version": 7, "idempotency_key": "k"}),
                "",
            ),
            (
                "RedriveRequested",
                json!({"workflow_id": ID, "version": "7", "idempotency_key": "k"}),
                "version",
            ),
            (
                "StepReported",
                json!({"workflow_id": ID, "idempotency_key": "k", "token": "t"}),
                "missing field",
            ),
        ] {
            let found = faults(detail_type, &detail);
            assert_eq!(found.is_empty(), wrong.is_empty(), "{detail}: {found}");
            assert!(found.contains(wrong), "{detail}: {found}");
            // As whoever typed it has named it, and once.
            for part in ["decision.comment", "request.", "; "] {
                assert!(!found.contains(part), "{detail}: {found}");
            }
        }
    }

    #[test]
    fn the_schemas_say_what_is_a_text() {
        for (detail_type, path, text) in [
            ("WorkflowRequested", "topic", true),
            ("WorkflowRequested", "idempotency_key", true),
            ("WorkflowRequested", "tags.year", true),
            ("WorkflowRequested", "parameters.sources", false),
            ("WorkflowRequested", "budget.max_tokens", false),
            ("WorkflowRequested", "approval.required", false),
            ("WorkflowRequested", "nothing.of.it", false),
            ("ApprovalDecided", "comment", true),
            ("ApprovalDecided", "workflow_id", true),
            ("ApprovalDecided", "revision", false),
            ("CancelRequested", "reason", true),
            ("StepReported", "token", true),
        ] {
            let kind = Kind::named(detail_type).unwrap();
            assert_eq!(kind.wants_text(path), text, "{detail_type} {path}");
        }
    }

    #[test]
    fn the_near_one_is_named() {
        for typed in ["WorkflowRequestd", "workflowrequested", "WorkflowRequest"] {
            assert_eq!(near(typed), Some("WorkflowRequested"), "{typed}");
        }
        assert_eq!(near("CancelRequest"), Some("CancelRequested"));
        assert_eq!(near("OrderPlaced"), None);
    }

    #[test]
    fn hostile_text_is_found_at_every_depth() {
        assert_eq!(hostile("", &json!({"a": [{"b": "fine\n"}]})), None);
        let found = hostile("", &json!({"a": [{"b": "x\u{202e}"}]})).unwrap();
        assert!(
            found.starts_with("a[0].b: ") && found.contains("U+202E"),
            "{found}"
        );
        let found = hostile("", &json!({"a\u{1b}": 1})).unwrap();
        assert!(found.contains("U+001B"), "{found}");
    }
}

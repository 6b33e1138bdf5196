//! Unknown fields: refused in the bodies of the API, by name; tolerated wherever a newer sender may have added one.

use std::collections::BTreeSet;

use aegis_contracts::approval::{ApprovalLinkRequest, DecisionRequest};
use aegis_contracts::callback::AgentReport;
use aegis_contracts::external::{ApprovalDecided, StepReported, WorkflowRequested};
use aegis_contracts::request::{CancelBody, RedriveBody, StartRequest};
use aegis_contracts::sources::SourceFiles;
use aegis_contracts::transfer::FileToPut;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{golden, specimens};

/// The bodies that a client or agent sends to the API, and definitions of flows.
const STRICT: [&str; 9] = [
    "api-start-request",
    "api-cancel",
    "api-redrive",
    "api-decision",
    "api-approval-link-request",
    "api-sources",
    "agent-report",
    "agent-file",
    "flow",
];

/// Paths of free-form values: every key in them is data.
const FREE_FORM: [&str; 6] = [
    "/tags",
    "/headers",
    "/uploads/start.md/headers",
    "/parameters",
    "/events/0/data",
    "/flows/0/parameters",
];

/// Paths of maps whose keys are data and whose values are not.
const KEYED: [&str; 3] = ["/approvals", "/files", "/uploads"];

/// Read whole or not at all: half a definition would be another flow.
const UNREADABLE_IN_PART: &str = "api-flows";

/// JSON pointers to every object in `value`.
fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) if !FREE_FORM.contains(&at) => {
            if !KEYED.contains(&at) {
                found.push(at.to_owned());
            }
            for (name, inner) in fields {
                objects(inner, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                objects(inner, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

fn with_unknown_field(golden: &Value, pointer: &str) -> Value {
    let mut changed = golden.clone();
    changed.pointer_mut(pointer).unwrap()["added_later"] = json!({"deep": [1]});
    changed
}

#[test]
fn tolerated_at_every_depth_of_every_open_message() {
    for specimen in specimens::all() {
        if STRICT.contains(&specimen.schema) || specimen.schema == UNREADABLE_IN_PART {
            continue;
        }
        let golden = golden::read(specimen.name);
        let mut found = Vec::new();
        objects(&golden, "", &mut found);
        for pointer in found {
            let changed = with_unknown_field(&golden, &pointer);
            assert_eq!(
                (specimen.reread)(&changed),
                golden,
                "{} {pointer}",
                specimen.name
            );
        }
    }
}

#[test]
fn schemas_agree_on_where_unknown_fields_are_refused() {
    let schemas: Vec<_> = aegis_contracts::schemas::all();
    let mut refusing = BTreeSet::new();
    for specimen in specimens::all() {
        let message = schemas
            .iter()
            .find(|message| message.name == specimen.schema)
            .unwrap();
        let valid = jsonschema::validator_for(message.schema.as_value()).unwrap();
        let golden = golden::read(specimen.name);
        let mut found = Vec::new();
        objects(&golden, "", &mut found);
        for pointer in found {
            let accepted = valid.is_valid(&with_unknown_field(&golden, &pointer));
            let strict = STRICT.contains(&specimen.schema);
            assert_eq!(accepted, !strict, "{} {pointer}", specimen.name);
            if !accepted {
                refusing.insert(specimen.schema);
            }
        }
    }
    assert_eq!(refusing, BTreeSet::from(STRICT));
}

type Refusal = fn(&Value) -> (String, String);

/// Path and reason of the refusal.
fn refusal<T: DeserializeOwned + std::fmt::Debug>(body: &Value) -> (String, String) {
    let text = body.to_string();
    let mut reader = serde_json::Deserializer::from_str(&text);
    let refused = serde_path_to_error::deserialize::<_, T>(&mut reader).unwrap_err();
    (refused.path().to_string(), refused.into_inner().to_string())
}

#[test]
fn refused_by_name_at_every_depth_of_the_api() {
    let refuse: [(&str, Refusal); 10] = [
        ("api-start-request", refusal::<StartRequest>),
        ("api-cancel", refusal::<CancelBody>),
        ("api-redrive", refusal::<RedriveBody>),
        ("api-decision", refusal::<DecisionRequest>),
        ("api-approval-link-request", refusal::<ApprovalLinkRequest>),
        ("api-sources", refusal::<SourceFiles>),
        ("agent-report-progress", refusal::<AgentReport>),
        ("agent-report-succeeded", refusal::<AgentReport>),
        ("agent-report-failed", refusal::<AgentReport>),
        ("agent-file", refusal::<FileToPut>),
    ];
    for (name, refusal) in refuse {
        let golden = golden::read(name);
        let mut found = Vec::new();
        objects(&golden, "", &mut found);
        for pointer in found {
            let (path, reason) = refusal(&with_unknown_field(&golden, &pointer));
            assert!(
                path.ends_with("added_later"),
                "{name} {pointer}: {path}: {reason}"
            );
            assert!(
                reason.contains("unknown field `added_later`"),
                "{name}: {reason}"
            );
        }
    }
}

#[test]
fn refusals_name_the_field() {
    let start = |body| refusal::<StartRequest>(&body);
    let (path, reason) = start(json!({"topic": "t", "approval": {"on_timeout": "wait"}}));
    assert_eq!(path, "approval.on_timeout");
    assert!(
        reason.contains("`expire`, `approve`, `escalate`"),
        "{reason}"
    );
    let (path, _) = start(json!({"topic": "t", "approvals": {"findings": {"required": "two"}}}));
    assert_eq!(path, "approvals.findings.required");
    assert_eq!(start(json!({"topic": 5})).0, "topic");
    assert_eq!(
        start(json!({"topic": "t", "approval": {"required": -1}})).0,
        "approval.required"
    );
    assert!(start(json!({})).1.contains("missing field `topic`"));

    let report = |body| refusal::<AgentReport>(&body);
    let base = json!({"kind": "succeeded", "step": "analyze", "attempt": 1, "summary": "s"});
    let with = |field: &str, value: Value| {
        let mut body = base.clone();
        body[field] = value;
        body
    };
    assert!(report(base.clone()).1.contains("missing field `artifacts`"));
    assert_eq!(
        report(with("artifacts", json!([{"name": 1}]))).0,
        "artifacts[0].name"
    );
    assert_eq!(report(with("kind", json!("done"))).0, "kind");
    assert!(
        report(with("percent", json!(5)))
            .1
            .contains("`percent` does not belong")
    );
}

#[test]
fn errors_in_external_events_name_the_field() {
    let event = json!({"idempotency_key": "k", "topic": "t", "approval": {"on_timeout": "wait"}});
    let refused = serde_json::from_value::<WorkflowRequested>(event).unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with("approval.on_timeout: must be one of `expire`"),
        "{refused}"
    );

    let without_key = json!({"topic": "t"});
    let refused = serde_json::from_value::<WorkflowRequested>(without_key).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("missing field `idempotency_key`"),
        "{refused}"
    );

    let foreign_id = json!({"idempotency_key": "k", "workflow_id": "42", "decision": "approve"});
    let refused = serde_json::from_value::<ApprovalDecided>(foreign_id).unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with("workflow_id: not the id of a workflow"),
        "{refused}"
    );

    let tokenless = json!({"idempotency_key": "k", "workflow_id": specimens::workflow(),
        "kind": "progress", "step": "analyze", "attempt": 1, "message": "m"});
    let refused = serde_json::from_value::<StepReported>(tokenless).unwrap_err();
    assert!(
        refused.to_string().contains("missing field `token`"),
        "{refused}"
    );
}

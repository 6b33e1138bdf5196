//! Limits on the content of requests.

use aegis_contracts::approval::DecisionRequest;
use aegis_contracts::callback::AgentReport;
use aegis_contracts::external::{ApprovalDecided, StepReported, WorkflowRequested};
use aegis_contracts::request::{CancelBody, MAX_BODY, StartRequest};
use aegis_contracts::sources::{MAX_FILES_AT_ONCE, MAX_SOURCE_NAME, MAX_SOURCE_SIZE, SourceFiles};
use aegis_contracts::transfer::{FileToPut, is_file_name};
use garde::Validate;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{golden, specimens};

/// The paths of the refused fields, in order.
fn refused<T>(body: &Value) -> Vec<String>
where
    T: DeserializeOwned + Validate<Context = ()>,
{
    let value: T = serde_json::from_value(body.clone()).unwrap_or_else(|e| panic!("{body}: {e}"));
    match value.validate() {
        Ok(()) => Vec::new(),
        Err(report) => report.iter().map(|(path, _)| path.to_string()).collect(),
    }
}

fn start(more: Value) -> Value {
    let mut body = json!({"topic": "Quantum computing"});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn tags(count: usize) -> Value {
    (0..count)
        .map(|n| (n.to_string(), json!("v")))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The schema knows the limits too, except rules across fields (`approval`), on letters in the `topic` and in the comment
/// of `request_changes`, on names that are alike and the exact lower bound of `timeout_hours`.
fn same_in_schema(name: &str, body: &Value, refused: &[&str]) {
    let schemas = aegis_contracts::schemas::all();
    let message = schemas.iter().find(|message| message.name == name).unwrap();
    let valid = jsonschema::is_valid(message.schema.as_value(), body);
    let beyond_schema = [
        "approval",
        "topic",
        "approval.timeout_hours",
        "approval.approvers",
        "approval.escalate_to",
        "approvals.findings",
    ];
    if refused.is_empty() {
        assert!(valid, "the schema refuses {body}");
    } else if !refused.iter().any(|path| beyond_schema.contains(path)) {
        assert!(!valid, "the schema accepts {body}");
    }
}

#[test]
fn every_golden_request_is_valid() {
    assert!(refused::<StartRequest>(&golden::read("api-start-request")).is_empty());
    assert!(refused::<WorkflowRequested>(&golden::read("external-workflow-requested")).is_empty());
    assert!(refused::<ApprovalDecided>(&golden::read("external-approval-decided")).is_empty());
    assert!(refused::<StepReported>(&golden::read("external-step-reported")).is_empty());
    for kind in ["progress", "succeeded", "failed"] {
        assert!(refused::<AgentReport>(&golden::read(&format!("agent-report-{kind}"))).is_empty());
    }
}

#[test]
fn a_start_request_is_checked_field_by_field() {
    let approval = |options: Value| start(json!({ "approval": options }));
    let budget = |limits: Value| start(json!({ "budget": limits }));
    let findings = |options: Value| start(json!({"approvals": { "findings": options }}));
    let cases: Vec<(Value, &[&str])> = vec![
        (start(json!({})), &[]),
        (start(json!({"topic": "量子コンピュータ"})), &[]),
        (start(json!({"topic": "x".repeat(1000)})), &[]),
        (start(json!({"topic": "é".repeat(1000)})), &[]),
        (start(json!({"topic": "x".repeat(1001)})), &["topic"]),
        (start(json!({"topic": ""})), &["topic"]),
        (start(json!({"topic": " \t\n"})), &["topic"]),
        (start(json!({"topic": "?!…"})), &["topic"]),
        (start(json!({"topic": "two\nlines"})), &[]),
        (start(json!({"topic": "bell \u{7}"})), &["topic"]),
        (start(json!({"topic": "x\u{202e}y"})), &["topic"]),
        (start(json!({"topic": "x\u{e0041}y"})), &["topic"]),
        (start(json!({"topic": "می\u{200c}خواهم 👩\u{200d}💻"})), &[]),
        (approval(json!({"required": 0})), &["approval.required"]),
        (approval(json!({"required": 11})), &["approval.required"]),
        (approval(json!({"required": 2})), &[]),
        (
            approval(json!({"required": 2, "approvers": ["a", "b"]})),
            &[],
        ),
        (
            approval(json!({"required": 2, "approvers": ["a"]})),
            &["approval"],
        ),
        (
            approval(json!({"required": 2, "approvers": ["a", "a"]})),
            &["approval.approvers"],
        ),
        (
            approval(json!({"approvers": [""]})),
            &["approval.approvers[0]"],
        ),
        (
            approval(json!({"approvers": ["a".repeat(129)]})),
            &["approval.approvers[0]"],
        ),
        (
            approval(json!({"approvers": ["ann", " bob", "zoë\u{a0}"]})),
            &[],
        ),
        (
            approval(json!({"approvers": ["ann", "bob\n"]})),
            &["approval.approvers[1]"],
        ),
        (
            approval(json!({"approvers": [" \u{3000}"]})),
            &["approval.approvers[0]"],
        ),
        (
            approval(json!({"approvers": ["ann", "bo\u{200b}b"]})),
            &["approval.approvers[1]"],
        ),
        (
            approval(json!({"approvers": ["ann", "bob", "Ann "]})),
            &["approval.approvers"],
        ),
        (
            approval(json!({"on_timeout": "escalate", "escalate_to": ["zoë", "zoe\u{308}"]})),
            &["approval.escalate_to"],
        ),
        (
            approval(
                json!({"approvers": ["ann"], "on_timeout": "escalate", "escalate_to": ["ann", "bob"]}),
            ),
            &[],
        ),
        (
            approval(
                json!({"approvers": ["ann"], "on_timeout": "escalate", "escalate_to": ["Ann"]}),
            ),
            &["approval"],
        ),
        (approval(json!({"timeout_hours": 0.5})), &[]),
        (
            approval(json!({"timeout_hours": 0})),
            &["approval.timeout_hours"],
        ),
        (
            approval(json!({"timeout_hours": -1})),
            &["approval.timeout_hours"],
        ),
        (
            approval(json!({"timeout_hours": 8785})),
            &["approval.timeout_hours"],
        ),
        (approval(json!({"on_timeout": "escalate"})), &["approval"]),
        (approval(json!({"escalate_to": ["g"]})), &["approval"]),
        (
            approval(json!({"on_timeout": "approve", "escalate_to": ["g"]})),
            &["approval"],
        ),
        (
            approval(json!({"on_timeout": "escalate", "escalate_to": ["g"]})),
            &[],
        ),
        (approval(json!({"max_revisions": 0})), &[]),
        (
            approval(json!({"max_revisions": 11})),
            &["approval.max_revisions"],
        ),
        (findings(json!({"required": 2, "max_revisions": 0})), &[]),
        (
            findings(json!({"required": 0})),
            &["approvals.findings.required"],
        ),
        (
            findings(json!({"on_timeout": "escalate"})),
            &["approvals.findings"],
        ),
        (start(json!({"flow": "deep-report"})), &[]),
        // The flow says what its parameters can be.
        (start(json!({"parameters": {"anything": [1]}})), &[]),
        (budget(json!({})), &[]),
        (budget(json!({"max_cost_usd": 0})), &["budget.max_cost_usd"]),
        (budget(json!({"max_tokens": 0})), &["budget.max_tokens"]),
        (
            budget(json!({"max_duration_minutes": -0.5})),
            &["budget.max_duration_minutes"],
        ),
        (start(json!({"tags": tags(20)})), &[]),
        (start(json!({"tags": tags(21)})), &["tags"]),
        (start(json!({"tags": {"": "v"}})), &["tags"]),
        (start(json!({"tags": {" ": "v"}})), &["tags"]),
        (start(json!({"tags": {"k\n": "v"}})), &["tags"]),
        (start(json!({"tags": {"k": "\u{1b}]0;x\u{7}"}})), &["tags"]),
        (start(json!({"tags": {"k": "v".repeat(257)}})), &["tags"]),
    ];
    for (body, expected) in cases {
        assert_eq!(refused::<StartRequest>(&body), expected, "{body}");
        same_in_schema("api-start-request", &body, expected);
    }
}

#[test]
fn parameters_are_an_object() {
    let body = start(json!({"parameters": null}));
    assert!(serde_json::from_value::<StartRequest>(body.clone()).is_err());
    same_in_schema("api-start-request", &body, &["parameters"]);
}

#[test]
fn an_agent_report_is_checked_field_by_field() {
    let artifact = |field: &str, value: Value| {
        let mut body = golden::read("agent-report-succeeded");
        body["artifacts"][0][field] = value;
        body
    };
    let of = |kind: &str, field: &str, value: Value| {
        let mut body = golden::read(&format!("agent-report-{kind}"));
        body[field] = value;
        body
    };
    let error = |code: &str, message: &str| {
        of(
            "failed",
            "error",
            json!({"code": code, "message": message, "retryable": true}),
        )
    };
    let cases: Vec<(Value, &[&str])> = vec![
        (of("progress", "attempt", json!(0)), &["attempt"]),
        (of("progress", "percent", json!(101)), &["percent"]),
        (
            of("progress", "message", json!("m".repeat(1001))),
            &["message"],
        ),
        (
            of("progress", "usage", json!({"cost_usd": -1.0})),
            &["usage"],
        ),
        (
            of("progress", "usage", json!({"cost_usd": 1_000_000.5})),
            &["usage"],
        ),
        (
            of("progress", "usage", json!({"cost_usd": 1e300})),
            &["usage"],
        ),
        (of("progress", "usage", json!({"cost_usd": 1e6})), &[]),
        (of("progress", "usage", json!({})), &[]),
        (of("succeeded", "artifacts", json!([])), &["artifacts"]),
        (
            of("succeeded", "summary", json!("s".repeat(2001))),
            &["summary"],
        ),
        (artifact("name", json!("")), &["artifacts[0].name"]),
        (
            artifact("name", json!("../report.md")),
            &["artifacts[0].name"],
        ),
        (
            artifact("name", json!("_completed.json")),
            &["artifacts[0].name"],
        ),
        (
            artifact("name", json!("n".repeat(129))),
            &["artifacts[0].name"],
        ),
        (artifact("key", json!("")), &["artifacts[0].key"]),
        (
            artifact("media_type", json!("m".repeat(129))),
            &["artifacts[0].media_type"],
        ),
        (artifact("sha256", json!("abc")), &["artifacts[0].sha256"]),
        (
            artifact("sha256", json!("A".repeat(64))),
            &["artifacts[0].sha256"],
        ),
        (error("Not Found", "m"), &["error.code"]),
        (error("not_found", ""), &["error.message"]),
    ];
    for (body, expected) in cases {
        assert_eq!(refused::<AgentReport>(&body), expected, "{body}");
        same_in_schema("agent-report", &body, expected);
    }
}

/// What an agent says is kept: it may have read it somewhere.
#[test]
fn an_agent_may_say_anything() {
    let odd = "a\u{1b}[2J\0\u{202e}\u{fffd}";
    for (kind, field) in [("progress", "message"), ("succeeded", "summary")] {
        let mut body = golden::read(&format!("agent-report-{kind}"));
        body[field] = json!(odd);
        assert!(refused::<AgentReport>(&body).is_empty(), "{body}");
    }
    let mut body = golden::read("agent-report-failed");
    body["error"]["message"] = json!(odd);
    assert!(refused::<AgentReport>(&body).is_empty(), "{body}");
}

#[test]
fn punctuation_does_not_say_what_to_change() {
    for comment in ["...", "?!", "—", "👍", "- \n-"] {
        let changes = json!({"decision": "request_changes", "comment": comment});
        assert_eq!(
            refused::<DecisionRequest>(&changes),
            ["comment"],
            "{changes}"
        );
        // A comment of any other decision is only kept.
        let approve = json!({"decision": "approve", "comment": comment});
        assert!(refused::<DecisionRequest>(&approve).is_empty(), "{approve}");
    }
}

#[test]
fn a_decision_says_what_to_change() {
    let changes = |comment: Value| json!({"decision": "request_changes", "comment": comment});
    let changing = |changes: Value| json!({"decision": "request_changes", "changes": changes});
    let mut cases: Vec<(Value, &[&str])> = vec![
        (json!({"decision": "request_changes"}), &["comment"]),
        (json!({"decision": "approve"}), &[]),
        (json!({"decision": "reject", "comment": " "}), &[]),
        (
            json!({"decision": "reject", "comment": "\u{1b}[2J"}),
            &["comment"],
        ),
        (
            json!({"decision": "approve", "approver": " "}),
            &["approver"],
        ),
        (
            json!({"decision": "approve", "approver": "a\tb"}),
            &["approver"],
        ),
        (changes(json!("shorter\nplease")), &[]),
        (changes(json!("更短")), &[]),
        (changes(json!("2")), &[]),
        (changing(json!({"drop": [2, 1]})), &[]),
        (changing(json!({"keep": [3], "shorter": true})), &[]),
        (
            changing(json!({"terms": ["costs, 2024"], "search_again": true})),
            &[],
        ),
        (changing(json!({})), &["comment"]),
        (changing(json!({"drop": [0]})), &["changes.drop"]),
        (changing(json!({"drop": [2, 2]})), &["changes.drop"]),
        (
            changing(json!({"drop": [1], "keep": [2]})),
            &["changes.keep"],
        ),
        (changing(json!({"terms": ["&"]})), &[]),
        (changing(json!({"terms": ["a\tb"]})), &["changes.terms[0]"]),
        (changing(json!({"terms": [""]})), &["changes.terms[0]"]),
        (
            json!({"decision": "approve", "changes": {"shorter": true}}),
            &["changes"],
        ),
    ];
    for blank in [json!(null), json!(""), json!(" \n\t"), json!("\u{3000}")] {
        cases.push((changes(blank), &["comment"]));
    }
    for (body, expected) in cases {
        assert_eq!(refused::<DecisionRequest>(&body), expected, "{body}");
        same_in_schema("api-decision", &body, expected);
        let mut event = body.clone();
        event["idempotency_key"] = json!("k");
        event["workflow_id"] = json!(specimens::workflow());
        // As the sender has named them.
        assert_eq!(refused::<ApprovalDecided>(&event), expected, "{event}");
        same_in_schema("external-approval-decided", &event, expected);
    }
}

#[test]
fn a_key_is_what_a_header_can_carry() {
    let usable = |key: &str| {
        let event = json!({"idempotency_key": key, "topic": "t"});
        let refused = refused::<WorkflowRequested>(&event);
        let expected: &[&str] = if refused.is_empty() {
            &[]
        } else {
            &["idempotency_key"]
        };
        same_in_schema("external-workflow-requested", &event, expected);
        refused.is_empty()
    };
    for key in ["k", "order 7/8", "a\"b'c", "~!", &"k".repeat(256)] {
        assert!(usable(key), "{key}");
    }
    for key in [
        "",
        " ",
        " k",
        "k ",
        "größe",
        "🦀",
        "a,b",
        "a\tb",
        "a\u{7f}",
        &"k".repeat(257),
    ] {
        assert!(!usable(key), "{key}");
    }
}

#[test]
fn external_events_are_checked_like_their_http_twins() {
    let deep = json!({"idempotency_key": "k", "topic": "", "added_later": 1,
        "approval": {"required": 99, "added_later": 1}});
    assert_eq!(refused::<WorkflowRequested>(&deep).len(), 2);
    let keyless = json!({"idempotency_key": "", "topic": "t"});
    assert_eq!(refused::<WorkflowRequested>(&keyless), ["idempotency_key"]);
    let long = json!({"idempotency_key": "k".repeat(257), "topic": "t"});
    assert_eq!(refused::<WorkflowRequested>(&long), ["idempotency_key"]);
    let wordy = json!({"idempotency_key": "k", "workflow_id": specimens::workflow(),
        "decision": "approve", "comment": "c".repeat(2001)});
    assert_eq!(refused::<ApprovalDecided>(&wordy).len(), 1);
    assert_eq!(
        refused::<CancelBody>(&json!({"reason": "r".repeat(1001)})),
        ["reason"]
    );
}

#[test]
fn what_a_request_leaves_out_is_left_to_its_flow_and_the_deployment() {
    let request: StartRequest = serde_json::from_value(json!({"topic": "t"})).unwrap();
    assert_eq!(
        serde_json::to_value(request).unwrap(),
        json!({"topic": "t"})
    );
}

#[test]
fn a_file_to_put_is_checked_field_by_field() {
    let file = |field: &str, value: Value| {
        let mut body = golden::read("agent-file");
        body[field] = value;
        body
    };
    let cases: Vec<(Value, &[&str])> = vec![
        (golden::read("agent-file"), &[]),
        (file("size", json!(0)), &[]),
        (file("size", json!(64 * 1024 * 1024)), &[]),
        (file("size", json!(64 * 1024 * 1024 + 1)), &["size"]),
        (file("sha256", json!("AB".repeat(32))), &["sha256"]),
        (file("sha256", json!("ab".repeat(31))), &["sha256"]),
        (
            file("media_type", json!("text/markdown; charset=utf-8")),
            &[],
        ),
        (file("media_type", json!("application/ld+json")), &[]),
        (file("media_type", json!("text")), &["media_type"]),
        (file("media_type", json!("text/a b")), &["media_type"]),
        (
            file("media_type", json!("text/a\r\nx-amz-acl: x")),
            &["media_type"],
        ),
        (file("media_type", json!("text/a\n")), &["media_type"]),
        (file("media_type", json!("text/ä")), &["media_type"]),
        (
            file("media_type", json!(format!("text/{}", "a".repeat(124)))),
            &["media_type"],
        ),
    ];
    for (body, paths) in cases {
        assert_eq!(refused::<FileToPut>(&body), paths, "{body}");
        same_in_schema("agent-file", &body, paths);
    }
}

#[test]
fn files_have_names_without_a_way_out() {
    for name in [
        "report.md",
        "a",
        "1-b_c.json",
        "_claim.json",
        "_completed.json",
    ] {
        assert!(is_file_name(name), "{name}");
    }
    let long = "a".repeat(129);
    for name in [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "/a",
        "_x",
        "_claim.json/",
        "a%2Fb",
        "a b",
        "ä",
        "a\n",
        &long,
    ] {
        assert!(!is_file_name(name), "{name:?}");
    }
}

#[test]
fn documents_are_checked_by_set_name_and_size() {
    let file = golden::read("api-sources")["files"]["start.md"].clone();
    let body = |set: &str, name: &str, size: u64| {
        let mut file = file.clone();
        file["size"] = json!(size);
        json!({"set": set, "files": {name: file}})
    };
    let cases = |names: &[String], paths: &[&str]| {
        for name in names {
            let body = body("handbook", name, 1);
            assert_eq!(refused::<SourceFiles>(&body), paths, "{body}");
            same_in_schema("api-sources", &body, paths);
        }
    };
    let good = [
        "a.md",
        "b/c d (ä) 数据 #1?%25+&;*'\\\".md",
        ".a",
        "...",
        "a/..b",
        "a../b",
        "a.",
    ];
    cases(&good.map(str::to_owned), &[]);
    cases(&["x".repeat(MAX_SOURCE_NAME)], &[]);
    let bad = [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "../a",
        "a/../b",
        "a/..",
        "./a",
        "a\nb",
        "a\tb",
        "a\u{0}",
        "turned\u{202e}dm",
        "\u{fffd}",
    ];
    cases(&bad.map(str::to_owned), &["files"]);
    cases(&["x".repeat(MAX_SOURCE_NAME + 1)], &["files"]);
    for (set, size, paths) in [
        ("A-1_b.c", MAX_SOURCE_SIZE, vec![]),
        ("a", MAX_SOURCE_SIZE + 1, vec!["files"]),
        ("a", 64 * 1024 * 1024 + 1, vec!["files.a.md.size", "files"]),
        ("", 1, vec!["set"]),
        ("..", 1, vec!["set"]),
        ("a/b", 1, vec!["set"]),
        (&"a".repeat(65), 1, vec!["set"]),
    ] {
        let body = body(set, "a.md", size);
        assert_eq!(refused::<SourceFiles>(&body), paths, "{body}");
        same_in_schema("api-sources", &body, &paths);
    }
    for (count, paths) in [
        (0, vec!["files"]),
        (MAX_FILES_AT_ONCE, vec![]),
        (MAX_FILES_AT_ONCE + 1, vec!["files"]),
    ] {
        // The longest names, of characters that JSON writes as two.
        let name = |number: usize| format!("{}{number:02}", "\"".repeat(MAX_SOURCE_NAME - 2));
        let files = (0..count).map(|number| (name(number), file.clone()));
        let body =
            json!({"set": "a".repeat(64), "files": files.collect::<serde_json::Map<_, _>>()});
        assert_eq!(refused::<SourceFiles>(&body), paths);
        same_in_schema("api-sources", &body, &paths);
        assert!(count > MAX_FILES_AT_ONCE || body.to_string().len() <= MAX_BODY);
    }
}

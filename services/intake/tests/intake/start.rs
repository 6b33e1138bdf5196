//! `POST /workflows`.

use aegis_contracts::ids::WorkflowId;
use aegis_engine::api::ApiRequest;
use aegis_engine::error::PortError;
use aegis_engine::ports::Table;
use aegis_testkit::flow::name;
use aegis_testkit::harness::{Harness, at_once};
use aegis_testkit::requests::{
    With, ask, ok, problem, refusal, refuses_malformed_bodies, request, tells_of_port_errors,
};
use serde_json::{Value, json};

use crate::{because, service};

fn post(body: Value) -> ApiRequest {
    request("POST /workflows").json(body)
}

fn started(harness: &Harness, request: &ApiRequest) -> WorkflowId {
    let answer = ask(service(harness).as_ref(), request);
    let body = ok(202, &answer);
    let id = body["workflow_id"].as_str().unwrap();
    assert_eq!(body["status"], "running");
    // The API's base has a path.
    let this = format!("https://api.example/stage/workflows/{id}");
    assert_eq!(body["links"]["self"], this);
    assert_eq!(body["links"]["history"], format!("{this}/history"));
    assert_eq!(body["links"]["cancel"], format!("{this}/cancel"));
    assert_eq!(body["links"]["redrive"], format!("{this}/redrive"));
    let approve = format!("https://api.example/stage/approve/{id}");
    assert_eq!(body["links"]["approve"], approve);
    assert!(answer.headers.contains(&("location", this)), "{answer:?}");
    id.parse().unwrap()
}

#[test]
fn a_topic_is_enough() {
    let harness = Harness::empty();
    let id = started(&harness, &post(json!({"topic": "lattices"})));
    let (workflow, stored) = at_once(harness.ports.table.load_with_request(&id))
        .unwrap()
        .unwrap();
    assert_eq!(
        (stored.topic.as_str(), stored.requested_by.as_str()),
        ("lattices", "anonymous")
    );
    let policy = workflow.policies[&name("findings")].clone();
    assert_eq!(
        (
            policy.required,
            policy.max_revisions,
            policy.timeout_seconds
        ),
        (1, 3, 72 * 3600)
    );
    assert_eq!(harness.ports.queues.sent().len(), 1);
}

#[test]
fn everything_asked_for_is_kept() {
    let harness = Harness::empty();
    let id = started(
        &harness,
        &post(json!({
            "topic": "lattices",
            "parameters": {"depth": "comprehensive", "sources": ["corpus:builtin", "s3://bucket/sources/x/"]},
            "approval": {"required": 2, "approvers": ["ada", "bob"], "timeout_hours": 0.5,
                         "on_timeout": "escalate", "escalate_to": ["grace"], "max_revisions": 1},
            "budget": {"max_cost_usd": 1.5},
            "tags": {"team": "crypto"},
        })),
    );
    let (workflow, stored) = at_once(harness.ports.table.load_with_request(&id))
        .unwrap()
        .unwrap();
    assert_eq!(stored.parameters["sources"].as_array().unwrap().len(), 2);
    assert_eq!(stored.tags["team"], "crypto");
    let policy = workflow.policies[&name("findings")].clone();
    assert_eq!((policy.required, policy.timeout_seconds), (2, 1800));
    assert_eq!((policy.approvers.len(), policy.escalate_to.len()), (2, 1));
    assert_eq!(workflow.budget.unwrap().max_cost_usd, Some(1.5));
}

#[test]
fn the_same_key_and_request_find_the_same_workflow() {
    let harness = Harness::empty();
    let request = post(json!({"topic": "lattices"})).header("idempotency-key", "k 1");
    let id = started(&harness, &request);
    assert_eq!(started(&harness, &request), id);
    assert_eq!(harness.ports.queues.sent().len(), 1);
    // Written otherwise, it is the same request still.
    let spaced = request
        .clone()
        .body(b" {\"topic\" : \"lattices\", \"tags\": {}} ");
    assert_eq!(started(&harness, &spaced), id);

    let other = request.json(json!({"topic": "codes"}));
    let refused = refusal(service(&harness).as_ref(), &other);
    assert_eq!(refused, because(409, "idempotency_conflict"));
}

#[test]
fn without_a_key_every_request_is_a_new_one() {
    let harness = Harness::empty();
    let request = post(json!({"topic": "lattices"}));
    assert_ne!(started(&harness, &request), started(&harness, &request));
}

#[test]
fn keys_have_bounds() {
    let harness = Harness::empty();
    let with = |key: &str| post(json!({"topic": "lattices"})).header("idempotency-key", key);
    let odd = [
        "",
        " ",
        "bestellung-größe-1",
        "🦀",
        "a\u{1}b",
        "a\tb",
        "a\u{7f}",
        "a,b",
        " a",
        "a ",
    ];
    let long = "k".repeat(257);
    for key in odd.into_iter().chain([long.as_str()]) {
        let refused = refusal(service(&harness).as_ref(), &with(key));
        let control = key.chars().any(|c| c.is_control() && c != '\t');
        let code = if control {
            "invalid_header"
        } else {
            "invalid_idempotency_key"
        };
        assert_eq!(refused, because(400, code), "{key:?}");
    }
    assert!(harness.ports.queues.sent().is_empty());
    for key in ["k".repeat(256).as_str(), "order 7/8: \"x\" ~!"] {
        started(&harness, &with(key));
    }
}

#[test]
fn what_cannot_be_seen_is_not_taken() {
    let harness = Harness::empty();
    for (field, body) in [
        ("topic", json!({"topic": "x\u{202e}y"})),
        ("topic", json!({"topic": "x\u{fffd}y"})),
        (
            "tags",
            json!({"topic": "x", "tags": {"team": "\u{1b}]0;title\u{7}"}}),
        ),
        ("tags", json!({"topic": "x", "tags": {"te\nam": "x"}})),
        (
            "approval.approvers[1]",
            json!({"topic": "x", "approval": {"approvers": ["ann", "bo\u{200b}b"]}}),
        ),
        (
            "approval.escalate_to[0]",
            json!({"topic": "x", "approval": {"on_timeout": "escalate", "escalate_to": [" \u{a0}"]}}),
        ),
        (
            "approval.approvers",
            json!({"topic": "x", "approval": {"approvers": ["ann", "Ann "]}}),
        ),
    ] {
        let problem = problem(&ask(service(&harness).as_ref(), &post(body)));
        assert_eq!(problem.code, "invalid_request");
        let fields: Vec<&str> = problem
            .errors
            .iter()
            .map(|error| error.field.as_str())
            .collect();
        assert_eq!(fields, [field], "{problem:?}");
    }
    assert!(harness.ports.queues.sent().is_empty());
}

#[test]
fn names_are_kept_without_the_spaces_around_them() {
    let harness = Harness::empty();
    let spaced = json!({"approvers": ["ann", " bob\u{a0}"], "on_timeout": "escalate", "escalate_to": ["\u{3000}Zoe\u{308}"]});
    let id = started(&harness, &post(json!({"topic": "x", "approval": spaced})));
    let found = at_once(harness.ports.table.load_with_request(&id));
    let policy = found.unwrap().unwrap().0.policies[&name("findings")].clone();
    assert_eq!(policy.approvers, ["ann", "bob"]);
    assert_eq!(policy.escalate_to, ["Zoë"]);
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let harness = Harness::empty();
    let plain = post(json!({"topic": "lattices"})).header("idempotency-key", "k");
    let marked = [b"\xef\xbb\xbf".as_slice(), &plain.body.clone().unwrap()].concat();
    let id = started(&harness, &plain);
    assert_eq!(started(&harness, &plain.body(&marked)), id);
}

#[test]
fn malformed_bodies_are_refused() {
    let harness = Harness::empty();
    let valid = post(json!({"topic": "lattices"}));
    refuses_malformed_bodies(service(&harness).as_ref(), &valid);
}

#[test]
fn sources_outside_of_what_agents_may_read_are_named() {
    let harness = Harness::empty();
    let sources = json!([
        "corpus:builtin",
        "s3://bucket/workflows/x",
        "s3://other/sources/x"
    ]);
    let request = post(json!({"topic": "x1", "parameters": {"sources": sources}}));
    let problem = problem(&ask(service(&harness).as_ref(), &request));
    assert_eq!(
        (problem.status, problem.code.as_str()),
        (400, "source_not_allowed")
    );
    let fields: Vec<_> = problem
        .errors
        .iter()
        .map(|error| error.field.as_str())
        .collect();
    assert_eq!(fields, ["parameters.sources[1]", "parameters.sources[2]"]);
    assert!(harness.ports.queues.sent().is_empty());
}

#[test]
fn errors_of_ports_say_whether_to_try_again() {
    tells_of_port_errors(&|error: PortError| {
        let harness = Harness::empty();
        harness.ports.faults.fail_next("open", error);
        ask(
            service(&harness).as_ref(),
            &post(json!({"topic": "lattices"})),
        )
    });
}

#[test]
fn a_command_that_cannot_be_sent_is_not_the_client_s_business() {
    let harness = Harness::empty();
    let fault = PortError::Transient("queue away".to_owned());
    harness.ports.faults.fail_next("send", fault);
    started(&harness, &post(json!({"topic": "lattices"})));
}

//! What a request says of its flow, and which flows there are.

use std::collections::BTreeMap;

use aegis_contracts::approval::OnTimeout;
use aegis_contracts::flow::{Flow, Name};
use aegis_contracts::problem::Problem;
use aegis_engine::api::ApiRequest;
use aegis_engine::ports::Table;
use aegis_testkit::flow::{name, report, triage};
use aegis_testkit::harness::{Harness, at_once};
use aegis_testkit::requests::{With, ask, ok, problem, request};
use aegis_workflow::ApprovalPolicy;
use serde_json::{Value, json};

use crate::service;

fn harness() -> Harness {
    Harness::knowing(vec![Flow::clone(&report()), triage()])
}

fn post(body: Value) -> ApiRequest {
    request("POST /workflows").json(body)
}

fn refused(harness: &Harness, body: Value) -> Problem {
    let refused = problem(&ask(service(harness).as_ref(), &post(body)));
    assert!(harness.ports.queues.sent().is_empty(), "nothing is started");
    refused
}

/// The policies of a workflow that `body` starts.
fn policies(body: Value) -> BTreeMap<Name, ApprovalPolicy> {
    let harness = harness();
    let started = ok(202, &ask(service(&harness).as_ref(), &post(body)));
    let id = started["workflow_id"].as_str().unwrap().parse().unwrap();
    at_once(harness.ports.table.load(&id))
        .unwrap()
        .unwrap()
        .policies
}

#[test]
fn the_newest_version_of_each_flow_is_listed() {
    let newer = Flow {
        version: 2,
        ..triage()
    };
    let flows = vec![triage(), newer.clone(), Flow::clone(&report())];
    let harness = Harness::knowing(flows);
    let listed = ok(
        200,
        &ask(service(&harness).as_ref(), &request("GET /flows")),
    );
    let expected = json!({"flows": [Flow::clone(&report()), newer]});
    assert_eq!(listed, expected);
}

#[test]
fn a_workflow_runs_by_the_newest_version_of_its_flow() {
    let newer = Flow {
        version: 2,
        ..triage()
    };
    let harness = Harness::knowing(vec![newer.clone(), triage()]);
    let body = json!({"topic": "disk full", "flow": "triage"});
    let started = ok(202, &ask(service(&harness).as_ref(), &post(body)));
    let id = started["workflow_id"].as_str().unwrap();
    let run = harness.last_run();
    assert_eq!((run.agent, run.of.step), (name("reader"), name("collect")));
    let read = request("GET /workflows/{id}").id(id);
    let view = ok(200, &ask(service(&harness).as_ref(), &read));
    assert_eq!(
        (&view["flow"], &view["flow_version"]),
        (&json!("triage"), &json!(2))
    );
    assert_eq!(view["course"][1], json!({"approval": "scope"}));
    let history = request("GET /workflows/{id}/history").id(id);
    let history = ok(200, &ask(service(&harness).as_ref(), &history));
    assert_eq!(history["events"][0]["data"]["flow"], "triage");
    assert_eq!(history["events"][0]["data"]["flow_version"], 2);
}

#[test]
fn an_unknown_flow_is_refused_with_those_that_are_known() {
    let problem = refused(&harness(), json!({"topic": "x", "flow": "audit"}));
    assert_eq!(
        (problem.status, problem.code.as_str()),
        (422, "unknown_flow")
    );
    let told = "there is no flow `audit` here; known: report, triage";
    assert_eq!(problem.detail, told);
    // One that is no name is no question of which there are.
    let problem = refused(&harness(), json!({"topic": "x", "flow": "1"}));
    assert_eq!(
        (problem.status, problem.errors[0].field.as_str()),
        (400, "flow")
    );
}

#[test]
fn what_the_flow_does_not_take_is_named_all_together() {
    let problem = refused(
        &harness(),
        json!({
            "topic": "x", "flow": "triage",
            "parameters": {"severity": "none", "depth": "quick"},
            "approvals": {"findings": {}, "release": {"required": 2}},
        }),
    );
    assert_eq!(
        (problem.status, problem.code.as_str()),
        (422, "unfit_for_flow")
    );
    let mut fields: Vec<&str> = problem
        .errors
        .iter()
        .map(|error| error.field.as_str())
        .collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        ["approvals.findings", "parameters", "parameters.severity"]
    );
    assert!(problem.errors.iter().all(|error| !error.reason.is_empty()));
}

#[test]
fn the_parameters_are_those_of_the_flow() {
    for (parameters, field) in [
        (json!({"depth": "deep"}), "parameters.depth"),
        (json!({"sources": "corpus:builtin"}), "parameters.sources"),
        (
            json!({"sources": ["corpus:builtin", "ftp://x"]}),
            "parameters.sources[1]",
        ),
        (
            json!({"sources": ["s3://bucket/sources/a\nb"]}),
            "parameters.sources[0]",
        ),
        (json!({"surprise": 1}), "parameters"),
    ] {
        let body = json!({"topic": "x", "parameters": parameters.clone()});
        let problem = refused(&harness(), body);
        assert_eq!(
            (problem.status, problem.code.as_str()),
            (422, "unfit_for_flow")
        );
        let fields: Vec<&str> = problem
            .errors
            .iter()
            .map(|error| error.field.as_str())
            .collect();
        assert_eq!(fields, [field], "{parameters}");
    }
}

/// Each setting of its own: what one layer leaves out, the next one says.
#[test]
fn a_request_goes_before_the_flow_and_one_approval_before_all() {
    let found = policies(json!({
        "topic": "x", "flow": "triage",
        "approval": {"timeout_hours": 2, "max_revisions": 1, "approvers": ["dan", "eve"]},
        "approvals": {"release": {"timeout_hours": 1, "required": 3, "approvers": ["x", "y", "z"]}},
    }));
    let (scope, release) = (&found[&name("scope")], &found[&name("release")]);
    assert_eq!(
        (scope.timeout_seconds, release.timeout_seconds),
        (7200, 3600)
    );
    assert_eq!((scope.max_revisions, release.max_revisions), (1, 1));
    assert_eq!(release.required, 3);
    assert_eq!(release.approvers, ["x", "y", "z"]);
}

#[test]
fn what_a_request_leaves_open_the_flow_says_and_then_the_platform() {
    let found = policies(json!({"topic": "x", "flow": "triage"}));
    let (scope, release) = (&found[&name("scope")], &found[&name("release")]);
    assert_eq!((scope.required, scope.timeout_seconds), (2, 4 * 3600));
    assert_eq!(scope.approvers, ["ada", "bob", "cy"]);
    assert_eq!((release.required, release.timeout_seconds), (1, 72 * 3600));
    assert_eq!(
        (release.max_revisions, release.on_timeout),
        (3, OnTimeout::Expire)
    );
}

/// Whom it escalates to belongs to what silence means: a layer has both or neither.
#[test]
fn silence_is_settled_by_one_layer() {
    let found = policies(json!({
        "topic": "x", "flow": "triage",
        "approval": {"on_timeout": "escalate", "escalate_to": ["grace"]},
        "approvals": {"release": {"on_timeout": "approve"}},
    }));
    let (scope, release) = (&found[&name("scope")], &found[&name("release")]);
    assert_eq!(scope.on_timeout, OnTimeout::Escalate);
    assert_eq!(scope.escalate_to, ["grace"]);
    assert_eq!(release.on_timeout, OnTimeout::Approve);
    assert_eq!(release.escalate_to, Vec::<String>::new());
}

/// Each layer is right in itself, and together they ask for more people than there are.
#[test]
fn settings_that_contradict_each_other_are_refused_by_approval() {
    for (body, field) in [
        (
            json!({"topic": "x", "flow": "triage", "approval": {"approvers": ["dan"]}}),
            "approvals.scope",
        ),
        (
            json!({"topic": "x", "flow": "triage", "approvals": {"scope": {"required": 4}}}),
            "approvals.scope",
        ),
    ] {
        let problem = refused(&harness(), body);
        assert_eq!(
            (problem.status, problem.code.as_str()),
            (422, "unfit_for_flow")
        );
        assert_eq!(problem.errors.len(), 1, "{problem:?}");
        assert_eq!(problem.errors[0].field, field);
    }
}

/// The table keeps what was asked, and another flow is another request.
#[test]
fn the_flow_belongs_to_the_request() {
    let harness = harness();
    let service = service(&harness);
    let under = |body: Value| post(body).header("idempotency-key", "k");
    ok(202, &ask(service.as_ref(), &under(json!({"topic": "x"}))));
    let other = under(json!({"topic": "x", "flow": "triage"}));
    assert_eq!(
        problem(&ask(service.as_ref(), &other)).code,
        "idempotency_conflict"
    );
}

/// A client that heard no answer asks again, and a deployment may have come between.
#[test]
fn a_request_that_was_taken_is_taken_again_whatever_became_of_its_flow() {
    let harness = harness();
    let table = harness.engine.table.as_ref();
    at_once(harness.engine.flows.register(table)).unwrap();
    let under = |body: Value| post(body).header("idempotency-key", "k");
    let body = json!({"topic": "disk full", "flow": "triage"});
    let first = ok(202, &ask(service(&harness).as_ref(), &under(body.clone())));
    let mut later = service(&harness);
    let dropped = Harness::knowing(vec![Flow::clone(&report())]);
    std::sync::Arc::get_mut(&mut later).unwrap().engine.flows = dropped.engine.flows.clone();
    let again = ok(202, &ask(later.as_ref(), &under(body)));
    assert_eq!(again["workflow_id"], first["workflow_id"]);
    let another = under(json!({"topic": "disk empty", "flow": "triage"}));
    let refused = problem(&ask(later.as_ref(), &another));
    assert_eq!(refused.code, "unknown_flow");
}

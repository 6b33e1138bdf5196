//! `POST /callbacks/{id}` refused: tokens, bodies, artifacts, late reports.

use std::time::Duration;

use aegis_contracts::attempt::Attempt;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::Status;
use aegis_engine::api::{ApiRequest, NotBase64};
use aegis_engine::error::PortError;
use aegis_engine::token::{Claim, TokenKeys};
use aegis_testkit::flow::{attempt, name, triage};
use aegis_testkit::harness::Harness;
use aegis_testkit::requests::{With, ask, refusal, refuses_malformed_bodies, tells_of_port_errors};
use serde_json::{Value, json};

use crate::reports::{callback, failed, post, progress, succeeded};

fn refused(harness: &Harness, token: &str, report: Value) -> (u16, String) {
    refusal(callback(harness).as_ref(), &post(harness, token, report))
}

fn because(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[test]
fn without_a_bearer_token_nothing_is_read() {
    let harness = Harness::dispatched();
    let service = callback(&harness);
    for header in ["", "Bearer", "Bearer ", "Basic dTpw", "bearer"] {
        let request = post(&harness, "x", progress(&harness)).header("authorization", header);
        assert_eq!(
            refusal(service.as_ref(), &request),
            because(401, "unauthenticated"),
            "{header}"
        );
    }
    let mut request = post(&harness, "x", progress(&harness));
    request.headers.remove("authorization");
    assert_eq!(
        refusal(service.as_ref(), &request),
        because(401, "unauthenticated")
    );
    let scheme = format!("bEARER {}", harness.token());
    let request = post(&harness, "x", progress(&harness)).header("authorization", &scheme);
    assert_eq!(ask(service.as_ref(), &request).status, 200);
}

#[test]
fn a_token_for_something_else_is_refused() {
    let harness = Harness::dispatched();
    let claim = |of: &Attempt| harness.token_for(of);
    let expired = claim(&attempt("research", 1));
    harness.wait(3600);
    let stranger = Claim {
        workflow_id: harness.id.clone(),
        flow: name("report"),
        of: attempt("research", 1),
    };
    let forged = TokenKeys::generate()
        .sign(&stranger, harness.now().plus(Duration::from_secs(60)))
        .unwrap();
    let other = Claim {
        workflow_id: WorkflowId::derive("eve", "k"),
        ..stranger
    };
    let other = harness
        .tokens
        .sign(&other, harness.now().plus(Duration::from_secs(60)))
        .unwrap();
    let tokens = [
        "x",
        &expired,
        &forged,
        &other,
        &claim(&attempt("write", 1)),
        &claim(&attempt("research", 2)),
    ];
    for token in tokens {
        let answer = refused(&harness, token, progress(&harness));
        assert_eq!(answer, because(401, "invalid_token"), "{token}");
    }
    assert_eq!(
        harness
            .workflow()
            .current_work(&attempt("research", 1))
            .unwrap()
            .last_heartbeat_at,
        None
    );
}

/// Whoever has no token learns nothing: not what a report looks like, and not which workflows there are.
#[test]
fn a_token_is_judged_before_anything_else() {
    let harness = Harness::dispatched();
    let service = callback(&harness);
    let valid = post(&harness, "x", progress(&harness));
    let ids = [
        harness.id.as_str(),
        "wf_aaaaaaaaaaaaaaaaaaaaaaaaaa",
        "x",
        "",
    ];
    let damaged = ApiRequest {
        body: Err(NotBase64),
        ..valid.clone()
    };
    let requests = [
        valid.clone(),
        damaged,
        valid.clone().body(b"{"),
        valid.clone().body(b"\xff"),
        valid.clone().body(&vec![b' '; 64 * 1024 + 1]),
        valid.clone().json(json!({"kind": "nonsense"})),
        valid.clone().header("content-type", "text/plain"),
        valid.clone().header("traceparent", "é\u{1}"),
        valid.clone().query("x", "y"),
    ];
    let bearer = |token: &str| format!("Bearer {token}");
    let forged = harness.token().replace(".research.1.", ".research.2.");
    for (header, code) in [
        (String::new(), "unauthenticated"),
        (bearer("x"), "invalid_token"),
        (bearer("é\u{1}🦀"), "invalid_token"),
        (bearer(&forged), "invalid_token"),
    ] {
        for id in ids {
            for request in &requests {
                let request = request.clone().id(id).header("authorization", &header);
                let answer = ask(service.as_ref(), &request);
                assert_eq!(refusal(service.as_ref(), &request), because(401, code));
                let bearer = ("www-authenticate", "Bearer".to_owned());
                assert!(answer.headers.contains(&bearer), "{answer:?}");
            }
        }
    }
    // With the token of another workflow neither.
    for id in ["wf_aaaaaaaaaaaaaaaaaaaaaaaaaa", "wf_../../etc/passwd", ""] {
        let request = valid.clone().id(id);
        let request = request.header("authorization", &bearer(&harness.token()));
        let answer = refusal(service.as_ref(), &request);
        assert_eq!(answer, because(401, "invalid_token"), "{id}");
    }
    // Who has it is told.
    let own = |request: &ApiRequest| {
        let request = request
            .clone()
            .header("authorization", &bearer(&harness.token()));
        refusal(service.as_ref(), &request).1
    };
    let told: Vec<String> = requests[1..].iter().map(own).collect();
    let expected = [
        "invalid_body",
        "invalid_json",
        "invalid_json",
        "body_too_large",
        "invalid_request",
        "unsupported_media_type",
        "invalid_header",
        "invalid_query",
    ];
    assert_eq!(told, expected);
}

#[test]
fn malformed_bodies_are_refused() {
    let harness = Harness::dispatched();
    let valid = post(&harness, &harness.token(), progress(&harness));
    refuses_malformed_bodies(callback(&harness).as_ref(), &valid);
}

#[test]
fn reports_are_checked_field_by_field() {
    let harness = Harness::dispatched();
    for (field, value) in [
        ("kind", json!("done")),
        ("step", json!("Research")),
        ("attempt", json!(0)),
        ("attempt", json!(-1)),
        ("message", json!("x".repeat(1001))),
        ("message", Value::Null),
        ("percent", json!(101)),
        ("usage", json!({"cost_usd": -1.0})),
        ("artifacts", json!([])),
        ("summary", json!("not of this kind")),
    ] {
        let mut report = progress(&harness);
        report[field] = value.clone();
        let answer = refused(&harness, &harness.token(), report);
        assert_eq!(answer, because(400, "invalid_request"), "{field}: {value}");
    }
}

#[test]
fn artifacts_that_do_not_match_are_refused() {
    let harness = Harness::dispatched();
    for (field, value) in [
        ("size", json!(1)),
        ("sha256", json!("0".repeat(64))),
        ("key", json!("sources/private.txt")),
        (
            "key",
            json!(format!(
                "workflows/report/{}/research/2/evidence.json",
                harness.id
            )),
        ),
        (
            "key",
            json!(format!(
                "workflows/report/{}/research/1/missing.json",
                harness.id
            )),
        ),
    ] {
        let mut report = succeeded(&harness);
        report["artifacts"][0][field] = value;
        let answer = refused(&harness, &harness.token(), report);
        assert_eq!(answer, because(400, "artifact_mismatch"), "{field}");
    }
    let mut report = succeeded(&harness);
    report["artifacts"][0]["name"] = json!("other.json");
    assert_eq!(
        refused(&harness, &harness.token(), report),
        because(409, "invalid_artifacts")
    );
    assert_eq!(harness.current().step, name("research"));
}

/// The place that a token is good for is that of its own flow, whatever a report says.
#[test]
fn artifacts_lie_where_the_flow_and_the_step_say() {
    let harness = Harness::started_in(triage());
    for (from, to) in [
        ("workflows/triage/", "workflows/report/"),
        ("/collect/", "/plan/"),
        ("/collect/1/", "/collect/10/"),
    ] {
        let mut report = succeeded(&harness);
        let own = report["artifacts"][0]["key"].as_str().unwrap().to_owned();
        let key = own.replace(from, to);
        assert_ne!(key, own);
        let file = harness.ports.artifacts.get(&own).unwrap();
        harness.ports.artifacts.put(&key, &file);
        report["artifacts"][0]["key"] = json!(key);
        let answer = refused(&harness, &harness.token(), report);
        assert_eq!(answer, because(400, "artifact_mismatch"), "{to}");
    }
    let own = post(&harness, &harness.token(), succeeded(&harness));
    assert_eq!(ask(callback(&harness).as_ref(), &own).status, 200);
    assert_eq!(harness.workflow().at(), Some(&name("scope")));
}

#[test]
fn reports_of_superseded_attempts_are_told_so() {
    let harness = Harness::dispatched();
    let (token, late) = (
        harness.token(),
        [
            progress(&harness),
            failed(&harness, false),
            succeeded(&harness),
        ],
    );
    harness.cancel();
    for report in late {
        assert_eq!(
            refused(&harness, &token, report),
            because(409, "superseded")
        );
    }
    assert_eq!(harness.status(), Status::Cancelled);

    let harness = Harness::dispatched();
    let token = harness.token_for(&attempt("research", 9));
    let mut report = progress(&harness);
    report["attempt"] = json!(9);
    assert_eq!(
        refused(&harness, &token, report),
        because(409, "unknown_attempt")
    );
}

#[test]
fn workflows_that_do_not_exist_are_not_found() {
    let harness = Harness::dispatched();
    let service = callback(&harness);
    let request = post(&harness, &harness.token(), progress(&harness));
    let id = WorkflowId::derive("nobody", "k");
    let claim = Claim {
        workflow_id: id.clone(),
        flow: name("report"),
        of: attempt("research", 1),
    };
    let token = harness
        .tokens
        .sign(&claim, harness.now().plus(Duration::from_secs(60)))
        .unwrap();
    let request = request
        .id(id.as_str())
        .header("authorization", &format!("Bearer {token}"));
    assert_eq!(
        refusal(service.as_ref(), &request),
        because(404, "workflow_not_found")
    );
}

#[test]
fn errors_of_ports_say_whether_to_try_again() {
    for operation in ["load_keys", "facts", "load", "commit"] {
        tells_of_port_errors(&|error: PortError| {
            let harness = Harness::dispatched();
            let request = post(&harness, &harness.token(), succeeded(&harness));
            harness.ports.faults.fail_next(operation, error);
            ask(callback(&harness).as_ref(), &request)
        });
    }
}

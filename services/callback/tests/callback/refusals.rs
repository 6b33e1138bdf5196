//! `POST /callbacks/{id}` refused: tokens, bodies, artifacts, late reports.

use std::time::Duration;

use aegis_contracts::agent::Role;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::Status;
use aegis_engine::api::{ApiRequest, NotBase64};
use aegis_engine::error::PortError;
use aegis_engine::token::{Claim, TokenKeys};
use aegis_testkit::requests::{With, ask, refusal, refuses_malformed_bodies, tells_of_port_errors};
use aegis_testkit::world::World;
use serde_json::{Value, json};

use crate::reports::{callback, failed, post, progress, succeeded};

fn refused(world: &World, token: &str, report: Value) -> (u16, String) {
    refusal(callback(world).as_ref(), &post(world, token, report))
}

fn because(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[test]
fn without_a_bearer_token_nothing_is_read() {
    let world = World::dispatched();
    let service = callback(&world);
    for header in ["", "Bearer", "Bearer ", "Basic dTpw", "bearer"] {
        let request = post(&world, "x", progress(&world)).header("authorization", header);
        assert_eq!(
            refusal(service.as_ref(), &request),
            because(401, "unauthenticated"),
            "{header}"
        );
    }
    let mut request = post(&world, "x", progress(&world));
    request.headers.remove("authorization");
    assert_eq!(
        refusal(service.as_ref(), &request),
        because(401, "unauthenticated")
    );
    let scheme = format!("bEARER {}", world.token());
    let request = post(&world, "x", progress(&world)).header("authorization", &scheme);
    assert_eq!(ask(service.as_ref(), &request).status, 200);
}

#[test]
fn a_token_for_something_else_is_refused() {
    let world = World::dispatched();
    let claim = |role, attempt| world.token_for(role, attempt);
    let expired = claim(Role::Researcher, 1);
    world.wait(3600);
    let stranger = Claim {
        workflow_id: world.id.clone(),
        role: Role::Researcher,
        attempt: 1,
    };
    let forged = TokenKeys::generate()
        .sign(&stranger, world.now().plus(Duration::from_secs(60)))
        .unwrap();
    let other = Claim {
        workflow_id: WorkflowId::derive("eve", "k"),
        ..stranger
    };
    let other = world
        .tokens
        .sign(&other, world.now().plus(Duration::from_secs(60)))
        .unwrap();
    let tokens = [
        "x",
        &expired,
        &forged,
        &other,
        &claim(Role::Writer, 1),
        &claim(Role::Researcher, 2),
    ];
    for token in tokens {
        let answer = refused(&world, token, progress(&world));
        assert_eq!(answer, because(401, "invalid_token"), "{token}");
    }
    assert_eq!(
        world
            .workflow()
            .current_step(Role::Researcher, 1)
            .unwrap()
            .last_heartbeat_at,
        None
    );
}

/// Whoever has no token learns nothing: not what a report looks like, and not which workflows there are.
#[test]
fn a_token_is_judged_before_anything_else() {
    let world = World::dispatched();
    let service = callback(&world);
    let valid = post(&world, "x", progress(&world));
    let ids = [world.id.as_str(), "wf_aaaaaaaaaaaaaaaaaaaaaaaaaa", "x", ""];
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
    let forged = world.token().replace(".researcher.1.", ".researcher.2.");
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
        let request = request.header("authorization", &bearer(&world.token()));
        let answer = refusal(service.as_ref(), &request);
        assert_eq!(answer, because(401, "invalid_token"), "{id}");
    }
    // Who has it is told.
    let own = |request: &ApiRequest| {
        let request = request
            .clone()
            .header("authorization", &bearer(&world.token()));
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
    let world = World::dispatched();
    let valid = post(&world, &world.token(), progress(&world));
    refuses_malformed_bodies(callback(&world).as_ref(), &valid);
}

#[test]
fn reports_are_checked_field_by_field() {
    let world = World::dispatched();
    for (field, value) in [
        ("kind", json!("done")),
        ("role", json!("boss")),
        ("attempt", json!(0)),
        ("attempt", json!(-1)),
        ("message", json!("x".repeat(1001))),
        ("message", Value::Null),
        ("percent", json!(101)),
        ("usage", json!({"cost_usd": -1.0})),
        ("artifacts", json!([])),
        ("summary", json!("not of this kind")),
    ] {
        let mut report = progress(&world);
        report[field] = value.clone();
        let answer = refused(&world, &world.token(), report);
        assert_eq!(answer, because(400, "invalid_request"), "{field}: {value}");
    }
}

#[test]
fn artifacts_that_do_not_match_are_refused() {
    let world = World::dispatched();
    for (field, value) in [
        ("size", json!(1)),
        ("sha256", json!("0".repeat(64))),
        ("key", json!("sources/private.txt")),
        (
            "key",
            json!(format!("workflows/{}/researcher/2/evidence.json", world.id)),
        ),
        (
            "key",
            json!(format!("workflows/{}/researcher/1/missing.json", world.id)),
        ),
    ] {
        let mut report = succeeded(&world);
        report["artifacts"][0][field] = value;
        let answer = refused(&world, &world.token(), report);
        assert_eq!(answer, because(400, "artifact_mismatch"), "{field}");
    }
    let mut report = succeeded(&world);
    report["artifacts"][0]["name"] = json!("other.json");
    assert_eq!(
        refused(&world, &world.token(), report),
        because(409, "invalid_artifacts")
    );
    assert_eq!(world.status(), Status::Researching);
}

#[test]
fn reports_of_superseded_attempts_are_told_so() {
    let world = World::dispatched();
    let (token, late) = (
        world.token(),
        [progress(&world), failed(&world, false), succeeded(&world)],
    );
    world.cancel();
    for report in late {
        assert_eq!(refused(&world, &token, report), because(409, "superseded"));
    }
    assert_eq!(world.status(), Status::Cancelled);

    let world = World::dispatched();
    let token = world.token_for(Role::Researcher, 9);
    let mut report = progress(&world);
    report["attempt"] = json!(9);
    assert_eq!(
        refused(&world, &token, report),
        because(409, "unknown_attempt")
    );
}

#[test]
fn workflows_that_do_not_exist_are_not_found() {
    let world = World::dispatched();
    let service = callback(&world);
    let request = post(&world, &world.token(), progress(&world));
    let id = WorkflowId::derive("nobody", "k");
    let claim = Claim {
        workflow_id: id.clone(),
        role: Role::Researcher,
        attempt: 1,
    };
    let token = world
        .tokens
        .sign(&claim, world.now().plus(Duration::from_secs(60)))
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
            let world = World::dispatched();
            let request = post(&world, &world.token(), succeeded(&world));
            world.ports.faults.fail_next(operation, error);
            ask(callback(&world).as_ref(), &request)
        });
    }
}

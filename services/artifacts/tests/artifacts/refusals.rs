//! Who is told nothing.

use std::time::Duration;

use aegis_contracts::ids::WorkflowId;
use aegis_engine::api::{ApiRequest, NotBase64};
use aegis_engine::error::PortError;
use aegis_engine::token::Claim;
use aegis_testkit::flow::{attempt, name};
use aegis_testkit::harness::Harness;
use aegis_testkit::requests::{
    With, ask, problem, refusal, refuses_malformed_bodies, tells_of_port_errors,
};
use serde_json::{Value, json};

use super::{INPUT, LIST, PUT, READ, artifacts, asked, file, put};

fn because(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// One request to each route, all of which would be answered.
fn requests(harness: &Harness) -> [ApiRequest; 4] {
    let key = format!("{}report.md", harness.prefix(&harness.current()));
    harness.ports.artifacts.put(&key, b"abc");
    [
        asked(harness, LIST),
        put(harness, "report.md"),
        asked(harness, READ).path("name", "report.md"),
        asked(harness, INPUT).path("n", "0"),
    ]
}

/// With an input.
fn at_work() -> Harness {
    let harness = Harness::dispatched();
    harness.succeed();
    harness.dispatch();
    harness
}

#[test]
fn a_token_is_judged_before_anything_else() {
    let harness = at_work();
    let service = artifacts(&harness);
    let bearer = |token: &str| format!("Bearer {token}");
    let forged = harness.token().replace(".analyze.1.", ".research.1.");
    let mut all = requests(&harness).to_vec();
    all.extend([
        ApiRequest {
            body: Err(NotBase64),
            ..put(&harness, "report.md")
        },
        put(&harness, "../x").body(b"{"),
        put(&harness, "report.md").query("x", "y"),
        put(&harness, "report.md").header("traceparent", "é\u{1}"),
        asked(&harness, "GET /nothing"),
    ]);
    for request in all {
        for (header, code) in [
            (String::new(), "unauthenticated"),
            (bearer("x"), "invalid_token"),
            (bearer(&forged), "invalid_token"),
        ] {
            for id in [harness.id.as_str(), "wf_aaaaaaaaaaaaaaaaaaaaaaaaaa", ""] {
                let request = request.clone().id(id).header("authorization", &header);
                let answer = ask(service.as_ref(), &request);
                let asks = ("www-authenticate", "Bearer".to_owned());
                assert!(answer.headers.contains(&asks), "{answer:?}");
                let refused = refusal(service.as_ref(), &request);
                assert_eq!(refused, because(401, code), "{}", request.route);
            }
        }
    }
}

#[test]
fn superseded_attempts_are_told_so_on_every_route() {
    let harness = at_work();
    let requests = requests(&harness);
    let of = |of| format!("Bearer {}", harness.token_for(&of));
    // Of an attempt that ended well, and of one that was never asked for.
    let ended = of(attempt("research", 1));
    let unknown = of(attempt("analyze", 2));
    for request in &requests {
        let service = artifacts(&harness);
        assert_eq!(ask(service.as_ref(), request).status, 200);
        let refused = |header: &str| {
            let request = request.clone().header("authorization", header);
            refusal(service.as_ref(), &request)
        };
        assert_eq!(refused(&ended), because(409, "superseded"));
        assert_eq!(refused(&unknown), because(409, "unknown_attempt"));
    }
    harness.cancel();
    for request in &requests {
        let refused = refusal(artifacts(&harness).as_ref(), request);
        assert_eq!(refused, because(409, "superseded"));
    }
}

#[test]
fn a_name_never_leads_elsewhere() {
    let harness = Harness::dispatched();
    let service = artifacts(&harness);
    for name in [
        "../x",
        "..",
        "a/b",
        "a%2Fb",
        "/x",
        "_x.json",
        "",
        "a b",
        "\u{202e}a",
        &"a".repeat(129),
    ] {
        let answer = ask(service.as_ref(), &put(&harness, name));
        let refused = problem(&answer);
        assert_eq!(refused.code, "invalid_request", "{name}");
        assert_eq!(refused.errors[0].field, "name");
        assert!(!answer.body.contains('\u{202e}'));
        // Also where something lies there.
        let key = format!("{}{name}", harness.prefix(&harness.current()));
        harness.ports.artifacts.put(&key, b"abc");
        let read = asked(&harness, READ).path("name", name);
        let refused = refusal(service.as_ref(), &read);
        assert_eq!(refused, because(404, "artifact_not_found"), "{name}");
    }
    let key = format!("{}missing.md.bak", harness.prefix(&harness.current()));
    harness.ports.artifacts.put(&key, b"abc");
    let missing = asked(&harness, READ).path("name", "missing.md");
    let refused = refusal(service.as_ref(), &missing);
    assert_eq!(refused, because(404, "artifact_not_found"));
}

#[test]
fn a_file_is_checked_field_by_field() {
    let harness = Harness::dispatched();
    let service = artifacts(&harness);
    refuses_malformed_bodies(service.as_ref(), &put(&harness, "report.md"));
    for (field, value) in [
        ("size", json!(64 * 1024 * 1024 + 1)),
        ("size", json!(-1)),
        ("size", Value::Null),
        ("sha256", json!("abc")),
        ("media_type", json!("text/a\r\nx: y")),
    ] {
        let mut body = file();
        body[field] = value;
        let request = asked(&harness, PUT).path("name", "report.md").json(body);
        let refused = problem(&ask(service.as_ref(), &request));
        assert_eq!(refused.code, "invalid_request", "{field}");
        assert_eq!(refused.errors[0].field, field);
    }
}

#[test]
fn workflows_that_do_not_exist_are_not_found() {
    let harness = Harness::dispatched();
    let claim = Claim {
        workflow_id: WorkflowId::derive("nobody", "k"),
        flow: name("report"),
        of: attempt("research", 1),
    };
    let until = harness.now().plus(Duration::from_secs(60));
    let token = harness.tokens.sign(&claim, until).unwrap();
    let request = asked(&harness, LIST)
        .id(claim.workflow_id.as_str())
        .header("authorization", &format!("Bearer {token}"));
    let refused = refusal(artifacts(&harness).as_ref(), &request);
    assert_eq!(refused, because(404, "workflow_not_found"));
}

#[test]
fn errors_of_ports_say_whether_to_try_again() {
    for (operations, route) in [
        (["load_keys", "load", "list"].as_slice(), 0),
        (&["load_keys", "load", "list", "presign_put"], 1),
        (&["load_keys", "load", "list", "presign"], 2),
        (&["load_keys", "load", "presign"], 3),
    ] {
        for operation in operations {
            tells_of_port_errors(&|error: PortError| {
                let harness = at_work();
                let requests = requests(&harness);
                harness.ports.faults.fail_next(operation, error);
                ask(artifacts(&harness).as_ref(), &requests[route])
            });
        }
    }
}

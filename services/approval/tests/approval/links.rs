//! `POST /workflows/{id}/approval-links`.

use aegis_contracts::view::Status;
use aegis_engine::api::{ApiRequest, Authorization};
use aegis_engine::error::PortError;
use aegis_testkit::harness::Harness;
use aegis_testkit::requests::{
    With, ask, ok, refusal, refuses_malformed_bodies, request, tells_of_port_errors,
};
use serde_json::json;

use crate::service;

const GRACE: &str = "arn:aws:iam::123456789012:user/grace";

pub fn wanted(harness: &Harness, approver: &str) -> ApiRequest {
    request("POST /workflows/{id}/approval-links")
        .id(harness.id.as_str())
        .json(json!({"approver": approver}))
}

#[test]
fn a_link_is_for_one_approver_and_revision_until_the_deadline() {
    let harness = Harness::awaiting_approval();
    let service = service(&harness, Authorization::None);
    let answer = ask(service.as_ref(), &wanted(&harness, "ada@example.com"));
    let made = ok(201, &answer);
    assert_eq!(made["approver"], "ada@example.com");
    assert_eq!(made["revision"], 0);
    let view = aegis_workflow::approval_view(&harness.workflow()).unwrap();
    assert_eq!(made["expires_at"], json!(view.deadline_at));
    let url = made["url"].as_str().unwrap();
    assert!(
        url.starts_with("https://api.example/approval-links/v1."),
        "{url}"
    );
    let stored = ("cache-control", "no-store".to_owned());
    assert!(answer.headers.contains(&stored), "{:?}", answer.headers);
    // It is nowhere but in this answer.
    let token = url.rsplit('/').next().unwrap();
    let state = serde_json::to_string(&harness.workflow()).unwrap();
    assert!(!state.contains(token));
    assert_eq!(harness.status(), Status::AwaitingApproval);
    assert_eq!(harness.commands().len(), 3);
}

#[test]
fn there_is_none_where_nothing_waits() {
    for make in [
        Harness::started,
        Harness::writing,
        Harness::completed,
        Harness::cancelled,
    ] {
        let harness = make();
        let service = service(&harness, Authorization::None);
        let refused = refusal(service.as_ref(), &wanted(&harness, "ada"));
        assert_eq!(refused, (409, "not_awaiting_approval".to_owned()));
    }
}

#[test]
fn there_is_none_after_the_deadline() {
    let harness = Harness::awaiting_approval();
    let service = service(&harness, Authorization::None);
    harness.wait(72 * 3600);
    let refused = refusal(service.as_ref(), &wanted(&harness, "ada"));
    assert_eq!(refused, (409, "decision_too_late".to_owned()));
}

#[test]
fn there_is_none_for_those_who_may_not_decide() {
    let harness = Harness::awaiting_approval_by(&["ada"]);
    let service = service(&harness, Authorization::None);
    let refused = refusal(service.as_ref(), &wanted(&harness, "eve"));
    assert_eq!(refused, (403, "not_an_approver".to_owned()));
    let made = ok(201, &ask(service.as_ref(), &wanted(&harness, " Ada")));
    assert_eq!(made["approver"], "ada", "as the name is listed");
}

#[test]
fn only_those_whom_the_api_knows_get_links() {
    let harness = Harness::awaiting_approval();
    let service = service(&harness, Authorization::Iam);
    let unsigned = wanted(&harness, "ada");
    let refused = refusal(service.as_ref(), &unsigned);
    assert_eq!(refused, (401, "unauthenticated".to_owned()));
    ok(201, &ask(service.as_ref(), &unsigned.signed_by(GRACE)));
}

#[test]
fn malformed_requests_for_links_are_refused() {
    let harness = Harness::awaiting_approval();
    let service = service(&harness, Authorization::None);
    refuses_malformed_bodies(service.as_ref(), &wanted(&harness, "ada"));
    for name in [
        String::new(),
        " ".to_owned(),
        "a\u{202e}".to_owned(),
        "x".repeat(129),
    ] {
        let refused = refusal(service.as_ref(), &wanted(&harness, &name));
        assert_eq!(refused, (400, "invalid_request".to_owned()), "{name}");
    }
    for id in ["", "x", "wf_aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let refused = refusal(service.as_ref(), &wanted(&harness, "ada").id(id));
        assert_eq!(refused, (404, "workflow_not_found".to_owned()), "{id}");
    }
}

#[test]
fn errors_of_ports_are_told_to_whoever_wants_a_link() {
    for operation in ["load", "load_keys"] {
        tells_of_port_errors(&|error: PortError| {
            let harness = Harness::awaiting_approval();
            harness.ports.faults.fail_next(operation, error);
            let service = service(&harness, Authorization::None);
            ask(service.as_ref(), &wanted(&harness, "ada"))
        });
    }
}

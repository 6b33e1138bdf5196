//! `POST /workflows/{id}/approval-links`.

use aegis_contracts::view::Status;
use aegis_engine::api::{ApiRequest, Authorization};
use aegis_engine::error::PortError;
use aegis_testkit::requests::{
    With, ask, ok, refusal, refuses_malformed_bodies, request, tells_of_port_errors,
};
use aegis_testkit::world::World;
use serde_json::json;

use crate::service;

const GRACE: &str = "arn:aws:iam::123456789012:user/grace";

pub fn wanted(world: &World, approver: &str) -> ApiRequest {
    request("POST /workflows/{id}/approval-links")
        .id(world.id.as_str())
        .json(json!({"approver": approver}))
}

#[test]
fn a_link_is_for_one_approver_and_revision_until_the_deadline() {
    let world = World::awaiting_approval();
    let service = service(&world, Authorization::None);
    let answer = ask(service.as_ref(), &wanted(&world, "ada@example.com"));
    let made = ok(201, &answer);
    assert_eq!(made["approver"], "ada@example.com");
    assert_eq!(made["revision"], 0);
    let view = aegis_workflow::approval_view(&world.workflow()).unwrap();
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
    let state = serde_json::to_string(&world.workflow()).unwrap();
    assert!(!state.contains(token));
    assert_eq!(world.status(), Status::AwaitingApproval);
    assert_eq!(world.commands().len(), 3);
}

#[test]
fn there_is_none_where_nothing_waits() {
    for make in [
        World::started,
        World::writing,
        World::completed,
        World::cancelled,
    ] {
        let world = make();
        let service = service(&world, Authorization::None);
        let refused = refusal(service.as_ref(), &wanted(&world, "ada"));
        assert_eq!(refused, (409, "not_awaiting_approval".to_owned()));
    }
}

#[test]
fn there_is_none_after_the_deadline() {
    let world = World::awaiting_approval();
    let service = service(&world, Authorization::None);
    world.wait(72 * 3600);
    let refused = refusal(service.as_ref(), &wanted(&world, "ada"));
    assert_eq!(refused, (409, "decision_too_late".to_owned()));
}

#[test]
fn there_is_none_for_those_who_may_not_decide() {
    let world = World::awaiting_approval_by(&["ada"]);
    let service = service(&world, Authorization::None);
    let refused = refusal(service.as_ref(), &wanted(&world, "eve"));
    assert_eq!(refused, (403, "not_an_approver".to_owned()));
    let made = ok(201, &ask(service.as_ref(), &wanted(&world, " Ada")));
    assert_eq!(made["approver"], "ada", "as the name is listed");
}

#[test]
fn only_those_whom_the_api_knows_get_links() {
    let world = World::awaiting_approval();
    let service = service(&world, Authorization::Iam);
    let unsigned = wanted(&world, "ada");
    let refused = refusal(service.as_ref(), &unsigned);
    assert_eq!(refused, (401, "unauthenticated".to_owned()));
    ok(201, &ask(service.as_ref(), &unsigned.signed_by(GRACE)));
}

#[test]
fn malformed_requests_for_links_are_refused() {
    let world = World::awaiting_approval();
    let service = service(&world, Authorization::None);
    refuses_malformed_bodies(service.as_ref(), &wanted(&world, "ada"));
    for name in [
        String::new(),
        " ".to_owned(),
        "a\u{202e}".to_owned(),
        "x".repeat(129),
    ] {
        let refused = refusal(service.as_ref(), &wanted(&world, &name));
        assert_eq!(refused, (400, "invalid_request".to_owned()), "{name}");
    }
    for id in ["", "x", "wf_aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let refused = refusal(service.as_ref(), &wanted(&world, "ada").id(id));
        assert_eq!(refused, (404, "workflow_not_found".to_owned()), "{id}");
    }
}

#[test]
fn errors_of_ports_are_told_to_whoever_wants_a_link() {
    for operation in ["load", "load_keys"] {
        tells_of_port_errors(&|error: PortError| {
            let world = World::awaiting_approval();
            world.ports.faults.fail_next(operation, error);
            let service = service(&world, Authorization::None);
            ask(service.as_ref(), &wanted(&world, "ada"))
        });
    }
}

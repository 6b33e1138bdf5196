//! `POST /approve/{id}`.

use std::sync::Arc;
use std::time::Duration;

use aegis_contracts::approval::DecisionKind;
use aegis_contracts::view::Status;
use aegis_engine::api::{ApiRequest, Authorization, Caller, JwtRules};
use aegis_engine::error::PortError;
use aegis_testkit::flow::name;
use aegis_testkit::harness::{Harness, files};
use aegis_testkit::requests::{
    With, ask, ok, problem, refusal, refuses_malformed_bodies, request, tells_of_port_errors,
};
use aegis_workflow::Input;
use serde_json::{Value, json};

use crate::service;

const ADA: &str = "arn:aws:iam::123456789012:user/ada";

fn post(harness: &Harness, body: Value) -> ApiRequest {
    request("POST /approve/{id}")
        .id(harness.id.as_str())
        .json(body)
}

fn refused(harness: &Harness, body: Value) -> (u16, String) {
    refusal(
        service(harness, Authorization::None).as_ref(),
        &post(harness, body),
    )
}

fn because(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn decided(harness: &Harness, body: Value) -> Value {
    ok(
        200,
        &ask(
            service(harness, Authorization::None).as_ref(),
            &post(harness, body),
        ),
    )
}

/// Over the time of its budget: a decision is taken, and leads to no further step.
#[test]
fn a_decision_beyond_the_budget_ends_the_workflow() {
    let budget = aegis_contracts::request::Budget {
        max_duration_minutes: Some(60.0),
        ..Default::default()
    };
    let harness = Harness::awaiting_approval_within(budget);
    harness.wait(2 * 3600);
    let body = json!({"decision": "approve", "approver": "ada"});
    for _ in 0..2 {
        let answer = ask(
            service(&harness, Authorization::None).as_ref(),
            &request("POST /approve/{id}")
                .id(harness.id.as_str())
                .json(body.clone()),
        );
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let failure = aegis_workflow::failure_view(&harness.workflow()).unwrap();
    assert_eq!(failure.code, "budget_exceeded");
    assert!(failure.message.contains("max_duration_minutes"));
    assert!(harness.workflow().owed().is_empty(), "no writer is asked");
}

#[test]
fn approval_lets_the_writer_write() {
    let harness = Harness::awaiting_approval();
    let view = decided(
        &harness,
        json!({"decision": "approve", "comment": "fine", "approver": "bob"}),
    );
    assert_eq!(harness.current().step, name("write"));
    assert_eq!(
        (&view["revision"], &view["required"]),
        (&json!(0), &json!(1))
    );
    let decision = &view["decisions"][0];
    assert_eq!(
        (&decision["approver"], &decision["comment"]),
        (&json!("bob"), &json!("fine"))
    );
    assert!(view["requested_at"].is_string() && view["deadline_at"].is_string());
    // The same again: the same answer, no second effect.
    let again = decided(
        &harness,
        json!({"decision": "approve", "comment": "fine", "approver": "bob"}),
    );
    assert_eq!(again, view);
    assert_eq!(harness.commands().len(), 4);
}

#[test]
fn rejection_and_changes() {
    let harness = Harness::awaiting_approval();
    decided(&harness, json!({"decision": "reject"}));
    assert_eq!(harness.status(), Status::Rejected);
    let harness = Harness::awaiting_approval();
    decided(
        &harness,
        json!({"decision": "request_changes", "comment": "more", "revision": 0}),
    );
    assert_eq!(harness.current().step, name("analyze"));
    let heard = harness.workflow().change_requests();
    assert_eq!(heard[0].comment.as_deref(), Some("more"));
}

#[test]
fn a_finding_that_is_not_there_uses_up_no_revision() {
    let harness = Harness::awaiting_approval();
    let known = files::analysis(&harness.id, 1).findings.len();
    let service = service(&harness, Authorization::None);
    for list in ["drop", "keep"] {
        let body = json!({"decision": "request_changes", "changes": {list: [1, known + 1]}});
        let problem = problem(&ask(service.as_ref(), &post(&harness, body)));
        assert_eq!(problem.code, "unknown_finding");
        assert_eq!(problem.errors[0].field, format!("changes.{list}[1]"));
        assert_eq!(harness.status(), Status::AwaitingApproval);
    }
    decided(
        &harness,
        json!({"decision": "request_changes", "changes": {"drop": [known]}}),
    );
    assert_eq!(harness.current().step, name("analyze"));
}

#[test]
fn a_decision_on_another_revision_is_told_which_one_waits() {
    let harness = Harness::awaiting_approval();
    harness.decide(DecisionKind::RequestChanges);
    harness.succeed();
    for body in [
        json!({"decision": "approve"}),
        json!({"decision": "approve", "revision": 7}),
    ] {
        let answer = ask(
            service(&harness, Authorization::None).as_ref(),
            &post(&harness, body),
        );
        let problem = problem(&answer);
        assert_eq!(
            (problem.status, problem.code.as_str()),
            (409, "stale_revision")
        );
        assert_eq!(problem.current_revision, Some(1));
    }
    // All revisions are used.
    let answer = refused(
        &harness,
        json!({"decision": "request_changes", "comment": "more", "revision": 1}),
    );
    assert_eq!(answer, because(409, "revisions_exhausted"));
    decided(&harness, json!({"decision": "approve", "revision": 1}));
}

#[test]
fn illegal_moments_are_conflicts() {
    for make in [
        Harness::started,
        Harness::writing,
        Harness::completed,
        Harness::cancelled,
        Harness::failed,
    ] {
        let body = json!({"decision": "reject", "approver": "eve"});
        assert_eq!(
            refused(&make(), body),
            because(409, "not_awaiting_approval")
        );
    }
}

#[test]
fn whoever_decides_after_the_deadline_is_too_late() {
    let harness = Harness::awaiting_approval_by(&["ada", "bob"]);
    harness.wait(72 * 3600);
    for decision in ["approve", "reject", "request_changes"] {
        let body = json!({"decision": decision, "approver": "ada", "comment": "more"});
        assert_eq!(refused(&harness, body), because(409, "decision_too_late"));
    }
    let stranger = json!({"decision": "approve", "approver": "eve"});
    assert_eq!(refused(&harness, stranger), because(403, "not_an_approver"));
    assert_eq!(harness.status(), Status::AwaitingApproval);
    harness.apply(Input::DeadlinePassed);
    assert_eq!(harness.status(), Status::Expired);
}

#[test]
fn malformed_bodies_are_refused() {
    let harness = Harness::awaiting_approval();
    let valid = post(&harness, json!({"decision": "approve"}));
    refuses_malformed_bodies(service(&harness, Authorization::None).as_ref(), &valid);
    let harness = Harness::awaiting_approval();
    for body in [
        json!({"decision": "maybe"}),
        json!({"decision": "approve", "comment": "x".repeat(2001)}),
        json!({"decision": "approve", "approver": ""}),
        json!({"decision": "approve", "approver": " \u{3000}"}),
        json!({"decision": "approve", "approver": "ann\n"}),
        json!({"decision": "approve", "comment": "\u{1b}[2J\0"}),
        json!({"decision": "request_changes"}),
        json!({"decision": "request_changes", "comment": null}),
        json!({"decision": "request_changes", "comment": ""}),
        json!({"decision": "request_changes", "comment": " \n\t\u{3000}"}),
        json!({"decision": "request_changes", "comment": "\u{200b}\u{2060}"}),
        json!({"decision": "request_changes", "comment": "\u{2800}"}),
        json!({"decision": "approve", "revision": -1}),
        json!({}),
    ] {
        assert_eq!(
            refused(&harness, body.clone()),
            because(400, "invalid_request"),
            "{body}"
        );
    }
    assert_eq!(harness.status(), Status::AwaitingApproval);
}

/// However a name is written, one person counts once, and a listed one may decide.
#[test]
fn nobody_counts_twice() {
    let harness = Harness::awaiting_approvals_by(2, &["Ann", "bob"]);
    let approve = |name: &str| json!({"decision": "approve", "approver": name});
    let view = decided(&harness, approve(" ann"));
    assert_eq!(view["decisions"][0]["approver"], "Ann");
    for name in ["Ann", "ANN", "Ann\u{a0}", "ａｎｎ"] {
        let again = decided(&harness, approve(name));
        assert_eq!(again["decisions"].as_array().unwrap().len(), 1, "{name}");
        let other = json!({"decision": "reject", "approver": name});
        assert_eq!(refused(&harness, other), because(409, "already_decided"));
    }
    assert_eq!(
        refused(&harness, approve("anna")),
        because(403, "not_an_approver")
    );
    assert_eq!(harness.status(), Status::AwaitingApproval);
    decided(&harness, approve("bob "));
    assert_eq!(harness.current().step, name("write"));
}

/// Names of callers are proven letter by letter: another case may be another person.
#[test]
fn a_caller_is_exactly_who_was_listed() {
    let harness = Harness::awaiting_approval_by(&[ADA]);
    let service = service(&harness, Authorization::Iam);
    let approve = post(&harness, json!({"decision": "approve"}));
    let other = ask(
        service.as_ref(),
        &approve.clone().signed_by(&ADA.to_uppercase()),
    );
    let problem = problem(&other);
    assert_eq!(
        (problem.status, problem.code.as_str()),
        (403, "not_an_approver")
    );
    assert!(problem.detail.contains("compared exactly"), "{problem:?}");
    ok(200, &ask(service.as_ref(), &approve.signed_by(ADA)));
}

#[test]
fn who_calls_is_asked_before_anything_else() {
    let harness = Harness::awaiting_approval();
    let service = service(&harness, Authorization::Iam);
    for route in ["POST /approve/{id}", "POST /workflows/{id}/approval-links"] {
        for id in [harness.id.as_str(), "wf_aaaaaaaaaaaaaaaaaaaaaaaaaa", "x"] {
            let odd = request(route).id(id).query("x", "y").body(b"{");
            let refused = refusal(service.as_ref(), &odd);
            assert_eq!(refused, because(401, "unauthenticated"), "{route}");
            let query = refusal(service.as_ref(), &odd.signed_by(ADA));
            assert_eq!(query, because(400, "invalid_query"), "{route}");
        }
    }
}

#[test]
fn nothing_is_found_under_other_ids() {
    let harness = Harness::awaiting_approval();
    let service = service(&harness, Authorization::None);
    for id in ["", "x", "wf_aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let request = post(&harness, json!({"decision": "approve"})).id(id);
        assert_eq!(
            refusal(service.as_ref(), &request),
            because(404, "workflow_not_found")
        );
    }
}

#[test]
fn signed_callers_decide_in_their_own_name() {
    let harness = Harness::awaiting_approval();
    let service = service(&harness, Authorization::Iam);
    let post = |body| post(&harness, body);
    let unsigned = post(json!({"decision": "approve"}));
    assert_eq!(
        refusal(service.as_ref(), &unsigned),
        because(401, "unauthenticated")
    );
    let posing = post(json!({"decision": "approve", "approver": "bob"})).signed_by(ADA);
    assert_eq!(
        refusal(service.as_ref(), &posing),
        because(400, "approver_not_allowed")
    );
    let signed = post(json!({"decision": "approve", "approver": ADA})).signed_by(ADA);
    let view = ok(200, &ask(service.as_ref(), &signed));
    assert_eq!(view["decisions"][0]["approver"], ADA);
    assert!(view["decisions"][0]["claimed_by"].is_null());
}

#[test]
fn bearers_decide_in_the_name_of_their_token() {
    let harness = Harness::awaiting_approval();
    let rules = JwtRules {
        issuer: "https://issuer.example".to_owned(),
        audience: vec!["web".to_owned()],
        scope: "aegis/approve".to_owned(),
        subject_claim: "email".to_owned(),
    };
    let service = service(&harness, Authorization::Jwt(Arc::new(rules)));
    let expiry = harness.now().plus(Duration::from_secs(60)).as_seconds();
    let with = |scope: &str, body| {
        let claims = [
            ("iss", "https://issuer.example"),
            ("aud", "web"),
            ("exp", &expiry.to_string()),
            ("scope", scope),
            ("sub", "4711"),
            ("email", "ann@example.com"),
        ];
        let claims = claims.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut request = post(&harness, body);
        request.caller = Caller::Jwt(claims.into());
        request
    };
    let approve = json!({"decision": "approve"});
    assert_eq!(
        refusal(
            service.as_ref(),
            &post(&harness, approve.clone()).signed_by(ADA)
        ),
        because(401, "unauthenticated")
    );
    assert_eq!(
        refusal(service.as_ref(), &with("aegis/start", approve.clone())),
        because(403, "insufficient_scope")
    );
    let posing = json!({"decision": "approve", "approver": "bob"});
    assert_eq!(
        refusal(service.as_ref(), &with("aegis/approve", posing)),
        because(400, "approver_not_allowed")
    );
    let view = ok(200, &ask(service.as_ref(), &with("aegis/approve", approve)));
    assert_eq!(view["decisions"][0]["approver"], "ann@example.com");
    assert!(view["decisions"][0]["claimed_by"].is_null());
}

#[test]
fn errors_of_ports_say_whether_to_try_again() {
    for operation in ["load", "commit"] {
        tells_of_port_errors(&|error: PortError| {
            let harness = Harness::awaiting_approval();
            harness.ports.faults.fail_next(operation, error);
            let post = post(&harness, json!({"decision": "approve"}));
            ask(service(&harness, Authorization::None).as_ref(), &post)
        });
    }
}

#[test]
fn a_command_that_cannot_be_sent_is_not_the_approver_s_business() {
    let harness = Harness::awaiting_approval();
    let fault = PortError::Transient("queue away".to_owned());
    harness.ports.faults.fail_next("send", fault);
    decided(&harness, json!({"decision": "approve"}));
    assert_eq!(harness.current().step, name("write"));
}

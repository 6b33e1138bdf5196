//! A flow with two approvals: nothing said of the first one is taken for the second.

use std::time::Duration;

use aegis_contracts::approval::DecisionKind;
use aegis_contracts::review::Review;
use aegis_contracts::view::Status;
use aegis_engine::api::{ApiRequest, ApiResponse, Authorization};
use aegis_engine::link::Link;
use aegis_engine::message::{Disposition, QueueHandler};
use aegis_testkit::flow::triage;
use aegis_testkit::harness::{Harness, at_once, external};
use aegis_testkit::requests::{With, ask, ok, refusal, request};
use serde_json::{Value, json};

use crate::links::wanted;
use crate::{review, service};

/// The first of two approvals waits: revision 0, of notes that are text.
fn first() -> Harness {
    let harness = Harness::started_in(triage());
    harness.succeed_with(NOTES.as_bytes());
    harness
}

const NOTES: &str = "# Notes\n\nDisk <b>full</b> on \u{202e}db-1 & db-2.";

fn post(harness: &Harness, body: Value) -> ApiRequest {
    request("POST /approve/{id}")
        .id(harness.id.as_str())
        .json(body)
}

fn decide(harness: &Harness, body: Value) -> ApiResponse {
    ask(
        service(harness, Authorization::None).as_ref(),
        &post(harness, body),
    )
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

fn at(harness: &Harness) -> String {
    harness.workflow().at().unwrap().to_string()
}

#[test]
fn a_decision_has_to_say_which_one_it_is_about() {
    let harness = first();
    for decision in ["approve", "reject", "request_changes"] {
        let body = json!({"decision": decision, "approver": "ada", "comment": "more"});
        assert_eq!(refused(&harness, body), because(409, "revision_missing"));
    }
    let detail = json!({"idempotency_key": "k", "workflow_id": harness.id, "decision": "approve"});
    let handler = service(&harness, Authorization::None);
    let disposition = at_once(handler.handle(&external("ApprovalDecided", detail)));
    let Disposition::DeadLetter(why) = disposition else {
        panic!("{disposition:?}");
    };
    assert!(why.starts_with("revision_missing: "), "{why}");
    assert_eq!(at(&harness), "scope");
    let body = json!({"decision": "approve", "approver": "ada", "revision": 0});
    ok(200, &decide(&harness, body));
    assert_eq!(at(&harness), "plan");
}

#[test]
fn a_repeated_decision_on_the_first_never_decides_the_second() {
    let harness = first();
    let body = json!({"decision": "approve", "approver": "ada", "revision": 0});
    let view = ok(200, &decide(&harness, body.clone()));
    assert_eq!(
        (view["approval"].as_str(), &view["revision"]),
        (Some("scope"), &json!(0))
    );
    assert_eq!(view["decisions"][0]["approver"], "ada");
    assert_eq!(view["settled"]["outcome"], "approved");
    harness.succeed();
    harness.succeed();
    assert_eq!(
        (at(&harness), harness.workflow().revision),
        ("release".to_owned(), 1)
    );
    let after = harness.workflow();
    harness.wait(1);
    // Over the API, over the bus, and by a link that was made for the first.
    assert_eq!(ok(200, &decide(&harness, body.clone())), view);
    let mut detail = body;
    detail["idempotency_key"] = json!("k");
    detail["workflow_id"] = json!(harness.id);
    let handler = service(&harness, Authorization::None);
    let repeated = at_once(handler.handle(&external("ApprovalDecided", detail)));
    assert_eq!(repeated, Disposition::Ack);
    let link = form(&link(&harness, "ada", 0), "decision=approve");
    let told = ask(handler.as_ref(), &link);
    assert_eq!(told.status, 200, "{}", told.body);
    assert!(
        told.body.contains("Your decision is recorded"),
        "{}",
        told.body
    );
    assert_eq!(harness.workflow(), after);
    // Who has not decided yet decides nothing by the number of the first.
    for decision in ["approve", "reject", "request_changes"] {
        let late = json!({"decision": decision, "approver": "bob", "revision": 0, "comment": "x"});
        assert_eq!(refused(&harness, late), because(409, "stale_revision"));
    }
    assert_eq!(harness.workflow(), after);
    let own = json!({"decision": "approve", "approver": "ada", "revision": 1});
    let view = ok(200, &decide(&harness, own));
    assert_eq!(view["approval"], "release");
    assert_eq!(at(&harness), "act");
}

/// Each asking has a number of its own, whichever approval it is of.
#[test]
fn a_link_is_for_one_asking_of_one_approval() {
    let harness = first();
    let handler = service(&harness, Authorization::None);
    let made = ok(201, &ask(handler.as_ref(), &wanted(&harness, "ada")));
    assert_eq!(
        (&made["approval"], &made["revision"]),
        (&json!("scope"), &json!(0))
    );
    let old = token(&made);
    harness.decide(DecisionKind::Approve);
    harness.succeed();
    harness.succeed();
    let made = ok(201, &ask(handler.as_ref(), &wanted(&harness, "ada")));
    assert_eq!(
        (&made["approval"], &made["revision"]),
        (&json!("release"), &json!(1))
    );
    let before = harness.workflow();
    let other = ask(handler.as_ref(), &form(&old, "decision=reject"));
    assert_eq!(other.status, 409, "{}", other.body);
    assert_eq!(harness.workflow(), before);
    let own = ask(handler.as_ref(), &form(&token(&made), "decision=reject"));
    assert_eq!(own.status, 200, "{}", own.body);
    assert_eq!(harness.status(), Status::Rejected);
}

/// After changes at the second approval its number goes on; the first one is not asked for again.
#[test]
fn changes_at_the_second_go_back_to_its_own_step() {
    let harness = first();
    harness.decide(DecisionKind::Approve);
    harness.succeed();
    harness.succeed();
    let body =
        json!({"decision": "request_changes", "comment": "more", "approver": "ada", "revision": 1});
    let view = ok(200, &decide(&harness, body));
    assert_eq!(
        (&view["approval"], &view["round"]),
        (&json!("release"), &Value::Null)
    );
    assert_eq!(
        (at(&harness), harness.workflow().revision),
        ("plan".to_owned(), 2)
    );
    harness.succeed();
    harness.succeed();
    let review = seen(&harness, None);
    let approval = &review.approval;
    assert_eq!(
        (
            approval.approval.as_str(),
            approval.revision,
            approval.round
        ),
        ("release", 2, 1)
    );
    let before = seen(&harness, Some(0)).approval;
    assert_eq!((before.approval.as_str(), before.round), ("scope", 0));
}

#[test]
fn a_flow_that_names_no_step_for_it_cannot_search_again() {
    let harness = first();
    let body = json!({"decision": "request_changes", "approver": "ada", "revision": 0,
        "changes": {"search_again": true}});
    assert_eq!(refused(&harness, body), because(409, "cannot_search_again"));
    assert_eq!(harness.status(), Status::AwaitingApproval);
    // The page offers no such box, and a form that has it is shown again: the question is open still.
    let token = link(&harness, "ada", 0);
    let handler = service(&harness, Authorization::None);
    let question = ask(handler.as_ref(), &shown(&token));
    assert!(!question.body.contains("search_again"), "{}", question.body);
    let wish = "decision=request_changes&search_again=on&comment=look+further";
    let again = ask(handler.as_ref(), &form(&token, wish));
    assert_eq!(again.status, 409, "{}", again.body);
    for words in [
        "names no step that searches again",
        "look further</textarea>",
        "value=\"approve\"",
    ] {
        assert!(again.body.contains(words), "{words}: {}", again.body);
    }
    // Without the wish it is taken.
    let taken = ask(
        handler.as_ref(),
        &form(&token, "decision=request_changes&comment=look+further"),
    );
    assert_eq!(taken.status, 200, "{}", taken.body);
    assert_eq!(at(&harness), "collect");
}

#[test]
fn what_holds_no_findings_is_shown_as_its_text() {
    let harness = first();
    let review = seen(&harness, None);
    assert_eq!(
        (review.shown.step.as_str(), review.shown.name.as_str()),
        ("collect", "notes.md")
    );
    assert_eq!(review.shown.media_type, "text/markdown; charset=utf-8");
    assert_eq!(review.shown.text.as_deref(), Some(NOTES));
    assert!(review.findings.is_empty() && review.summary.is_empty());
    assert_eq!(review.hash.len(), 64);
    // What it was made from is nothing that approvers look at.
    harness.decide(DecisionKind::Approve);
    harness.succeed();
    harness.succeed();
    assert_eq!(seen(&harness, None).shown.name, "checks.txt");
    assert_eq!(seen(&harness, Some(0)).shown.text.as_deref(), Some(NOTES));
}

#[test]
fn a_text_on_the_page_neither_acts_nor_hides() {
    let harness = first();
    let token = link(&harness, "ada", 0);
    let page = ask(
        service(&harness, Authorization::Iam).as_ref(),
        &shown(&token),
    );
    assert_eq!(page.status, 200, "{}", page.body);
    for words in [
        "Disk &lt;b&gt;full&lt;/b&gt; on \\u{202e}db-1 &amp; db-2.",
        "<code>notes.md</code>",
        "<code>collect</code>",
        "<code>scope</code>",
        "value=\"approve\"",
    ] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    // Nothing of findings, where there are none.
    for words in [
        "<b>",
        "\u{202e}",
        "passages=open",
        "name=\"drop\"",
        "report",
    ] {
        assert!(!page.body.contains(words), "{words}: {}", page.body);
    }
}

/// The answer of the review of a revision, or of the latest.
fn seen(harness: &Harness, revision: Option<u32>) -> Review {
    let mut asked = review::wanted(harness);
    if let Some(revision) = revision {
        asked = asked.query("revision", &revision.to_string());
    }
    let answer = ask(service(harness, Authorization::None).as_ref(), &asked);
    serde_json::from_value(ok(200, &answer)).unwrap()
}

fn token(made: &Value) -> String {
    let url = made["url"].as_str().unwrap();
    url.rsplit('/').next().unwrap().to_owned()
}

fn link(harness: &Harness, approver: &str, revision: u32) -> String {
    let link = Link {
        workflow_id: harness.id.clone(),
        revision,
        approver: approver.to_owned(),
        made_by: "anonymous".to_owned(),
    };
    let expires_at = harness.now().plus(Duration::from_secs(3600));
    link.sign(&harness.tokens, expires_at).unwrap()
}

fn shown(token: &str) -> ApiRequest {
    request("GET /approval-links/{token}").path("token", token)
}

fn form(token: &str, body: &str) -> ApiRequest {
    request("POST /approval-links/{token}")
        .path("token", token)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.as_bytes())
}

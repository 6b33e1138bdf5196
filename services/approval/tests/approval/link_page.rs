//! `GET` and `POST /approval-links/{token}`.

use std::time::Duration;

use aegis_contracts::approval::{DecisionKind, OnTimeout};
use aegis_contracts::changes::Changes;
use aegis_contracts::findings::{Loss, UnreadableSource};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::Status;
use aegis_engine::api::{ApiRequest, ApiResponse, Authorization};
use aegis_engine::error::PortError;
use aegis_engine::link::Link;
use aegis_engine::token::Claim;
use aegis_testkit::flow::{attempt, name};
use aegis_testkit::harness::{Harness, files};
use aegis_testkit::requests::{With, ask, ok, request};
use aegis_workflow::{Input, approval_view};

use crate::links::wanted;
use crate::service;

/// The token of a link that `approver` was given.
fn token(harness: &Harness, approver: &str) -> String {
    let service = service(harness, Authorization::None);
    let made = ok(201, &ask(service.as_ref(), &wanted(harness, approver)));
    let url = made["url"].as_str().unwrap();
    url.rsplit('/').next().unwrap().to_owned()
}

fn get(harness: &Harness, token: &str) -> ApiResponse {
    let request = request("GET /approval-links/{token}").path("token", token);
    // Where clients must prove who they are, links still open.
    ask(service(harness, Authorization::Iam).as_ref(), &request)
}

fn get_of(harness: &Harness) -> ApiResponse {
    get(harness, &token(harness, "ada"))
}

fn form(token: &str, body: &str) -> ApiRequest {
    request("POST /approval-links/{token}")
        .path("token", token)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.as_bytes())
}

fn post(harness: &Harness, token: &str, body: &str) -> ApiResponse {
    ask(
        service(harness, Authorization::Iam).as_ref(),
        &form(token, body),
    )
}

/// A page of `status` that contains `words`.
fn page(status: u16, words: &str, answer: &ApiResponse) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert!(
        answer.body.starts_with("<!DOCTYPE html>"),
        "{}",
        answer.body
    );
    assert!(answer.body.contains(words), "{words}: {}", answer.body);
}

/// The page contains all of these.
fn says(answer: &ApiResponse, all: &[&str]) {
    for words in all {
        assert!(answer.body.contains(words), "{words}: {}", answer.body);
    }
}

fn says_nothing_of(answer: &ApiResponse, words: &str) {
    assert!(!answer.body.contains(words), "{words}: {}", answer.body);
}

#[test]
fn whoever_looks_sees_what_they_decide_on() {
    let harness = Harness::awaiting_approvals_by(2, &[]);
    harness.decide(DecisionKind::Approve);
    let token = token(&harness, "bob");
    let answer = get(&harness, &token);
    let mut all = vec![
        "quantum computing".to_owned(),
        "Summary of attempt 1.".to_owned(),
        "cost of migration".to_owned(),
        // Who asks, who has approved, what is still needed, and until when.
        "1 of 2 approvals given".to_owned(),
        "say more on lattices".to_owned(),
        "until Thursday 26 November 2026, 18:00 UTC (in 3 days)".to_owned(),
        "The workflow goes on from here.".to_owned(),
    ];
    for finding in files::analysis(&harness.id, 1).findings {
        all.extend([finding.heading, finding.note]);
        all.extend(finding.claims.into_iter().map(|claim| claim.text));
    }
    for passage in files::evidence(&harness.id).evidence {
        all.extend([
            passage.title,
            passage.passage,
            passage.source,
            passage.location,
        ]);
    }
    says(&answer, &all.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn a_link_shows_the_findings_of_its_own_revision() {
    let harness = Harness::awaiting_approval();
    harness.decide(DecisionKind::RequestChanges);
    harness.succeed();
    let answer = get(&harness, &token(&harness, "bob"));
    says(
        &answer,
        &[
            "First claim of attempt 2.",
            "What came of them",
            "moved to the first finding",
        ],
    );
    says_nothing_of(&answer, "of attempt 1.");
}

#[test]
fn findings_that_cannot_be_shown_cannot_be_approved_from_the_page() {
    let harness = Harness::awaiting_approval();
    let token = token(&harness, "ada");
    let key = format!("workflows/report/{}/analyze/1/analysis.json", harness.id);
    harness.ports.artifacts.put(&key, b"{}");
    let answer = get(&harness, &token);
    page(200, "The findings cannot be shown", &answer);
    says(&answer, &["value=\"reject\"", "value=\"request_changes\""]);
    says_nothing_of(&answer, "value=\"approve\"");

    // Too large is not damaged: the files can be read.
    let harness = Harness::started();
    harness.succeed();
    harness.succeed_with(" ".repeat(3 * 1024 * 1024).as_bytes());
    let token = self::token(&harness, "ada");
    let answer = get(&harness, &token);
    says(
        &answer,
        &[
            "too large",
            "href=\"memory:",
            "evidence.json",
            "value=\"approve\"",
        ],
    );
    harness
        .ports
        .faults
        .fail_next("read", PortError::Transient("away".to_owned()));
    page(503, "That did not work", &get(&harness, &token));
}

#[test]
fn the_page_asks_for_changes_that_an_agent_carries_out() {
    let harness = Harness::awaiting_approval();
    let token = token(&harness, "ada");
    let question = get(&harness, &token);
    let boxes = ["name=\"drop\" value=\"1\"", "name=\"drop\" value=\"2\""];
    says(&question, &boxes);
    says(
        &question,
        &[
            "name=\"terms\"",
            "name=\"search_again\"",
            "name=\"shorter\"",
        ],
    );
    // With another decision nobody can mean it, and what was chosen stays.
    let chosen = "drop=2&terms=costs,+salt+caverns,&shorter=on";
    let refused = post(&harness, &token, &format!("decision=approve&{chosen}"));
    page(400, "You asked for changes, but did not choose", &refused);
    says(
        &refused,
        &[
            "value=\"2\" checked",
            "value=\"costs, salt caverns\"",
            "name=\"shorter\" checked",
        ],
    );
    says_nothing_of(&refused, "value=\"1\" checked");
    let strange = post(&harness, &token, "decision=request_changes&shorter=1");
    page(400, "a value that is not of this page", &strange);
    let long = format!("decision=request_changes&terms={}", "x".repeat(101));
    page(
        400,
        "at most 100 characters",
        &post(&harness, &token, &long),
    );
    page(
        400,
        "no number",
        &post(&harness, &token, "decision=request_changes&drop=x"),
    );
    // The page offers no such box.
    let absent = post(&harness, &token, "decision=request_changes&drop=40");
    page(409, "none with the number 40", &absent);
    says(&absent, &["name=\"decision\""]);
    let decided = post(
        &harness,
        &token,
        &format!("decision=request_changes&{chosen}"),
    );
    page(200, "Your decision is recorded", &decided);
    let no_form = post(&harness, &token, "comment=once+more");
    page(400, "Your decision is recorded", &no_form);
    says(&decided, &["drop finding 2", "make it shorter"]);
    let other = "decision=request_changes&drop=1";
    let later = post(&harness, &token, other);
    page(409, "What you sent with it now is not kept", &later);
    says(
        &later,
        &["drop finding 2", "the step `analyze` works on revision 1"],
    );
    let heard = harness.workflow().change_requests();
    assert_eq!(
        heard[0].changes,
        Changes {
            drop: vec![2],
            terms: vec!["costs".to_owned(), "salt caverns".to_owned()],
            shorter: true,
            ..Changes::default()
        }
    );
}

#[test]
fn a_form_that_is_refused_comes_back_with_what_was_typed() {
    let harness = Harness::awaiting_approval();
    let token = token(&harness, "ada");
    let long = "x".repeat(2001);
    for (body, message, typed) in [
        (
            "decision=request_changes&comment=+",
            "Choose what shall be changed, or say it in the comment, in words.",
            "",
        ),
        (
            "decision=request_changes&comment=...",
            "Choose what shall be changed, or say it in the comment, in words.",
            "...",
        ),
        (
            "comment=%0D%0Aon+%3Clattices%3E",
            "Choose to approve",
            "on &lt;lattices&gt;",
        ),
        (
            &format!("decision=reject&comment={long}"),
            "has 2001 characters",
            &long,
        ),
        (
            "decision=approve&comment=a%1b%E2%80%AEb",
            "must not contain control or invisible characters",
            "a\\u{1b}\\u{202e}b",
        ),
    ] {
        let answer = post(&harness, &token, body);
        page(400, message, &answer);
        says(
            &answer,
            &[
                "Your decision is asked for",
                "First claim of attempt 1.",
                "value=\"approve\"",
            ],
        );
        says(
            &answer,
            &[
                &format!("\n{typed}</textarea>"),
                "aria-invalid=\"true\"",
                "autofocus",
            ],
        );
    }
    // Allowed by the form, but no longer by the workflow.
    harness.decide(DecisionKind::RequestChanges);
    harness.succeed();
    let token = self::token(&harness, "bob");
    let answer = post(
        &harness,
        &token,
        "decision=request_changes&comment=once+more",
    );
    page(
        409,
        "no further revision is allowed (at most 1 revision)",
        &answer,
    );
    says(&answer, &["\nonce more</textarea>", "value=\"approve\""]);
    assert_eq!(harness.status(), Status::AwaitingApproval);
}

#[test]
fn whoever_has_decided_is_told_what_follows() {
    let harness = Harness::awaiting_approvals_by(2, &[]);
    let (ada, bob) = (token(&harness, "ada"), token(&harness, "bob"));
    let first = post(&harness, &ada, "decision=approve");
    page(200, "1 more approval is needed", &first);
    let later = post(&harness, &ada, "decision=approve&comment=but+slowly");
    page(409, "What you sent with it now is not kept", &later);
    says(&later, &["Revision 0 waits for decisions"]);
    says_nothing_of(&later, "new link");
    let second = post(&harness, &bob, "decision=approve");
    page(200, "The step `write` is at work.", &second);
    page(200, "The step `write` is at work.", &get(&harness, &ada));
    harness.succeed();
    page(200, "The workflow is completed.", &get(&harness, &ada));

    let harness = Harness::awaiting_approvals_by(2, &[]);
    let (ada, bob) = (token(&harness, "ada"), token(&harness, "bob"));
    post(&harness, &ada, "decision=approve");
    let changes = post(&harness, &bob, "decision=request_changes&comment=more");
    page(200, "the step `analyze` works on revision 1.", &changes);
    says(&changes, &["takes a new link", "made by", "anonymous"]);
    page(200, "bob", &get(&harness, &ada));
    harness.succeed();
    page(
        200,
        "Revision 1 waits for decisions, until",
        &get(&harness, &bob),
    );
    harness.cancel();
    let ended = get(&harness, &ada);
    page(200, "has decided: changes requested", &ended);
    says(&ended, &["The workflow was cancelled"]);
    let ended = get(&harness, &bob);
    page(200, "The workflow was cancelled", &ended);
    says_nothing_of(&ended, "works on");
    says_nothing_of(&ended, "new link");
}

#[test]
fn get_shows_the_question_and_decides_nothing() {
    let harness = Harness::awaiting_approval();
    let token = token(&harness, "ada");
    let before = harness.workflow();
    for _ in 0..3 {
        let answer = get(&harness, &token);
        page(200, "quantum computing", &answer);
        says(
            &answer,
            &[
                "<dd>0</dd>",
                "value=\"approve\"",
                "value=\"request_changes\"",
            ],
        );
    }
    assert_eq!(harness.workflow(), before);
}

#[test]
fn the_page_is_closed_to_all_but_itself() {
    let harness = Harness::awaiting_approval();
    let valid = token(&harness, "ada");
    for answer in [
        get(&harness, &valid),
        get(&harness, "v1.x"),
        post(&harness, &valid, "decision=reject"),
    ] {
        let header = |wanted: &str| {
            let found = answer.headers.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| value.clone()).unwrap()
        };
        let policy = header("content-security-policy");
        for part in [
            "default-src 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(
            !policy.contains("unsafe") && !policy.contains("script-src"),
            "{policy}"
        );
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cache-control"), "no-store");
        for foreign in ["<script", "http:", "https:", "src=", "onclick", "style="] {
            assert!(!answer.body.contains(foreign), "{foreign}: {}", answer.body);
        }
        assert!(
            !answer.body.contains(&valid),
            "the page repeats its own secret"
        );
    }
}

#[test]
fn what_clients_and_agents_wrote_is_escaped() {
    let harness = Harness::awaiting_approval();
    let hostile = "<script>alert(1)</script>\"'&";
    let token = token(&harness, hostile);
    let answer = get(&harness, &token);
    page(200, "&lt;script&gt;alert(1)&lt;/script&gt;", &answer);
    assert!(!answer.body.contains("<script"), "{}", answer.body);
    let comment = "decision=reject&comment=%3Cimg%20src%3Dx%3E";
    let answer = post(&harness, &token, comment);
    page(200, "&lt;img src=x&gt;", &answer);
    assert!(!answer.body.contains("<img"), "{}", answer.body);
}

/// A document that is quoted: markup, and characters that hide or turn the text around them.
#[test]
fn what_documents_say_neither_acts_nor_hides() {
    let harness = Harness::started();
    let hostile = "</blockquote><form action=x><b onclick=y>approve\u{202e}dne\u{200b}\u{1b}[2J";
    let mut evidence = files::evidence(&harness.id);
    for passage in &mut evidence.evidence {
        for text in [
            &mut passage.title,
            &mut passage.source,
            &mut passage.location,
            &mut passage.passage,
        ] {
            *text = hostile.to_owned();
        }
    }
    harness.succeed_with(&serde_json::to_vec(&evidence).unwrap());
    let mut analysis = files::analysis(&harness.id, 1);
    analysis.summary = hostile.to_owned();
    analysis.gaps = vec![hostile.to_owned()];
    for finding in &mut analysis.findings {
        (finding.heading, finding.note) = (hostile.to_owned(), hostile.to_owned());
        for claim in &mut finding.claims {
            claim.text = hostile.to_owned();
        }
    }
    harness.succeed_with(&serde_json::to_vec(&analysis).unwrap());
    let answer = get(&harness, &token(&harness, "ada"));
    page(200, "&lt;/blockquote&gt;", &answer);
    for raw in ["<form action", "<b ", "\u{202e}", "\u{200b}", "\u{1b}"] {
        says_nothing_of(&answer, raw);
    }
}

#[test]
fn the_decision_counts_in_the_approver_s_name_by_link() {
    let harness = Harness::awaiting_approval();
    let token = token(&harness, "ada@example.com");
    let answer = post(
        &harness,
        &token,
        "decision=approve&comment=well+founded%0D%0Aand+short",
    );
    page(200, "approved", &answer);
    assert_eq!(harness.current().step, name("write"));
    let view = approval_view(&harness.workflow()).unwrap();
    let decision = &view.decisions[0];
    assert_eq!(decision.approver, "ada@example.com");
    assert_eq!(decision.claimed_by.as_deref(), Some("link:anonymous"));
    assert_eq!(decision.comment.as_deref(), Some("well founded\nand short"));
    // What was decided is what the link shows from now on, also once the workflow has gone on.
    assert_eq!(get(&harness, &token), answer);
    harness.succeed();
    let later = get(&harness, &token);
    page(200, "The workflow is completed.", &later);
    says(&later, &["ada@example.com", "well founded\nand short"]);
}

#[test]
fn a_replay_gets_the_same_answer_and_changes_nothing() {
    for (decision, status, at) in [
        ("approve", Status::Running, "write"),
        ("reject", Status::Rejected, "findings"),
        ("request_changes", Status::Running, "analyze"),
    ] {
        let harness = Harness::awaiting_approval();
        let token = token(&harness, "ada");
        let body = format!("decision={decision}&comment=say+more");
        let first = post(&harness, &token, &body);
        assert_eq!(first.status, 200, "{}", first.body);
        assert_eq!(harness.status(), status);
        assert_eq!(harness.workflow().at(), Some(&name(at)));
        let (after, sent) = (harness.workflow(), harness.ports.queues.sent().len());
        harness.wait(1);
        assert_eq!(post(&harness, &token, &body), first);
        // What is said later would be lost.
        let later = post(&harness, &token, &format!("{body}+now"));
        page(409, "already_decided", &later);
        says(&later, &["What you sent with it now is not kept"]);
        let other = if decision == "approve" {
            "reject"
        } else {
            "approve"
        };
        page(
            409,
            "already_decided",
            &post(&harness, &token, &format!("decision={other}")),
        );
        assert_eq!(
            (harness.workflow(), harness.ports.queues.sent().len()),
            (after, sent)
        );
    }
}

#[test]
fn a_link_is_for_its_own_revision() {
    let harness = Harness::awaiting_approval();
    let (mine, theirs) = (token(&harness, "ada"), token(&harness, "bob"));
    let changed = post(&harness, &mine, "decision=request_changes&comment=more");
    page(200, "the step `analyze` works on revision 1.", &changed);
    harness.succeed();
    assert_eq!(harness.workflow().revision, 1);
    // It still tells its own approver; nobody else's decides.
    let waits = "Revision 1 waits for decisions";
    let told = get(&harness, &mine);
    page(200, waits, &told);
    says(&told, &["changes requested", "takes a new link"]);
    let other = get(&harness, &theirs);
    page(409, waits, &other);
    says(&other, &["quantum computing", "takes a new link"]);
    page(
        409,
        "stale_revision",
        &post(&harness, &theirs, "decision=approve"),
    );
    assert_eq!(harness.status(), Status::AwaitingApproval);
    // All revisions are used, and the page knows.
    let latest = token(&harness, "bob");
    assert!(!get(&harness, &latest).body.contains("request_changes"));
    page(
        200,
        "approved",
        &post(&harness, &latest, "decision=approve"),
    );
    // Even then the first one tells what it decided.
    let told = get(&harness, &mine);
    page(200, "changes requested", &told);
    says(
        &told,
        &["Revision 1 was approved. The step `write` is at work."],
    );
    let again = post(&harness, &mine, "decision=request_changes&comment=more");
    assert_eq!(again, told);
}

#[test]
fn a_link_ends_with_the_approval() {
    let harness = Harness::awaiting_approval();
    let token = token(&harness, "ada");
    harness.cancel();
    page(409, "not_awaiting_approval", &get(&harness, &token));
    page(
        409,
        "not_awaiting_approval",
        &post(&harness, &token, "decision=approve"),
    );
    harness.wait(72 * 3600);
    for answer in [
        get(&harness, &token),
        post(&harness, &token, "decision=approve"),
    ] {
        page(410, "expired_link", &answer);
        says(
            &answer,
            &["quantum computing", "The workflow was cancelled"],
        );
    }
}

/// Whoever comes too late learns what it was about, and what came of it.
#[test]
fn an_expired_link_tells_the_outcome_and_shows_no_findings() {
    for (on_timeout, announced, at_once, later) in [
        (
            OnTimeout::Approve,
            "that counts as approval, and the workflow goes on.",
            "Within a minute it counts as approved.",
            "Revision 0 was approved by silence: there were not enough decisions by Thursday",
        ),
        (
            OnTimeout::Expire,
            "the workflow ends here.",
            "Within a minute the workflow ends.",
            "There were not enough decisions on revision 0 in time",
        ),
        (
            OnTimeout::Escalate,
            "others are asked to decide too.",
            "Within a minute others are asked to decide.",
            "takes a new link",
        ),
    ] {
        let harness = Harness::awaiting_approval_or(on_timeout);
        let token = token(&harness, "ada");
        let announced = format!("If there are not enough decisions by then, {announced}");
        page(200, &announced, &get(&harness, &token));
        harness.wait(72 * 3600);
        let expired = get(&harness, &token);
        page(410, at_once, &expired);
        harness.apply(Input::DeadlinePassed);
        let expired = get(&harness, &token);
        page(410, later, &expired);
        says(&expired, &["quantum computing", "0 of 1 approval given"]);
        let told = expired.body.contains("Approved by silence, Thursday");
        assert_eq!(told, on_timeout == OnTimeout::Approve, "{}", expired.body);
        for hidden in ["First claim", "Summary of attempt", "<form"] {
            says_nothing_of(&expired, hidden);
        }
    }
}

/// Mail programs and trackers add their own to a link.
#[test]
fn foreign_query_parameters_do_not_break_a_link() {
    let harness = Harness::awaiting_approval();
    let token = token(&harness, "ada");
    let tracked = |request: ApiRequest| {
        let request = request.query("utm_source", "mail").query("fbclid", "x");
        let request = request.query("utm_source", "again");
        ask(service(&harness, Authorization::None).as_ref(), &request)
    };
    let looked = tracked(request("GET /approval-links/{token}").path("token", &token));
    assert_eq!(looked, get(&harness, &token));
    let decided = tracked(form(&token, "decision=approve"));
    page(200, "approved", &decided);
}

#[test]
fn all_passages_can_be_opened_at_once() {
    let harness = Harness::awaiting_approval();
    let token = token(&harness, "ada");
    let folded = get(&harness, &token);
    says(&folded, &["<details>", "href=\"?passages=open\""]);
    let asked = request("GET /approval-links/{token}").path("token", &token);
    let asked = asked.query("passages", "open");
    let unfolded = ask(service(&harness, Authorization::None).as_ref(), &asked);
    says(
        &unfolded,
        &["<details open>", "Passage 1 speaks of lattices"],
    );
    says_nothing_of(&unfolded, "<details>");
}

#[test]
fn files_that_were_not_read_are_on_the_page() {
    let harness = Harness::started();
    let mut evidence = files::evidence(&harness.id);
    let file = |name: &str| UnreadableSource {
        source: format!("s3://papers/{name}"),
        reason: "holds no <text>".to_owned(),
    };
    evidence.unreadable = vec![file("scan.pdf")];
    evidence.documents_unread = 3;
    evidence.losses = vec![Loss {
        what: "menus are left out".to_owned(),
        source: "s3://papers/a.html".to_owned(),
        documents: 2,
    }];
    harness.succeed_with(&serde_json::to_vec(&evidence).unwrap());
    harness.succeed();
    let answer = get(&harness, &token(&harness, "ada"));
    says(
        &answer,
        &[
            "3 files of the sources could not be read",
            "s3://papers/scan.pdf: holds no &lt;text&gt;",
            "and 2 more files",
            "menus are left out (s3://papers/a.html and 1 more file)",
        ],
    );
    says_nothing_of(&get_of(&Harness::awaiting_approval()), "Not read");
}

#[test]
fn tokens_of_others_open_nothing() {
    let harness = Harness::awaiting_approval();
    let link = Link {
        workflow_id: harness.id.clone(),
        revision: 0,
        approver: "ada".to_owned(),
        made_by: "anonymous".to_owned(),
    };
    let later = harness.now().plus(Duration::from_secs(60));
    let claim = Claim {
        workflow_id: harness.id.clone(),
        flow: name("report"),
        of: attempt("analyze", 1),
    };
    let foreign_keys = Harness::empty().tokens;
    let mut altered = link.sign(&harness.tokens, later).unwrap();
    altered.pop();
    for refused in [
        String::new(),
        "nonsense".to_owned(),
        altered,
        link.sign(&foreign_keys, later).unwrap(),
        harness.tokens.sign(&claim, later).unwrap(),
    ] {
        page(403, "invalid_link", &get(&harness, &refused));
        page(
            403,
            "invalid_link",
            &post(&harness, &refused, "decision=approve"),
        );
    }
    let elsewhere = Link {
        workflow_id: WorkflowId::derive("ada", "another"),
        ..link.clone()
    };
    let elsewhere = elsewhere.sign(&harness.tokens, later).unwrap();
    page(
        404,
        "workflow_not_found",
        &post(&harness, &elsewhere, "decision=approve"),
    );
    assert_eq!(harness.status(), Status::AwaitingApproval);
    // The same, rightly signed, is taken.
    let own = link.sign(&harness.tokens, later).unwrap();
    page(200, "approved", &post(&harness, &own, "decision=approve"));
}

#[test]
fn only_the_page_s_form_is_taken() {
    let harness = Harness::awaiting_approval();
    let token = token(&harness, "ada");
    let handler = service(&harness, Authorization::None);
    let long = format!("decision=reject&comment={}", "x".repeat(2001));
    let huge = format!("decision=reject&comment={}", "x".repeat(64 * 1024));
    for (body, status, words) in [
        ("", 400, "Choose to approve"),
        ("decision=maybe", 400, "Choose to approve"),
        ("decision=approve&decision=reject", 400, "twice"),
        ("decision=approve&approver=eve", 400, "not of this page"),
        (
            "decision=request_changes&comment=+",
            400,
            "what shall be changed",
        ),
        (
            "decision=request_changes&comment=%E2%80%8B%0D%0A%E2%A0%80",
            400,
            "what shall be changed",
        ),
        ("decision=reject&comment=%1B%5B2J", 400, "U+001B"),
        ("decision=reject&comment=%ff", 400, "not UTF-8"),
        (long.as_str(), 400, "at most 2000 are taken"),
        (huge.as_str(), 413, "too large"),
    ] {
        page(status, words, &post(&harness, &token, body));
    }
    for media_type in [
        "application/json",
        "text/plain",
        "multipart/form-data",
        "application/x-www-form-urlencoded; charset=utf-16",
        "",
    ] {
        let sent = form(&token, "decision=approve").header("content-type", media_type);
        page(
            415,
            "Only the form of this page",
            &ask(handler.as_ref(), &sent),
        );
    }
    let bytes = form(&token, "").body(b"decision=reject&comment=\xff");
    page(400, "not UTF-8", &ask(handler.as_ref(), &bytes));
    assert_eq!(harness.status(), Status::AwaitingApproval);
}

#[test]
fn somebody_else_s_decision_is_told_of() {
    let harness = Harness::awaiting_approval();
    let token = token(&harness, "bob");
    harness.decide(DecisionKind::Approve);
    let told = get(&harness, &token);
    page(
        409,
        "Revision 0 was approved. The step `write` is at work.",
        &told,
    );
    says(&told, &["ada", "say more on lattices"]);
    page(
        409,
        "not_awaiting_approval",
        &post(&harness, &token, "decision=approve"),
    );
}

#[test]
fn errors_of_ports_ask_to_try_again() {
    for operation in ["load", "history", "commit"] {
        for (error, status) in [
            (PortError::Throttled("secret".to_owned()), 429),
            (PortError::Transient("secret".to_owned()), 503),
            (PortError::Permanent("secret".to_owned()), 500),
        ] {
            let harness = Harness::awaiting_approval();
            let token = token(&harness, "ada");
            harness.ports.faults.fail_next(operation, error);
            let answer = post(&harness, &token, "decision=approve");
            page(status, "That did not work", &answer);
            assert!(!answer.body.contains("secret"), "{}", answer.body);
            page(200, "approved", &post(&harness, &token, "decision=approve"));
        }
    }
}

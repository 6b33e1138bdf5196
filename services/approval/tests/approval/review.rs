//! `GET /workflows/{id}/review`.

use std::sync::Arc;

use aegis_approval::Approval;
use aegis_contracts::approval::{DecisionKind, OnTimeout, Outcome};
use aegis_contracts::findings::{Claim, Evidence, UnreadableSource};
use aegis_contracts::review::Review;
use aegis_contracts::usage::Usage;
use aegis_engine::api::{ApiRequest, Authorization, Caller, JwtRules};
use aegis_engine::error::PortError;
use aegis_testkit::flow::attempt;
use aegis_testkit::harness::{Harness, files};
use aegis_testkit::requests::{With, ask, ok, problem, refusal, request, tells_of_port_errors};
use aegis_workflow::{Input, Success};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::service;

pub fn wanted(harness: &Harness) -> ApiRequest {
    request("GET /workflows/{id}/review").id(harness.id.as_str())
}

fn seen(harness: &Harness, request: &ApiRequest) -> Review {
    let service = service(harness, Authorization::None);
    serde_json::from_value(ok(200, &ask(service.as_ref(), request))).unwrap()
}

fn refused(harness: &Harness, request: &ApiRequest) -> (u16, String) {
    refusal(service(harness, Authorization::None).as_ref(), request)
}

fn because(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// An analyst's file with these claims, which all cite `evidence`.
fn analysis(harness: &Harness, texts: &[String], evidence: &str) -> Vec<u8> {
    let mut file = files::analysis(&harness.id, 1);
    let claim = |text: &String| Claim {
        text: text.clone(),
        lead: None,
        evidence: evidence.to_owned(),
    };
    file.findings.truncate(1);
    file.findings[0].claims = texts.iter().map(claim).collect();
    serde_json::to_vec(&file).unwrap()
}

#[test]
fn every_claim_is_beside_its_passage_and_every_vote_is_told() {
    let harness = Harness::awaiting_approvals_by(2, &[]);
    let before = harness.workflow();
    harness.decide(DecisionKind::Approve);
    let review = seen(&harness, &wanted(&harness));
    assert!(review.waiting);
    assert_eq!(
        (review.topic.as_str(), review.requested_by.as_str()),
        ("quantum computing", "ada")
    );
    assert_eq!(review.summary, "Summary of attempt 1.");
    let expected = files::analysis(&harness.id, 1);
    let passages = files::evidence(&harness.id).evidence;
    assert_eq!(review.findings.len(), expected.findings.len());
    for (finding, expected) in review.findings.iter().zip(&expected.findings) {
        assert_eq!(
            (&finding.heading, &finding.note),
            (&expected.heading, &expected.note)
        );
        assert_eq!(finding.claims.len(), expected.claims.len());
        for (claim, expected) in finding.claims.iter().zip(&expected.claims) {
            let own = |passage: &&Evidence| passage.id == expected.evidence;
            assert_eq!(claim.text, expected.text);
            assert_eq!(claim.passage.as_ref(), passages.iter().find(own));
        }
    }
    assert_eq!(review.gaps, expected.gaps);
    assert_eq!(
        (review.approval.required, review.approval.max_revisions),
        (2, 1)
    );
    let votes: Vec<_> = review.approval.decisions.iter().collect();
    assert_eq!((votes.len(), votes[0].approver.as_str()), (1, "ada"));
    assert_eq!(votes[0].comment.as_deref(), Some("say more on lattices"));
    assert_eq!(votes[0].decided_at, harness.now());
    let file = serde_json::to_vec(&expected).unwrap();
    assert_eq!(review.hash, HEXLOWER.encode(&Sha256::digest(&file)));
    assert_eq!(
        harness.workflow().version,
        before.version + 1,
        "looking decides nothing"
    );
}

/// As where a step gathers what several branches found, each with passages of the same names.
#[test]
fn claims_are_beside_passages_that_the_shown_step_put_together() {
    let harness = Harness::started();
    harness.succeed();
    let mut gathered = files::evidence(&harness.id);
    gathered.evidence[0].passage = "Gathered.".to_owned();
    let gathered = serde_json::to_vec(&gathered).unwrap();
    let sha256 = HEXLOWER.encode(&Sha256::digest(&gathered));
    let mut analysis = files::analysis(&harness.id, 1);
    analysis.evidence_sha256 = Some(sha256);
    let of = harness.current();
    let prefix = harness.prefix(&of);
    let bucket = &harness.ports.artifacts;
    let artifacts = vec![
        harness.put_result(&of, &serde_json::to_vec(&analysis).unwrap()),
        bucket.put_result(&prefix, "evidence.json", &gathered),
    ];
    harness.apply(Input::StepSucceeded(Success {
        of,
        summary: "done".to_owned(),
        artifacts,
        items: None,
        usage: Usage::default(),
    }));
    let review = seen(&harness, &wanted(&harness));
    let passage = review.findings[0].claims[0].passage.as_ref();
    assert_eq!(passage.unwrap().passage, "Gathered.");
}

/// An approver has to know that the findings may lack something.
#[test]
fn files_that_could_not_be_read_are_told_of() {
    let harness = Harness::started();
    let mut evidence = files::evidence(&harness.id);
    evidence.unreadable = vec![UnreadableSource {
        source: "s3://papers/scan.pdf".to_owned(),
        reason: "holds no text".to_owned(),
    }];
    harness.succeed_with(&serde_json::to_vec(&evidence).unwrap());
    harness.succeed();
    let review = seen(&harness, &wanted(&harness));
    assert_eq!(review.unreadable, evidence.unreadable);
}

#[test]
fn silence_that_approves_is_announced_and_told_of_afterwards() {
    let harness = Harness::awaiting_approval_or(OnTimeout::Approve);
    let before = seen(&harness, &wanted(&harness)).approval;
    assert_eq!(
        (before.on_timeout, before.settled),
        (OnTimeout::Approve, None)
    );
    harness.wait(72 * 3600);
    harness.apply(Input::DeadlinePassed);
    let after = seen(&harness, &wanted(&harness)).approval;
    assert!(after.decisions.is_empty(), "{after:?}");
    let settled = after.settled.unwrap();
    assert_eq!((settled.outcome, settled.by), (Outcome::Approved, None));
    assert_eq!(settled.at, before.deadline_at);
}

#[test]
fn who_may_still_decide_is_told_while_it_waits() {
    let harness = Harness::awaiting_approval_by(&["ada", "bob"]);
    assert_eq!(seen(&harness, &wanted(&harness)).undecided, ["ada", "bob"]);
    harness.decide(DecisionKind::Approve);
    let review = seen(&harness, &wanted(&harness));
    assert_eq!((review.waiting, review.undecided.len()), (false, 0));
    assert_eq!(review.approval.approvers, ["ada", "bob"]);
}

#[test]
fn each_revision_shows_its_own_findings_and_votes_for_ever() {
    let harness = Harness::awaiting_approval();
    let first = seen(&harness, &wanted(&harness));
    harness.decide(DecisionKind::RequestChanges);
    // The next one is not there yet: the latest that was asked about stays.
    let while_analyzing = seen(&harness, &wanted(&harness));
    assert_eq!(while_analyzing.findings, first.findings);
    assert!(!while_analyzing.waiting);
    let next = wanted(&harness).query("revision", "1");
    assert_eq!(refused(&harness, &next), because(409, "not_analyzed"));
    harness.succeed();
    let second = seen(&harness, &wanted(&harness));
    assert_eq!((second.approval.revision, second.waiting), (1, true));
    assert_eq!(
        second.findings[0].claims[0].text,
        "First claim of attempt 2."
    );
    assert_eq!(
        second.revised.as_ref().unwrap().done,
        ["moved to the first finding"]
    );
    assert_ne!(second.hash, first.hash);
    harness.decide(DecisionKind::Approve);
    harness.succeed();
    let again = seen(&harness, &wanted(&harness).query("revision", "0"));
    assert_eq!(
        (&again.findings, &again.hash),
        (&first.findings, &first.hash)
    );
    assert_eq!(
        again.approval.decisions[0].decision,
        DecisionKind::RequestChanges
    );
    let last = seen(&harness, &next);
    assert_eq!(last.approval.decisions[0].decision, DecisionKind::Approve);
}

#[test]
fn what_was_never_asked_is_not_there() {
    let harness = Harness::awaiting_approval();
    let revision = |text: &str| wanted(&harness).query("revision", text);
    assert_eq!(
        refused(&harness, &revision("1")),
        because(404, "revision_not_found")
    );
    for text in ["", "x", "-1", "1.0", "4294967296", "1\u{202e}"] {
        assert_eq!(
            refused(&harness, &revision(text)),
            because(400, "invalid_query"),
            "{text}"
        );
    }
    let unknown = wanted(&harness).query("version", "1");
    assert_eq!(refused(&harness, &unknown), because(400, "invalid_query"));
    for id in ["", "x", "wf_aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let request = wanted(&harness).id(id);
        assert_eq!(
            refused(&harness, &request),
            because(404, "workflow_not_found"),
            "{id}"
        );
    }
    for make in [Harness::started, Harness::failed, Harness::cancelled] {
        let harness = make();
        assert_eq!(
            refused(&harness, &wanted(&harness)),
            because(409, "not_analyzed")
        );
        let first = wanted(&harness).query("revision", "0");
        assert_eq!(refused(&harness, &first), because(409, "not_analyzed"));
    }
}

/// Key of the file of a step's first attempt.
fn key(harness: &Harness, step: &str, name: &str) -> String {
    format!("{}{name}", harness.prefix(&attempt(step, 1)))
}

#[test]
fn a_file_that_is_missing_or_broken_is_named() {
    for (step, name) in [("research", "evidence.json"), ("analyze", "analysis.json")] {
        let harness = Harness::awaiting_approval();
        harness.ports.artifacts.remove(&key(&harness, step, name));
        assert_eq!(
            refused(&harness, &wanted(&harness)),
            because(404, "artifact_not_found")
        );
        for altered in ["{}", "nonsense", ""] {
            let harness = Harness::awaiting_approval();
            harness
                .ports
                .artifacts
                .put(&key(&harness, step, name), altered.as_bytes());
            let service = service(&harness, Authorization::None);
            let problem = problem(&ask(service.as_ref(), &wanted(&harness)));
            assert_eq!(
                (problem.status, problem.code.as_str()),
                (409, "artifact_unreadable")
            );
            assert!(problem.detail.contains(name), "{}", problem.detail);
        }
    }
    let nested = "[".repeat(100_000);
    let harness = Harness::started();
    harness.succeed();
    harness.succeed_with(b"\xff\xfe");
    assert_eq!(
        refused(&harness, &wanted(&harness)),
        because(409, "artifact_unreadable")
    );
    // What holds no findings is shown as what it is.
    for text in ["not JSON", "[]", "{\"findings\": 7}", nested.as_str()] {
        let harness = Harness::started();
        harness.succeed();
        harness.succeed_with(text.as_bytes());
        let review = seen(&harness, &wanted(&harness));
        assert_eq!(review.shown.text.as_deref(), Some(text));
        assert!(review.findings.is_empty());
    }
}

#[test]
fn what_is_too_large_is_linked() {
    let harness = Harness::started();
    harness.succeed();
    let file = analysis(&harness, &["x".repeat(2 * 1024 * 1024)], "e1");
    harness.succeed_with(&file);
    too_large(&harness);

    // Small files, but each claim brings its passage along.
    let harness = Harness::started();
    let mut evidence = files::evidence(&harness.id);
    evidence.evidence[0].passage = "y".repeat(500_000);
    harness.succeed_with(&serde_json::to_vec(&evidence).unwrap());
    harness.succeed_with(&analysis(&harness, &vec!["x".to_owned(); 10_000], "e1"));
    too_large(&harness);

    // Each of these characters becomes six in JSON.
    for (claims, fits) in [(1, true), (2, false)] {
        let harness = Harness::started();
        let mut evidence = files::evidence(&harness.id);
        evidence.evidence[0].passage = "\u{1}".repeat(300_000);
        harness.succeed_with(&serde_json::to_vec(&evidence).unwrap());
        harness.succeed_with(&analysis(&harness, &vec!["x".to_owned(); claims], "e1"));
        match fits {
            true => drop(seen(&harness, &wanted(&harness))),
            false => too_large(&harness),
        }
    }
}

fn too_large(harness: &Harness) {
    let service = service(harness, Authorization::None);
    let problem = problem(&ask(service.as_ref(), &wanted(harness)));
    assert_eq!(
        (problem.status, problem.code.as_str()),
        (409, "artifact_too_large")
    );
    let names: Vec<_> = problem
        .links
        .iter()
        .map(|link| link.name.as_str())
        .collect();
    assert_eq!(names, ["analysis.json", "evidence.json"]);
    let key = key(harness, "analyze", "analysis.json");
    assert!(problem.links[0].url.contains(&key), "{:?}", problem.links);
}

#[test]
fn a_claim_without_its_passage_is_shown_as_one() {
    let harness = Harness::started();
    harness.succeed();
    harness.succeed_with(&analysis(&harness, &["Where from?".to_owned()], "e9"));
    let review = seen(&harness, &wanted(&harness));
    let claim = &review.findings[0].claims[0];
    assert_eq!((claim.evidence.as_str(), &claim.passage), ("e9", &None));
}

/// Asked for by a scope, with tokens that have one.
fn jwt(harness: &Harness, scope: &str) -> (Authorization, Caller) {
    let rules = JwtRules {
        issuer: "https://issuer.example".to_owned(),
        audience: vec!["web".to_owned()],
        scope: scope.to_owned(),
        subject_claim: "sub".to_owned(),
    };
    let expiry = (harness.now().as_seconds() + 60).to_string();
    let claims = [
        ("iss", "https://issuer.example"),
        ("aud", "web"),
        ("exp", &expiry),
        ("scope", scope),
        ("sub", "ann@example.com"),
    ];
    let claims = claims.map(|(name, value)| (name.to_owned(), value.to_owned()));
    (
        Authorization::Jwt(Arc::new(rules)),
        Caller::Jwt(claims.into()),
    )
}

#[test]
fn whoever_may_read_or_approve_may_look() {
    let harness = Harness::awaiting_approval();
    let (readers, reader) = jwt(&harness, "aegis/read");
    let (approvers, approver) = jwt(&harness, "aegis/approve");
    let (operators, operator) = jwt(&harness, "aegis/operate");
    let open = Arc::into_inner(service(&harness, Authorization::None)).unwrap();
    let service = Approval {
        authorization: approvers,
        readers,
        operators,
        ..open
    };
    let by = |caller: Caller| ApiRequest {
        caller,
        ..wanted(&harness)
    };
    for caller in [reader, approver] {
        ok(200, &ask(&service, &by(caller)));
    }
    assert_eq!(
        refusal(&service, &by(operator)),
        because(403, "insufficient_scope")
    );
    assert_eq!(
        refusal(&service, &by(Caller::Anonymous)),
        because(401, "unauthenticated")
    );
}

#[test]
fn errors_of_ports_are_told_to_whoever_looks() {
    for operation in ["load_with_request", "history", "read"] {
        tells_of_port_errors(&|error: PortError| {
            let harness = Harness::awaiting_approval();
            harness.ports.faults.fail_next(operation, error);
            ask(
                service(&harness, Authorization::None).as_ref(),
                &wanted(&harness),
            )
        });
    }
}

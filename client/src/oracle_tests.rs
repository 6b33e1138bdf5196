//! The oracle sees what is wrong, thing by thing.

use std::collections::BTreeMap;

use aegis_contracts::artifact::ArtifactRef;
use aegis_contracts::attempt::Attempt;
use aegis_contracts::flow::Name;
use aegis_contracts::view::{HistoryEvent, Status, WorkflowView};
use serde_json::{Value, json};

use crate::oracle::{
    Claim, Content, Read, of_all, of_approvals, of_artifact, of_claims, of_history, of_results,
    of_steps,
};

fn view(version: u64) -> WorkflowView {
    let step = |step: &str| json!({"step": step, "agent": "a", "status": "succeeded", "attempt": 1, "revision": 0});
    let place = |step: &str| json!({"step": step, "agent": "a"});
    let key = |step: &str, name: &str| {
        format!("workflows/report/wf_abcdefghijklmnopqrstuvwxyz/{step}/1/{name}")
    };
    let artifact = |step: &str, name: &str| json!({"name": name, "key": key(step, name), "size": 1, "media_type": "text/plain", "sha256": "0".repeat(64)});
    serde_json::from_value(json!({
        "workflow_id": "wf_abcdefghijklmnopqrstuvwxyz", "flow": "report", "flow_version": 1,
        "status": "completed", "topic": "t", "parameters": {"depth": "quick"},
        "course": [place("research"), place("analyze"), {"approval": "findings"}, place("write")],
        "created_at": "2026-11-23T18:00:00.000Z", "updated_at": "2026-11-23T18:00:07.500Z", "version": version, "revision": 0,
        "steps": [step("research"), step("analyze"), step("write")], "approval": null,
        "artifacts": [artifact("research", "evidence.json"), artifact("analyze", "analysis.json"), artifact("write", "report.md")],
        "result": null, "failure": null, "usage": {"input_tokens": 0, "output_tokens": 0, "cost_usd": 0.0}, "budget": null,
        "links": {"self": "a", "history": "b", "approve": "c", "cancel": "d", "redrive": "e"},
    }))
    .unwrap()
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn findings() -> Value {
    json!({"approval": "findings"})
}

fn event(version: u64, kind: &str, data: Value) -> HistoryEvent {
    HistoryEvent {
        version,
        kind: kind.to_owned(),
        occurred_at: "2026-11-23T18:00:00Z".parse().unwrap(),
        data,
    }
}

fn whole() -> Vec<HistoryEvent> {
    let step = |version, step: &str| {
        event(
            version,
            "StepCompleted",
            json!({"step": step, "attempt": 1}),
        )
    };
    vec![
        event(1, "WorkflowStarted", json!({})),
        step(2, "research"),
        step(3, "analyze"),
        event(3, "ApprovalRequested", findings()),
        event(4, "ApprovalGranted", findings()),
        step(5, "write"),
        event(5, "WorkflowCompleted", json!({})),
    ]
}

#[test]
fn a_whole_history_is_well() {
    assert_eq!(of_history(&view(5), &whole()), Vec::<String>::new());
    assert_eq!(of_steps(&view(5)), Vec::<String>::new());
}

#[test]
fn a_gap_a_missing_end_and_repeated_events_are_seen() {
    let mut gap = whole();
    gap.retain(|event| event.version != 3);
    assert_eq!(of_history(&view(5), &gap), ["version 4 follows 2"]);
    let short = &whole()[..5];
    let wrong = of_history(&view(5), short);
    assert_eq!(
        wrong,
        [
            "history ends with version 4, the state has 5",
            "is completed and has ended by no event of an end"
        ]
    );
    let mut twice = whole();
    twice.push(event(6, "WorkflowStarted", json!({})));
    twice.push(event(
        6,
        "StepCompleted",
        json!({"step": "write", "attempt": 1}),
    ));
    twice.push(event(6, "WorkflowCompleted", json!({})));
    assert_eq!(
        of_history(&view(6), &twice),
        [
            "started 2 times",
            "is completed and has ended by WorkflowCompleted, WorkflowCompleted",
            "\"write\" 1 completed twice"
        ]
    );
}

const ENDED: [(Status, &str); 5] = [
    (Status::Completed, "WorkflowCompleted"),
    (Status::Failed, "WorkflowFailed"),
    (Status::Cancelled, "WorkflowCancelled"),
    (Status::Rejected, "WorkflowRejected"),
    (Status::Expired, "WorkflowExpired"),
];

fn ended(status: Status, version: u64) -> WorkflowView {
    WorkflowView {
        status,
        ..view(version)
    }
}

/// Ends in a version that has another event as well.
fn ending(kinds: &[&str]) -> Vec<HistoryEvent> {
    let step = json!({"step": "research", "attempt": 1});
    let mut history = vec![
        event(1, "WorkflowStarted", json!({})),
        event(1, "ApprovalGranted", findings()),
        event(2, "StepCompleted", step),
    ];
    history.extend(kinds.iter().map(|kind| event(2, kind, json!({}))));
    history
}

#[test]
fn an_ending_without_its_event_is_seen_though_its_version_is_there() {
    for (status, kind) in ENDED {
        let view = ended(status, 2);
        assert_eq!(of_history(&view, &ending(&[kind])), Vec::<String>::new());
        let wrong = of_history(&view, &ending(&[]));
        let what = format!("is {} and has ended by no event of an end", status.as_str());
        assert_eq!(wrong, [what]);
    }
    let mut history = whole();
    history.retain(|event| event.kind != "WorkflowCompleted");
    assert_eq!(of_history(&view(5), &history).len(), 1);
}

#[test]
fn approvals_are_one_and_before_what_is_written() {
    let of = |change: fn(&mut Vec<HistoryEvent>)| {
        let mut history = whole();
        change(&mut history);
        of_approvals(&view(5), &history)
    };
    assert_eq!(of(|_| ()), Vec::<String>::new());
    let without = of(|history| drop(history.remove(4)));
    assert_eq!(without, ["`findings` was approved 0 times"]);
    let twice = of(|history| history.insert(5, event(4, "ApprovalGranted", findings())));
    assert_eq!(twice, ["`findings` was approved 2 times"]);
    let late = of(|history| history.swap(4, 5));
    assert_eq!(late, ["\"write\" was done before `findings` was approved"]);
    assert_eq!(
        of_approvals(&ended(Status::Rejected, 5), &whole()[..4]),
        Vec::<String>::new()
    );
}

#[test]
fn a_result_of_no_agent_is_seen() {
    let mut claims = claims();
    assert_eq!(of_results(&whole(), &claims), Vec::<String>::new());
    claims.insert(first("write"), Vec::new());
    claims.insert(Attempt::once(name("write"), 2), vec![claim("a")]);
    let what = "attempt 1 of \"write\" has a result and was begun by no agent";
    assert_eq!(of_results(&whole(), &claims), [what]);
    claims.remove(&first("write"));
    assert_eq!(of_results(&whole(), &claims), [what]);
}

fn first(step: &str) -> Attempt {
    Attempt::once(name(step), 1)
}

/// Of the first attempt of each step.
fn claims() -> BTreeMap<Attempt, Vec<Claim>> {
    let each = ["research", "analyze", "write"].into_iter();
    each.map(|step| (first(step), vec![claim("a")])).collect()
}

#[test]
fn an_ending_of_another_kind_or_a_second_one_is_seen() {
    for (status, kind) in ENDED {
        let view = ended(status, 2);
        for (_, other) in ENDED.into_iter().filter(|(_, other)| *other != kind) {
            assert_eq!(of_history(&view, &ending(&[other])).len(), 1, "{other}");
            assert_eq!(of_history(&view, &ending(&[kind, other])).len(), 1);
        }
        let twice = of_history(&view, &ending(&[kind, kind]));
        assert_eq!(twice.len(), 1, "{twice:?}");
        let alive = of_history(&ended(Status::Running, 2), &ending(&[kind]));
        assert_eq!(alive, [format!("is running and has ended by {kind}")]);
    }
}

#[test]
fn what_happens_after_the_ending_is_seen() {
    for (status, kind) in ENDED {
        let mut history = ending(&[kind]);
        history.push(event(3, "ApprovalReminded", json!({})));
        let wrong = of_history(&ended(status, 3), &history);
        assert_eq!(
            wrong,
            [format!("went on to version 3 after {kind} in version 2")]
        );
    }
}

#[test]
fn each_redrive_follows_one_failure() {
    let redriven = |before: &[&str], status, after: &[&str]| {
        let mut history = ending(before);
        history.push(event(3, "WorkflowRedriven", json!({})));
        history.extend(after.iter().map(|kind| event(4, kind, json!({}))));
        of_history(&ended(status, 4), &history)
    };
    let failed = "WorkflowFailed";
    let well = redriven(&[failed], Status::Completed, &["WorkflowCompleted"]);
    assert_eq!(well, Vec::<String>::new());
    let again = redriven(&[failed], Status::Failed, &[failed]);
    assert_eq!(again, Vec::<String>::new());
    let silent = redriven(&[], Status::Failed, &[failed]);
    assert_eq!(silent, ["redrive 1 follows no event of an end"]);
    let cancelled = redriven(&["WorkflowCancelled"], Status::Failed, &[failed]);
    assert_eq!(cancelled, ["redrive 1 follows WorkflowCancelled"]);
    // The failure before the redrive is not the end of what came after it.
    let endless = redriven(&[failed], Status::Failed, &["StepRetried"]);
    assert_eq!(endless, ["is failed and has ended by no event of an end"]);
}

/// As it says itself.
fn content_of(artifact: &ArtifactRef) -> Option<Content> {
    Some(Content {
        sha256: artifact.sha256.clone(),
        size: artifact.size,
    })
}

#[test]
fn an_artifact_that_is_missing_or_another_is_seen() {
    // As FIPS 180 has it.
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let mut artifact = view(5).artifacts.remove(2);
    artifact.sha256 = abc.to_owned();
    artifact.size = 3;
    let of = |bytes: &[u8]| of_artifact(&artifact, Some(&Content::of(bytes)));
    assert_eq!(of(b"abc"), None);
    let other = Some("workflows/report/wf_abcdefghijklmnopqrstuvwxyz/write/1/report.md differs from its hash or size".to_owned());
    assert_eq!(of(b"abd"), other);
    let longer = Content {
        sha256: abc.to_owned(),
        size: 4,
    };
    assert_eq!(of_artifact(&artifact, Some(&longer)), other);
    let missing = Some(
        "workflows/report/wf_abcdefghijklmnopqrstuvwxyz/write/1/report.md is missing".to_owned(),
    );
    assert_eq!(of_artifact(&artifact, None), missing);
}

/// One step, one artifact, one claim too many or too few at a time.
#[test]
fn every_law_counts() {
    let read = || {
        let view = view(5);
        Read {
            contents: view.artifacts.iter().map(content_of).collect(),
            claims: claims(),
            history: whole(),
            view,
        }
    };
    let of = |change: fn(&mut Read)| {
        let mut read = read();
        change(&mut read);
        of_all(Status::Completed, &read)
    };
    assert_eq!(of(|_| ()), Vec::<String>::new());
    type Breakage = fn(&mut Read);
    let cases: [(Breakage, &str); 7] = [
        (
            |read| drop(read.history.pop()),
            "has ended by no event of an end",
        ),
        (|read| drop(read.view.steps.pop()), "without a result"),
        (|read| read.contents[2] = None, "/report.md is missing"),
        (
            |read| {
                let claims = read.claims.entry(first("write")).or_default();
                claims.push(claim("b"));
            },
            "was begun in",
        ),
        (
            |read| drop(read.claims.remove(&first("analyze"))),
            "was begun by no agent",
        ),
        (
            |read| read.history[4].kind = "ApprovalRecorded".to_owned(),
            "was approved 0 times",
        ),
        (
            |read| {
                read.view.status = Status::Rejected;
                read.history.pop();
                read.history.push(event(5, "WorkflowRejected", json!({})));
            },
            "is rejected instead of completed",
        ),
    ];
    for (change, what) in cases {
        let wrong = of(change);
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert!(wrong[0].contains(what), "{wrong:?}");
    }
}

#[test]
fn a_completed_workflow_without_a_result_is_seen() {
    let mut view = view(5);
    view.artifacts.pop();
    assert_eq!(of_steps(&view), ["completed without a result of `write`"]);
    view.steps.remove(0);
    assert_eq!(of_steps(&view).len(), 2);
}

fn claim(session: &str) -> Claim {
    Claim {
        session: session.to_owned(),
        at: None,
    }
}

#[test]
fn an_attempt_begun_in_two_sessions_is_seen() {
    let of = |claims: &[Claim]| of_claims(&Attempt::once(name("write"), 2), claims);
    assert_eq!(of(&[claim("a"), claim("a")]), None);
    let wrong = of(&[claim("a"), claim("b")]).unwrap();
    assert!(wrong.contains("attempt 2 of `write`"), "{wrong}");
}

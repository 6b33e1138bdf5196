//! The laws of a run see what is wrong, thing by thing.

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_client::oracle::Judgement;
use aegis_contracts::attempt::Attempt;
use aegis_contracts::flow::Name;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::{HistoryEvent, Status, WorkflowSummary, WorkflowView};
use serde_json::json;

use super::bus::Came;
use super::laws::{Read, accepted, of_all, of_starts};
use super::queues::Depths;
use crate::drive::{Driven, Started};
use crate::run::DeadLetter;
use crate::scenario::Kind;

const MARK: &str = "load test 0123456789";

fn id(key: &str) -> WorkflowId {
    WorkflowId::derive("p", key)
}

fn started(number: usize, key: Option<&str>, wrong: Option<&str>) -> Started {
    Started {
        number,
        kind: Kind::Revise,
        due: Duration::ZERO,
        late: Duration::ZERO,
        took: Vec::new(),
        failed: 0,
        id: key.map(id),
        wrong: wrong.map(str::to_owned),
    }
}

#[test]
fn refused_starts_and_shared_workflows_are_findings() {
    let well = [started(0, Some("a"), None), started(1, Some("b"), None)];
    assert_eq!(of_starts(&well), []);
    let ill = [
        started(0, Some("a"), None),
        started(1, Some("a"), None),
        started(2, None, Some("not accepted: 500")),
    ];
    let findings = of_starts(&ill);
    assert_eq!(findings.len(), 2);
    assert!(findings[0].what.contains("both number 0 and number 1"));
    assert!(findings[1].what.contains("not accepted"));
    assert_eq!(accepted(&ill).len(), 1);
}

/// A run, as it is read back.
struct Run {
    driven: Driven,
    judged: BTreeMap<usize, Judgement>,
    listed: Vec<WorkflowSummary>,
    keys: Vec<String>,
    undying: bool,
    heard: bool,
    backlog: Vec<String>,
    before: Depths,
    after: Depths,
    letters: Option<Vec<DeadLetter>>,
    came: Option<Came>,
}

fn row(key: &str, topic: &str) -> WorkflowSummary {
    WorkflowSummary {
        workflow_id: id(key),
        flow: name("report"),
        status: Status::Completed,
        at: None,
        topic: topic.to_owned(),
        created_at: Timestamp::UNIX_EPOCH,
    }
}

/// Its analyst worked twice, as it was asked to.
fn judged(key: &str) -> Judgement {
    let step = json!({"step": "analyze", "agent": "analyst", "status": "succeeded", "attempt": 2, "revision": 1});
    let at = Timestamp::UNIX_EPOCH;
    let view: WorkflowView = serde_json::from_value(json!({
        "workflow_id": id(key), "flow": "report", "flow_version": 1, "status": "completed",
        "course": [{"step": "research", "agent": "r"}, {"step": "analyze", "agent": "a"}, {"approval": "findings"},
            {"step": "write", "agent": "w"}], "topic": "t", "parameters": {}, "created_at": at, "updated_at": at,
        "version": 5, "revision": 1, "steps": [step], "approval": null, "artifacts": [], "result": null, "failure": null,
        "usage": {}, "budget": null,
        "links": {"self": "a", "history": "b", "approve": "c", "cancel": "d", "redrive": "e"},
    }))
    .unwrap();
    Judgement {
        view: Some(view),
        lives: [
            (Attempt::once(name("analyze"), 1), 1),
            (Attempt::once(name("analyze"), 2), 1),
        ]
        .into(),
        history: vec![changes()],
        ..Judgement::default()
    }
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// What sent the analyst back.
fn changes() -> HistoryEvent {
    HistoryEvent {
        version: 4,
        kind: "ChangesRequested".to_owned(),
        occurred_at: Timestamp::UNIX_EPOCH,
        data: json!({"approval": "findings", "redo": "analyze"}),
    }
}

/// Nothing is wrong with it. Its first workflow left something of an attempt that was given up.
fn whole() -> Run {
    let starts = vec![started(0, Some("a"), None), started(1, Some("b"), None)];
    let names = [
        "1/_claim.json",
        "1/analysis.json",
        "2/_claim.json",
        "2/_completed.json",
    ];
    let letters = Depths::from([("intake".to_owned(), 2)]);
    Run {
        driven: Driven {
            started: starts,
            decisions: Vec::new(),
            unfinished: Vec::new(),
            began: Timestamp::UNIX_EPOCH,
            took: Duration::ZERO,
        },
        judged: [(0, judged("a")), (1, judged("b"))].into(),
        listed: vec![
            row("a", &format!("t ({MARK}, 0)")),
            row("other", "of somebody else"),
        ],
        keys: names.map(|name| object("a", "analyze", name)).into(),
        undying: true,
        heard: true,
        backlog: Vec::new(),
        before: letters.clone(),
        after: letters,
        letters: None,
        came: None,
    }
}

fn object(key: &str, step: &str, name: &str) -> String {
    format!("workflows/report/{}/{step}/{name}", id(key))
}

fn found(change: impl FnOnce(&mut Run)) -> Vec<String> {
    let mut run = whole();
    change(&mut run);
    let findings = of_all(&Read {
        driven: &run.driven,
        judged: &run.judged,
        mark: MARK,
        listed: run.listed,
        keys: run.keys,
        undying: run.undying,
        heard: run.heard,
        backlog: run.backlog,
        before: &run.before,
        after: run.after,
        letters: run.letters.as_deref(),
        came: run.came.as_ref(),
    });
    let told = findings.into_iter().map(|finding| finding.what);
    told.collect()
}

fn first(run: &mut Run) -> &mut Judgement {
    run.judged.get_mut(&0).unwrap()
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    assert_eq!(found(|_| ()), Vec::<String>::new());
}

#[test]
fn each_law_finds_what_breaks_it() {
    type Breakage = fn(&mut Run);
    let cases: [(Breakage, &str); 11] = [
        (
            |run| run.driven.started[1].wrong = Some("not accepted".to_owned()),
            "the revise of number 1: not accepted",
        ),
        (|run| first(run).wrong.push("lost".to_owned()), "lost"),
        (
            |run| run.driven.unfinished.push(id("b")),
            "has not ended in time",
        ),
        (
            |run| run.listed.push(row("c", &format!("t ({MARK}, 2)"))),
            "is of this run, and no client was told that it was accepted",
        ),
        (
            |run| {
                run.keys
                    .push("workflows/report/wf_x/write/1/report.md".to_owned())
            },
            "objects below workflows/wf_x/ belong to no workflow",
        ),
        (
            |run| {
                first(run)
                    .lives
                    .extend([(Attempt::once(name("analyze"), 2), 2)])
            },
            "attempt 2 of `analyze` was begun 2 times, and no agent has died",
        ),
        (
            |run| run.driven.started[0].kind = Kind::Plain,
            "is of revision 1 instead of 0",
        ),
        (
            |run| {
                // What another attempt wrote is there because it was asked for.
                let view = first(run).view.as_mut().unwrap();
                view.steps[0].attempt = 3;
            },
            "took 3 attempts of `analyze` instead of 2, and no agent has failed",
        ),
        (
            |run| {
                run.backlog
                    .push("the queue of relay did not empty".to_owned())
            },
            "the queue of relay did not empty",
        ),
        (
            |run| run.after.extend([("intake".to_owned(), 3)]),
            "1 new in the dead-letter queue of intake: `aegis dlq show intake` says why",
        ),
        (
            |run| {
                run.driven.started[1].id = Some(id("a"));
                run.judged.insert(1, judged("a"));
            },
            "is the workflow of both number 0 and number 1",
        ),
    ];
    for (change, what) in cases {
        assert_eq!(found(change), [what]);
    }
}

#[test]
fn an_attempt_may_be_begun_again_and_followed_by_another_where_agents_die() {
    let again = found(|run| {
        first(run).view.as_mut().unwrap().steps[0].attempt = 4;
        first(run)
            .lives
            .insert(Attempt::once(name("analyze"), 2), 3);
        run.undying = false;
        run.heard = false;
    });
    assert_eq!(again, Vec::<String>::new());
}

#[test]
fn objects_of_attempts_that_nobody_asked_for_are_findings() {
    let strange = [
        object("a", "analyze", "3/_claim.json"),
        object("a", "analyze", "0/analysis.json"),
        object("a", "write", "1/report.md"),
        object("a", "analyze", "analysis.json"),
    ];
    for key in strange {
        let what = format!("{key} is of no attempt that was asked for");
        assert_eq!(found(|run| run.keys.push(key)), [what]);
    }
    let under_way = found(|run| {
        run.keys.push(object("a", "analyze", "3/_claim.json"));
        let view = first(run).view.as_mut().unwrap();
        view.status = Status::Running;
    });
    assert_eq!(under_way, Vec::<String>::new());
}

#[test]
fn under_faults_letters_must_say_why_they_are_there() {
    let letter = |kind: &str, reason: &str| DeadLetter {
        queue: "intake".to_owned(),
        kind: kind.to_owned(),
        reason: reason.to_owned(),
        workflow_id: None,
    };
    let told = found(|run| {
        run.after.extend([("intake".to_owned(), 5)]);
        run.letters = Some(vec![
            letter("command Research", "received 4 times without success"),
            letter("command Research", "no reason is given"),
            letter("unreadable", "not JSON"),
        ]);
    });
    assert_eq!(
        told,
        [
            "unexplained in the dead-letter queue of intake: command Research, no reason is given",
            "unexplained in the dead-letter queue of intake: unreadable, not JSON",
        ]
    );
}

#[test]
fn what_is_in_the_history_and_was_not_on_the_bus_is_a_finding() {
    let came = |versions: &[u64]| {
        let mut came = Came::default();
        let sent = versions.iter().map(|version| ("a", *version));
        for (key, version) in sent.chain([("b", 4)]) {
            let kind = if version == 4 {
                changes().kind
            } else {
                "StepCompleted".to_owned()
            };
            let event = json!({"id": "1", "detail-type": kind, "source": "aegis", "account": "1",
                "detail": {"event_id": format!("ev_{version}"), "workflow_id": id(key), "version": version}});
            came.take(&serde_json::from_value(event).unwrap()).unwrap();
        }
        came
    };
    let with = |came: Came| {
        found(|run| {
            let event = |version| HistoryEvent {
                version,
                kind: "StepCompleted".to_owned(),
                occurred_at: Timestamp::UNIX_EPOCH,
                data: json!({}),
            };
            first(run).history = vec![event(1), event(2), changes()];
            run.came = Some(came);
        })
    };
    assert_eq!(with(came(&[1, 2, 2, 4])), Vec::<String>::new());
    assert_eq!(
        with(came(&[2, 4])),
        ["1 events of its history never came over the bus"]
    );
    assert_eq!(came(&[1, 2, 2]).counted().again, 1);
}

//! The report says what was found, in each of its forms.

use std::time::Duration;

use aegis_client::oracle::Judgement;
use aegis_contracts::attempt::Attempt;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::{HistoryEvent, Status, WorkflowView};
use serde_json::{Value, json};

use super::{Report, Setup, told};
use crate::drive::{Driven, Started};
use crate::measure;
use crate::oracle::{Finding, Verdict};
use crate::scenario::Kind;

const BEGAN: i64 = 1_764_000_000_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(BEGAN + millis)
}

fn event(version: u64, kind: &str, millis: i64, data: Value) -> HistoryEvent {
    HistoryEvent {
        version,
        kind: kind.to_owned(),
        occurred_at: at(millis),
        data,
    }
}

/// Starts when it is due; its writer is queued for 100 ms and works for 400.
fn judged(due: i64) -> Judgement {
    let step = json!({"step": "write", "agent": "writer", "status": "succeeded", "attempt": 2, "revision": 0,
        "requested_at": null});
    let view: WorkflowView = serde_json::from_value(json!({
        "workflow_id": WorkflowId::derive("p", &due.to_string()), "flow": "report", "flow_version": 1, "status": "completed",
        "course": [{"step": "write", "agent": "writer"}], "topic": "t",
        "parameters": {}, "created_at": at(due), "updated_at": at(due), "version": 5, "revision": 0, "steps": [step],
        "approval": null, "artifacts": [], "result": null, "failure": null, "usage": {}, "budget": null,
        "links": {"self": "a", "history": "b", "approve": "c", "cancel": "d", "redrive": "e"},
    }))
    .unwrap();
    Judgement {
        status: Some(Status::Completed),
        view: Some(view),
        begun: [(Attempt::once("write".parse().unwrap(), 2), at(due + 1_100))].into(),
        history: vec![
            event(1, "WorkflowStarted", due, json!({})),
            event(3, "ApprovalRequested", due + 600, json!({})),
            event(4, "ApprovalGranted", due + 1_000, json!({})),
            event(
                5,
                "StepCompleted",
                due + 1_500,
                json!({"step": "write", "attempt": 2}),
            ),
            event(5, "WorkflowCompleted", due + 1_500, json!({})),
        ],
        ..Judgement::default()
    }
}

fn report(findings: Vec<Finding>) -> Report {
    let started = |number: usize| Started {
        number,
        kind: Kind::Plain,
        due: Duration::from_millis(500 * number as u64),
        late: Duration::from_millis(1),
        took: vec![Duration::from_millis(20)],
        failed: u32::from(number == 0),
        id: Some(WorkflowId::derive("p", &number.to_string())),
        wrong: None,
    };
    let driven = Driven {
        started: (0..10).map(started).collect(),
        decisions: Vec::new(),
        unfinished: Vec::new(),
        began: at(0),
        took: Duration::from_secs(7),
    };
    let verdict = Verdict {
        findings,
        judged: (0..10)
            .map(|number| (number, judged(500 * number as i64)))
            .collect(),
        letters: None,
    };
    let measured = measure::of(&driven, &verdict);
    let setup = Setup {
        at: Timestamp::UNIX_EPOCH,
        command: "cargo xtask loadtest steady".to_owned(),
        scenario: "steady".to_owned(),
        description: "d".to_owned(),
        endpoint: "http://127.0.0.1:1".to_owned(),
        agents: "instant".to_owned(),
        mark: "load test x".to_owned(),
        seed: 1,
        alone: true,
    };
    Report::of(setup, &driven, verdict, measured).unwrap()
}

#[test]
fn times_are_taken_apart() {
    let report = report(Vec::new());
    let p50 = |name: &str| {
        report
            .times
            .iter()
            .find(|row| row.name == name)
            .unwrap()
            .summary
            .p50
            .round()
    };
    assert_eq!(p50("start accepted"), 20.0);
    assert_eq!(p50("write queued"), 100.0);
    assert_eq!(p50("write at work"), 400.0);
    assert_eq!(p50("write in all"), 500.0);
    assert_eq!(p50("decision waited for"), 400.0);
    assert_eq!(p50("end to end"), 1_500.0);
    assert_eq!(
        (report.retries, report.failed_tries, report.ended),
        (10, 1, 10)
    );
    assert!(report.completed_per_second > 1.6 && report.completed_per_second < 1.7);
    assert!(report.cost.orchestration > 0.0);
}

#[test]
fn each_form_says_whether_all_is_well() {
    let well = report(Vec::new());
    assert!(well.page().contains("nothing lost, nothing done twice"));
    assert!(well.html().contains("nothing lost, nothing done twice"));
    let finding = Finding {
        workflow: None,
        what: "a <b> was lost\u{202e}\u{1b}".to_owned(),
    };
    let ill = report(vec![finding; 30]);
    assert!(!ill.well && ill.page().contains("and 10 more"));
    let lost = r"a &lt;b&gt; was lost\u{202e}\u{1b}<";
    assert!(ill.html().contains(lost) && ill.html().contains("verdict ill"));
    let json = serde_json::to_value(&ill).unwrap();
    assert_eq!(json["findings"].as_array().unwrap().len(), 30);
    assert_eq!(
        (json["scenario"].as_str(), json["well"].as_bool()),
        (Some("steady"), Some(false))
    );
}

#[test]
fn the_page_loads_nothing_from_elsewhere() {
    let html = report(Vec::new()).html();
    assert_eq!(html.matches("<figure>").count(), 4);
    for foreign in ["<script", "<link", "src=", "url(", "@import", "href="] {
        assert!(!html.contains(foreign), "{foreign}");
    }
    assert!(!html.contains("NaN") && !html.contains("inf"));
}

#[test]
fn times_are_said_in_few_digits() {
    for (millis, text) in [
        (3.4, "3 ms"),
        (9_949.0, "9949 ms"),
        (12_340.0, "12.3 s"),
        (125_000.0, "2 min 5 s"),
    ] {
        assert_eq!(told(millis), text);
    }
}

//! The oracle sees what is wrong, thing by thing.

use aegis_contracts::agent::Role;
use aegis_contracts::view::{HistoryEvent, WorkflowView};
use serde_json::{Value, json};

use crate::oracle::{Claim, of_claims, of_history, of_steps};

fn view(version: u64) -> WorkflowView {
    let step =
        |role: &str| json!({"role": role, "status": "succeeded", "attempt": 1, "revision": 0});
    let artifact = |name: &str| json!({"name": name, "key": format!("k/{name}"), "size": 1, "media_type": "text/plain", "sha256": "0".repeat(64)});
    serde_json::from_value(json!({
        "workflow_id": "wf_abcdefghijklmnopqrstuvwxyz", "status": "completed", "topic": "t", "parameters": {"depth": "quick"},
        "created_at": "2026-11-23T18:00:00.000Z", "updated_at": "2026-11-23T18:00:07.500Z", "version": version, "revision": 0,
        "steps": [step("researcher"), step("analyst"), step("writer")], "approval": null,
        "artifacts": [artifact("evidence.json"), artifact("analysis.json"), artifact("report.md")],
        "report": null, "failure": null, "usage": {"input_tokens": 0, "output_tokens": 0, "cost_usd": 0.0}, "budget": null,
        "links": {"self": "a", "history": "b", "approve": "c", "cancel": "d", "redrive": "e"},
    }))
    .unwrap()
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
    let step = |version, role: &str| {
        event(
            version,
            "StepCompleted",
            json!({"role": role, "attempt": 1}),
        )
    };
    vec![
        event(1, "WorkflowStarted", json!({})),
        step(2, "researcher"),
        step(3, "analyst"),
        event(3, "ApprovalRequested", json!({})),
        step(4, "writer"),
        event(4, "WorkflowCompleted", json!({})),
    ]
}

#[test]
fn a_whole_history_is_well() {
    assert_eq!(of_history(&view(4), &whole()), Vec::<String>::new());
    assert_eq!(of_steps(&view(4)), Vec::<String>::new());
}

#[test]
fn a_gap_a_missing_end_and_repeated_events_are_seen() {
    let mut gap = whole();
    gap.retain(|event| event.version != 3);
    assert_eq!(of_history(&view(4), &gap), ["version 4 follows 2"]);
    let short = &whole()[..4];
    let wrong = of_history(&view(4), short);
    assert_eq!(wrong, ["history ends with version 3, the state has 4"]);
    let mut twice = whole();
    twice.push(event(5, "WorkflowStarted", json!({})));
    twice.push(event(
        5,
        "StepCompleted",
        json!({"role": "writer", "attempt": 1}),
    ));
    twice.push(event(5, "WorkflowCompleted", json!({})));
    assert_eq!(
        of_history(&view(5), &twice),
        [
            "started 2 times",
            "WorkflowCompleted 2 times",
            "\"writer\" 1 completed twice"
        ]
    );
}

#[test]
fn a_completed_workflow_without_a_result_is_seen() {
    let mut view = view(4);
    view.artifacts.pop();
    assert_eq!(
        of_steps(&view),
        ["completed without a result of the writer"]
    );
    view.steps.remove(0);
    assert_eq!(of_steps(&view).len(), 2);
}

#[test]
fn an_attempt_begun_in_two_sessions_is_seen() {
    let claim = |session: &str| Claim {
        session: session.to_owned(),
        at: None,
    };
    let of = |claims: &[Claim]| of_claims(Role::Writer, 2, claims);
    assert_eq!(of(&[claim("a"), claim("a")]), None);
    let wrong = of(&[claim("a"), claim("b")]).unwrap();
    assert!(wrong.contains("attempt 2 of the writer"), "{wrong}");
}

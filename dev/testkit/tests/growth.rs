//! What is asked for takes the same calls and capacity units, however many workflows have ended before.

#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aegis_contracts::view::Status;
use aegis_cost::path::Units;
use aegis_deadlines::Deadlines;
use aegis_engine::api::{ApiRequest, Authorization};
use aegis_engine::schedule::ScheduleHandler;
use aegis_intake::Intake;
use aegis_testkit::harness::{Harness, at_once};
use aegis_testkit::requests::{With, ask, request};
use serde_json::json;

/// Calls of ports, and units of the table.
type Used = (BTreeMap<&'static str, u64>, Units);

fn intake(harness: &Harness) -> Arc<Intake> {
    Arc::new(Intake {
        engine: harness.engine.clone(),
        artifacts: harness.ports.artifacts.clone(),
        api_url: "https://api.example/stage".to_owned(),
        authorization: Authorization::None.into(),
        approval_timeout: Duration::from_secs(72 * 3600),
        result_url_valid: Duration::from_secs(3600),
        bucket: "bucket".to_owned(),
    })
}

fn deadlines(harness: &Harness) -> Deadlines {
    Deadlines {
        engine: harness.engine.clone(),
        artifacts: harness.ports.artifacts.clone(),
        dead_letters: harness.ports.dead_letters.clone(),
    }
}

fn used(harness: &Harness, work: impl FnOnce()) -> Used {
    let (calls, units) = (harness.ports.faults.calls(), harness.ports.table.consumed());
    work();
    let mut now = harness.ports.faults.calls();
    for (operation, before) in calls {
        now.entry(operation).and_modify(|count| *count -= before);
    }
    now.retain(|_, count| *count > 0);
    (now, harness.ports.table.consumed() - units)
}

fn asks(harness: &Harness, asked: &ApiRequest, status: u16) -> Used {
    used(harness, || {
        assert_eq!(ask(intake(harness).as_ref(), asked).status, status);
    })
}

/// List, get, history, start, and a sweep that finds what was started.
fn with_finished(workflows: u32) -> Vec<(&'static str, Used)> {
    let harness = Harness::completed();
    harness
        .ports
        .table
        .copy(&harness.id, workflows - 1)
        .unwrap();
    let list = request("GET /workflows").query("limit", "20");
    let by_status = list.clone().query("status", Status::Completed.as_str());
    let get = request("GET /workflows/{id}").id(harness.id.as_str());
    let history = request("GET /workflows/{id}/history").id(harness.id.as_str());
    let start = request("POST /workflows").header("idempotency-key", "growth");
    let start = start.json(json!({"topic": "one more"}));
    let mut all = vec![
        ("list", asks(&harness, &list, 200)),
        ("list by status", asks(&harness, &by_status, 200)),
        ("get", asks(&harness, &get, 200)),
        ("history", asks(&harness, &history, 200)),
        ("start", asks(&harness, &start, 202)),
    ];
    harness.wait(3_600);
    let sweep = used(&harness, || at_once(deadlines(&harness).tick()).unwrap());
    all.push(("sweep", sweep));
    all
}

#[test]
fn what_has_ended_costs_nothing_any_more() {
    let few = with_finished(100);
    for (what, (calls, units)) in &few {
        println!("{what}: {calls:?}, {units:?}");
        assert!(!calls.is_empty(), "{what}");
    }
    assert_eq!(few, with_finished(100_000));
}

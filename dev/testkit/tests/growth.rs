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
use aegis_testkit::requests::{With, ask, request};
use aegis_testkit::world::{World, at_once};
use serde_json::json;

/// Calls of ports, and units of the table.
type Used = (BTreeMap<&'static str, u64>, Units);

fn intake(world: &World) -> Arc<Intake> {
    Arc::new(Intake {
        engine: world.engine.clone(),
        artifacts: world.ports.artifacts.clone(),
        api_url: "https://api.example/stage".to_owned(),
        authorization: Authorization::None.into(),
        approval_timeout: Duration::from_secs(72 * 3600),
        report_url_valid: Duration::from_secs(3600),
        allowed_sources: Vec::new(),
    })
}

fn deadlines(world: &World) -> Deadlines {
    Deadlines {
        engine: world.engine.clone(),
        artifacts: world.ports.artifacts.clone(),
        dead_letters: world.ports.dead_letters.clone(),
    }
}

fn used(world: &World, work: impl FnOnce()) -> Used {
    let (calls, units) = (world.ports.faults.calls(), world.ports.table.consumed());
    work();
    let mut now = world.ports.faults.calls();
    for (operation, before) in calls {
        now.entry(operation).and_modify(|count| *count -= before);
    }
    now.retain(|_, count| *count > 0);
    (now, world.ports.table.consumed() - units)
}

fn asks(world: &World, asked: &ApiRequest, status: u16) -> Used {
    used(world, || {
        assert_eq!(ask(intake(world).as_ref(), asked).status, status);
    })
}

/// List, get, history, start, and a sweep that finds what was started.
fn with_finished(workflows: u32) -> Vec<(&'static str, Used)> {
    let world = World::completed();
    world.ports.table.copy(&world.id, workflows - 1).unwrap();
    let list = request("GET /workflows").query("limit", "20");
    let by_status = list.clone().query("status", Status::Completed.as_str());
    let get = request("GET /workflows/{id}").id(world.id.as_str());
    let history = request("GET /workflows/{id}/history").id(world.id.as_str());
    let start = request("POST /workflows").header("idempotency-key", "growth");
    let start = start.json(json!({"topic": "one more"}));
    let mut all = vec![
        ("list", asks(&world, &list, 200)),
        ("list by status", asks(&world, &by_status, 200)),
        ("get", asks(&world, &get, 200)),
        ("history", asks(&world, &history, 200)),
        ("start", asks(&world, &start, 202)),
    ];
    world.wait(3_600);
    let sweep = used(&world, || at_once(deadlines(&world).tick()).unwrap());
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

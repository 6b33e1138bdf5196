//! The routes that change something. A client that got no answer asks again.

use std::sync::Arc;

use aegis_contracts::ids::WorkflowId;
use aegis_engine::api::{ApiHandler, ApiRequest};
use aegis_testing::laws::{Delivery, Stage};
use aegis_testing::requests::{With, request};
use aegis_testing::world::World;
use serde_json::json;

use crate::Case;
use crate::services::{REPORTS, approval, callback, intake};

const START: &str = "POST /workflows";
const CANCEL: &str = "POST /workflows/{id}/cancel";
const REDRIVE: &str = "POST /workflows/{id}/redrive";
const APPROVE: &str = "POST /approve/{id}";
const CALLBACK: &str = "POST /callbacks/{id}";

pub fn all() -> Vec<Case> {
    let mut all = vec![start()];
    all.extend([
        change(CANCEL, "asked for", 2, World::started),
        change(CANCEL, "at work", 3, World::dispatched),
        change(CANCEL, "awaiting approval", 2, World::awaiting_approval),
        change(REDRIVE, "failed", 4, World::failed),
    ]);
    all.extend(["approve", "reject", "request_changes"].map(decide));
    all.extend(REPORTS.map(|(which, report)| {
        Case::new(("callback", CALLBACK, which), 3, move || {
            let world = World::dispatched();
            let bearer = format!("Bearer {}", world.token());
            let asked = to(CALLBACK, &world).header("authorization", &bearer);
            let asked = asked.json(report(&world));
            let handler = callback(&world);
            stage(world, handler, asked)
        })
    }));
    all
}

fn stage(world: World, handler: Arc<dyn ApiHandler>, asked: ApiRequest) -> Stage {
    let delivery = Delivery::Request(handler, asked);
    Stage { world, delivery }
}

fn to(route: &str, world: &World) -> ApiRequest {
    request(route).id(world.id.as_str())
}

fn start() -> Case {
    Case::new(("intake", START, "new"), 2, || {
        let mut world = World::empty();
        world.id = WorkflowId::derive("anonymous", "order-7");
        let asked = request(START).header("idempotency-key", "order-7");
        let asked = asked.json(json!({"topic": "quantum computing"}));
        let handler = intake(&world);
        stage(world, handler, asked)
    })
}

fn change(route: &'static str, which: &'static str, calls: u32, make: fn() -> World) -> Case {
    Case::new(("intake", route, which), calls, move || {
        let world = make();
        let (handler, asked) = (intake(&world), to(route, &world));
        stage(world, handler, asked)
    })
}

fn decide(decision: &'static str) -> Case {
    Case::new(("approval", APPROVE, decision), 2, move || {
        let world = World::awaiting_approval();
        let body = json!({"decision": decision, "approver": "ada", "comment": "on lattices"});
        let (handler, asked) = (approval(&world), to(APPROVE, &world).json(body));
        stage(world, handler, asked)
    })
}

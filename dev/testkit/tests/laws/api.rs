//! The routes that change something. A client that got no answer asks again.

use std::sync::Arc;
use std::time::Duration;

use aegis_contracts::ids::WorkflowId;
use aegis_engine::api::{ApiHandler, ApiRequest};
use aegis_engine::link::Link;
use aegis_testkit::laws::{Delivery, Stage};
use aegis_testkit::requests::{With, request};
use aegis_testkit::world::World;
use serde_json::json;

use crate::Case;
use crate::services::{REPORTS, approval, callback, intake};

const START: &str = "POST /workflows";
const CANCEL: &str = "POST /workflows/{id}/cancel";
const REDRIVE: &str = "POST /workflows/{id}/redrive";
const APPROVE: &str = "POST /approve/{id}";
const MAKE_LINK: &str = "POST /workflows/{id}/approval-links";
const REVIEW: &str = "GET /workflows/{id}/review";
const BY_LINK: &str = "POST /approval-links/{token}";
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
    all.extend([make_link(), review()]);
    all.extend(["approve", "reject", "request_changes"].map(decide_by_link));
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

fn make_link() -> Case {
    Case::new(("approval", MAKE_LINK, "awaiting approval"), 2, || {
        let world = World::awaiting_approval();
        let asked = to(MAKE_LINK, &world).json(json!({"approver": "ada"}));
        let handler = approval(&world);
        stage(world, handler, asked)
    })
}

fn review() -> Case {
    Case::new(("approval", REVIEW, "awaiting approval"), 4, || {
        let world = World::awaiting_approval();
        let (handler, asked) = (approval(&world), to(REVIEW, &world));
        stage(world, handler, asked)
    })
}

fn decide_by_link(decision: &'static str) -> Case {
    Case::new(("approval", BY_LINK, decision), 5, move || {
        let world = World::awaiting_approval();
        let link = Link {
            workflow_id: world.id.clone(),
            revision: 0,
            approver: "ada".to_owned(),
            made_by: "anonymous".to_owned(),
        };
        let expires_at = world.now().plus(Duration::from_secs(3600));
        let token = link.sign(&world.tokens, expires_at).unwrap();
        let body = format!("decision={decision}&comment=on+lattices");
        let asked = request(BY_LINK)
            .path("token", &token)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.as_bytes());
        let handler = approval(&world);
        stage(world, handler, asked)
    })
}

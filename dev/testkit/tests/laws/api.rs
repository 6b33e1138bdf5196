//! The routes that change something. A client that got no answer asks again.

use std::sync::Arc;
use std::time::Duration;

use aegis_contracts::ids::WorkflowId;
use aegis_engine::api::{ApiHandler, ApiRequest};
use aegis_engine::link::Link;
use aegis_testkit::flow::triage;
use aegis_testkit::harness::Harness;
use aegis_testkit::laws::{Delivery, Stage};
use aegis_testkit::requests::{With, request};
use serde_json::json;

use crate::Case;
use crate::services::{REPORTS, approval, artifacts, callback, intake};

const START: &str = "POST /workflows";
const SOURCES: &str = "POST /sources";
const CANCEL: &str = "POST /workflows/{id}/cancel";
const REDRIVE: &str = "POST /workflows/{id}/redrive";
const APPROVE: &str = "POST /approve/{id}";
const MAKE_LINK: &str = "POST /workflows/{id}/approval-links";
const REVIEW: &str = "GET /workflows/{id}/review";
const BY_LINK: &str = "POST /approval-links/{token}";
const CALLBACK: &str = "POST /callbacks/{id}";
const PUT: &str = "POST /callbacks/{id}/artifacts/{name}";

pub fn all() -> Vec<Case> {
    let mut all = vec![start(), sources()];
    all.extend([
        change(CANCEL, "asked for", 2, Harness::started),
        change(CANCEL, "at work", 3, Harness::dispatched),
        change(CANCEL, "awaiting approval", 2, Harness::awaiting_approval),
        change(REDRIVE, "failed", 4, Harness::failed),
    ]);
    all.extend(["approve", "reject", "request_changes"].map(decide));
    all.push(decide_the_first_of_two());
    all.extend([make_link(), review()]);
    all.extend(["approve", "reject", "request_changes"].map(decide_by_link));
    all.extend(REPORTS.map(|(which, report)| {
        Case::new(("callback", CALLBACK, which), 3, move || {
            let harness = Harness::dispatched();
            let bearer = format!("Bearer {}", harness.token());
            let asked = to(CALLBACK, &harness).header("authorization", &bearer);
            let asked = asked.json(report(&harness));
            let handler = callback(&harness);
            stage(harness, handler, asked)
        })
    }));
    all.push(put());
    all
}

fn put() -> Case {
    Case::new(("artifacts", PUT, "under way"), 4, || {
        let harness = Harness::dispatched();
        let bearer = format!("Bearer {}", harness.token());
        let asked = to(PUT, &harness).header("authorization", &bearer);
        let asked = asked.path("name", "evidence.json").json(json!({
            "size": 2, "sha256": "ab".repeat(32), "media_type": "application/json",
        }));
        let handler = artifacts(&harness);
        stage(harness, handler, asked)
    })
}

fn stage(harness: Harness, handler: Arc<dyn ApiHandler>, asked: ApiRequest) -> Stage {
    let delivery = Delivery::Request(handler, asked);
    Stage { harness, delivery }
}

fn to(route: &str, harness: &Harness) -> ApiRequest {
    request(route).id(harness.id.as_str())
}

fn start() -> Case {
    Case::new(("intake", START, "new"), 2, || {
        let mut harness = Harness::empty();
        harness.id = WorkflowId::derive("anonymous", "order-7");
        let asked = request(START).header("idempotency-key", "order-7");
        let asked = asked.json(json!({"topic": "quantum computing"}));
        let handler = intake(&harness);
        stage(harness, handler, asked)
    })
}

fn sources() -> Case {
    Case::new(("intake", SOURCES, "new"), 2, || {
        let harness = Harness::started();
        let file = json!({"size": 2, "sha256": "ab".repeat(32), "media_type": "text/plain"});
        let asked = request(SOURCES).json(json!({"set": "a", "files": {"a.md": file}}));
        let handler = intake(&harness);
        stage(harness, handler, asked)
    })
}

fn change(route: &'static str, which: &'static str, calls: u32, make: fn() -> Harness) -> Case {
    Case::new(("intake", route, which), calls, move || {
        let harness = make();
        let (handler, asked) = (intake(&harness), to(route, &harness));
        stage(harness, handler, asked)
    })
}

fn decide(decision: &'static str) -> Case {
    Case::new(("approval", APPROVE, decision), 2, move || {
        let harness = Harness::awaiting_approval();
        let body = json!({"decision": decision, "approver": "ada", "comment": "on lattices"});
        let (handler, asked) = (approval(&harness), to(APPROVE, &harness).json(body));
        stage(harness, handler, asked)
    })
}

/// The flow has another approval, which the same request must not decide.
fn decide_the_first_of_two() -> Case {
    Case::new(("approval", APPROVE, "the first of two"), 2, || {
        let harness = Harness::started_in(triage());
        harness.succeed();
        let body = json!({"decision": "approve", "approver": "ada", "revision": 0});
        let (handler, asked) = (approval(&harness), to(APPROVE, &harness).json(body));
        stage(harness, handler, asked)
    })
}

fn make_link() -> Case {
    Case::new(("approval", MAKE_LINK, "awaiting approval"), 2, || {
        let harness = Harness::awaiting_approval();
        let asked = to(MAKE_LINK, &harness).json(json!({"approver": "ada"}));
        let handler = approval(&harness);
        stage(harness, handler, asked)
    })
}

fn review() -> Case {
    Case::new(("approval", REVIEW, "awaiting approval"), 4, || {
        let harness = Harness::awaiting_approval();
        let (handler, asked) = (approval(&harness), to(REVIEW, &harness));
        stage(harness, handler, asked)
    })
}

fn decide_by_link(decision: &'static str) -> Case {
    Case::new(("approval", BY_LINK, decision), 5, move || {
        let harness = Harness::awaiting_approval();
        let link = Link {
            workflow_id: harness.id.clone(),
            revision: 0,
            approver: "ada".to_owned(),
            made_by: "anonymous".to_owned(),
        };
        let expires_at = harness.now().plus(Duration::from_secs(3600));
        let token = link.sign(&harness.tokens, expires_at).unwrap();
        let body = format!("decision={decision}&comment=on+lattices");
        let asked = request(BY_LINK)
            .path("token", &token)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.as_bytes());
        let handler = approval(&harness);
        stage(harness, handler, asked)
    })
}

//! Commands, and the events of other systems.

use std::sync::Arc;

use aegis_contracts::command::{Command, SessionCommand, StepCommand};
use aegis_contracts::envelope::CommandEnvelope;
use aegis_contracts::ids::WorkflowId;
use aegis_engine::message::{QueueHandler, Received};
use aegis_testkit::harness::{Harness, external, received};
use aegis_testkit::laws::{Delivery, Stage};
use serde_json::{Value, json};

use crate::Case;
use crate::services::{REPORTS, approval, callback, dispatch_of, dispatcher, intake};

pub fn all() -> Vec<Case> {
    [dispatches(), stops(), people(), clients(), reports()]
        .into_iter()
        .flatten()
        .collect()
}

fn stage(harness: Harness, handler: Arc<dyn QueueHandler>, message: Received) -> Stage {
    let delivery = Delivery::Message(handler, message);
    Stage { harness, delivery }
}

/// With the researcher's result in place.
fn analyzing() -> Harness {
    let harness = Harness::started();
    harness.succeed();
    harness
}

fn dispatches() -> Vec<Case> {
    let of = |make: fn() -> Harness| {
        let agent = make().last_run().agent;
        Case::new(
            (dispatch_of(&agent), "RunStep", "asked for"),
            4,
            move || {
                let harness = make();
                let (handler, message) = (dispatcher(&harness, &agent), harness.last_message());
                stage(harness, handler, message)
            },
        )
    };
    vec![of(Harness::started), of(analyzing), of(Harness::writing)]
}

fn stops() -> Vec<Case> {
    let of = |make: fn() -> Harness| {
        let StepCommand { agent, of, .. } = make().last_run();
        let service = dispatch_of(&agent);
        Case::new((service, "StopSession", "superseded"), 2, move || {
            let harness = make();
            let stop = SessionCommand {
                agent: agent.clone(),
                of: of.clone(),
            };
            let envelope = CommandEnvelope {
                body: Command::StopSession(stop),
                ..harness.last_command()
            };
            harness.cancel();
            let message = received(&serde_json::to_value(envelope).unwrap());
            let handler = dispatcher(&harness, &agent);
            stage(harness, handler, message)
        })
    };
    vec![of(Harness::started), of(analyzing), of(Harness::writing)]
}

fn people() -> Vec<Case> {
    let asked = Case::new(("approval", "RequestApproval", "asked for"), 2, || {
        let harness = Harness::awaiting_approval();
        let (handler, message) = (approval(&harness), harness.last_message());
        stage(harness, handler, message)
    });
    let decided = |decision: &'static str, calls| {
        Case::new(
            ("approval", "ApprovalDecided", decision),
            calls,
            move || {
                let harness = Harness::awaiting_approval();
                let detail = json!({
                    "idempotency_key": "k1", "workflow_id": harness.id, "decision": decision,
                    "comment": "say more on lattices",
                });
                let handler = approval(&harness);
                stage(harness, handler, external("ApprovalDecided", detail))
            },
        )
    };
    vec![
        asked,
        decided("approve", 3),
        decided("reject", 2),
        decided("request_changes", 3),
    ]
}

fn clients() -> Vec<Case> {
    let requested = Case::new(("intake", "WorkflowRequested", "new"), 2, || {
        let mut harness = Harness::empty();
        harness.id = WorkflowId::derive("123456789012:partner.crm", "order-7");
        let detail = json!({"idempotency_key": "order-7", "topic": "quantum computing"});
        let handler = intake(&harness);
        stage(harness, handler, external("WorkflowRequested", detail))
    });
    let cancelled = |which, calls, make: fn() -> Harness| {
        Case::new(("intake", "CancelRequested", which), calls, move || {
            let harness = make();
            let detail = json!({"idempotency_key": "k1", "workflow_id": harness.id});
            let handler = intake(&harness);
            stage(harness, handler, external("CancelRequested", detail))
        })
    };
    let redriven = Case::new(("intake", "RedriveRequested", "failed"), 3, || {
        let harness = Harness::failed();
        let detail = json!({"idempotency_key": "k1", "workflow_id": harness.id});
        let handler = intake(&harness);
        stage(harness, handler, external("RedriveRequested", detail))
    });
    vec![
        requested,
        redriven,
        cancelled("asked for", 2, Harness::started),
        cancelled("at work", 3, Harness::dispatched),
        cancelled("awaiting approval", 2, Harness::awaiting_approval),
    ]
}

fn reports() -> Vec<Case> {
    let reported = |which, report: fn(&Harness) -> Value| {
        Case::new(("callback", "StepReported", which), 3, move || {
            let harness = Harness::dispatched();
            let mut detail = report(&harness);
            detail["idempotency_key"] = json!("k1");
            detail["workflow_id"] = json!(harness.id);
            detail["token"] = json!(harness.token());
            let handler = callback(&harness);
            stage(harness, handler, external("StepReported", detail))
        })
    };
    REPORTS
        .map(|(which, report)| reported(which, report))
        .into()
}

//! Commands, and the events of other systems.

use std::sync::Arc;

use aegis_contracts::agent::Role;
use aegis_contracts::command::{Command, SessionCommand};
use aegis_contracts::envelope::CommandEnvelope;
use aegis_contracts::ids::WorkflowId;
use aegis_engine::message::{QueueHandler, Received};
use aegis_testkit::harness::{Harness, external, received};
use aegis_testkit::laws::{Delivery, Stage};
use serde_json::{Value, json};

use crate::Case;
use crate::services::{REPORTS, approval, callback, dispatcher, intake};

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
    let of = |service, trigger, role, make: fn() -> Harness| {
        Case::new((service, trigger, "asked for"), 4, move || {
            let harness = make();
            let (handler, message) = (dispatcher(&harness, role), harness.last_message());
            stage(harness, handler, message)
        })
    };
    vec![
        of(
            "researcher-dispatch",
            "Research",
            Role::Researcher,
            Harness::started,
        ),
        of("analyst-dispatch", "Analyze", Role::Analyst, analyzing),
        of("writer-dispatch", "Write", Role::Writer, Harness::writing),
    ]
}

fn stops() -> Vec<Case> {
    let of = |service, role| {
        Case::new((service, "StopSession", "superseded"), 2, move || {
            let harness = Harness::cancelled();
            let command = Command::StopSession(SessionCommand { role, attempt: 1 });
            let envelope = CommandEnvelope {
                body: command,
                ..harness.last_command()
            };
            let message = received(&serde_json::to_value(envelope).unwrap());
            let handler = dispatcher(&harness, role);
            stage(harness, handler, message)
        })
    };
    vec![
        of("researcher-dispatch", Role::Researcher),
        of("analyst-dispatch", Role::Analyst),
        of("writer-dispatch", Role::Writer),
    ]
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
    vec![
        requested,
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

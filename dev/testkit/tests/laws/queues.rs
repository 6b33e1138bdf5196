//! Commands, and the events of other systems.

use std::sync::Arc;

use aegis_contracts::agent::Role;
use aegis_contracts::command::{Command, SessionCommand};
use aegis_contracts::envelope::CommandEnvelope;
use aegis_contracts::ids::WorkflowId;
use aegis_engine::message::{QueueHandler, Received};
use aegis_testkit::laws::{Delivery, Stage};
use aegis_testkit::world::{World, external, received};
use serde_json::{Value, json};

use crate::Case;
use crate::services::{REPORTS, approval, callback, dispatcher, intake};

pub fn all() -> Vec<Case> {
    [dispatches(), stops(), people(), clients(), reports()]
        .into_iter()
        .flatten()
        .collect()
}

fn stage(world: World, handler: Arc<dyn QueueHandler>, message: Received) -> Stage {
    let delivery = Delivery::Message(handler, message);
    Stage { world, delivery }
}

/// With the researcher's result in place.
fn analyzing() -> World {
    let world = World::started();
    world.succeed();
    world
}

fn dispatches() -> Vec<Case> {
    let of = |service, trigger, role, make: fn() -> World| {
        Case::new((service, trigger, "asked for"), 4, move || {
            let world = make();
            let (handler, message) = (dispatcher(&world, role), world.last_message());
            stage(world, handler, message)
        })
    };
    vec![
        of(
            "researcher-dispatch",
            "Research",
            Role::Researcher,
            World::started,
        ),
        of("analyst-dispatch", "Analyze", Role::Analyst, analyzing),
        of("writer-dispatch", "Write", Role::Writer, World::writing),
    ]
}

fn stops() -> Vec<Case> {
    let of = |service, role| {
        Case::new((service, "StopSession", "superseded"), 2, move || {
            let world = World::cancelled();
            let command = Command::StopSession(SessionCommand { role, attempt: 1 });
            let envelope = CommandEnvelope {
                body: command,
                ..world.last_command()
            };
            let message = received(&serde_json::to_value(envelope).unwrap());
            let handler = dispatcher(&world, role);
            stage(world, handler, message)
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
        let world = World::awaiting_approval();
        let (handler, message) = (approval(&world), world.last_message());
        stage(world, handler, message)
    });
    let decided = |decision: &'static str, calls| {
        Case::new(
            ("approval", "ApprovalDecided", decision),
            calls,
            move || {
                let world = World::awaiting_approval();
                let detail = json!({
                    "idempotency_key": "k1", "workflow_id": world.id, "decision": decision,
                    "comment": "say more on lattices",
                });
                let handler = approval(&world);
                stage(world, handler, external("ApprovalDecided", detail))
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
        let mut world = World::empty();
        world.id = WorkflowId::derive("123456789012:partner.crm", "order-7");
        let detail = json!({"idempotency_key": "order-7", "topic": "quantum computing"});
        let handler = intake(&world);
        stage(world, handler, external("WorkflowRequested", detail))
    });
    let cancelled = |which, calls, make: fn() -> World| {
        Case::new(("intake", "CancelRequested", which), calls, move || {
            let world = make();
            let detail = json!({"idempotency_key": "k1", "workflow_id": world.id});
            let handler = intake(&world);
            stage(world, handler, external("CancelRequested", detail))
        })
    };
    vec![
        requested,
        cancelled("asked for", 2, World::started),
        cancelled("at work", 3, World::dispatched),
        cancelled("awaiting approval", 2, World::awaiting_approval),
    ]
}

fn reports() -> Vec<Case> {
    let reported = |which, report: fn(&World) -> Value| {
        Case::new(("callback", "StepReported", which), 3, move || {
            let world = World::dispatched();
            let mut detail = report(&world);
            detail["idempotency_key"] = json!("k1");
            detail["workflow_id"] = json!(world.id);
            detail["token"] = json!(world.token());
            let handler = callback(&world);
            stage(world, handler, external("StepReported", detail))
        })
    };
    REPORTS
        .map(|(which, report)| reported(which, report))
        .into()
}

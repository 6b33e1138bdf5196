//! Queues, bus and dead letters. What arrives is read by the [`Probe`] of whoever runs the contract.

use std::time::Duration;

use aegis_contracts::command::{
    ApprovalCommand, Command, Destination, SessionCommand, StepCommand,
};
use aegis_contracts::envelope::{CommandEnvelope, Envelope, EventEnvelope};
use aegis_contracts::event::Event;
use aegis_contracts::ids::WorkflowId;
use aegis_engine::ports::{CommandQueues, DeadLetters, EventBus};
use async_trait::async_trait;

use super::table::THEN;
use crate::flow::{attempt, name};

/// Looks at what the ports under test have carried.
#[async_trait]
pub trait Probe: Send + Sync {
    /// Commands for `id` that can be received now from the queue of `destination`.
    async fn commands(&self, destination: Destination<'_>, id: &WorkflowId)
    -> Vec<CommandEnvelope>;

    /// Reason of the dead letter with this body, if there is one.
    async fn reason_of(&self, body: &str) -> Option<String>;
}

fn own_id() -> WorkflowId {
    WorkflowId::derive("contract", &uuid::Uuid::new_v4().to_string())
}

fn run(step: &str, agent: &str, number: u32) -> Command {
    Command::RunStep(StepCommand {
        agent: name(agent),
        of: attempt(step, number),
        revision: 0,
    })
}

pub async fn commands_reach_the_queue_of_their_owner(
    queues: &dyn CommandQueues,
    probe: &dyn Probe,
) {
    let id = own_id();
    let all = [
        run("research", "researcher", 1),
        run("analyze", "analyst", 2),
        Command::RequestApproval(ApprovalCommand { revision: 1 }),
        run("write", "writer", 1),
        Command::StopSession(SessionCommand {
            agent: name("analyst"),
            of: attempt("analyze", 1),
        }),
    ];
    for (index, command) in all.into_iter().enumerate() {
        let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let sent = Envelope::new(&id, 3, index, THEN, command).traced(Some(traceparent.to_owned()));
        queues.send(&sent, Duration::ZERO).await.unwrap();
        let destination = sent.body.destination();
        let mut arrived = probe.commands(destination, &id).await;
        arrived.retain(|command| command.event_id == sent.event_id);
        assert_eq!(arrived, [sent]);
    }
}

pub async fn a_delayed_command_is_not_there_at_once(queues: &dyn CommandQueues, probe: &dyn Probe) {
    let id = own_id();
    let command = run("write", "writer", 1);
    let sent = Envelope::new(&id, 3, 0, THEN, command);
    // More than any queue takes: as much as it takes.
    queues
        .send(&sent, Duration::from_secs(86_400))
        .await
        .unwrap();
    assert_eq!(
        probe
            .commands(Destination::Agent(&name("writer")), &id)
            .await,
        []
    );
}

pub async fn dead_letters_carry_their_reason(letters: &dyn DeadLetters, probe: &dyn Probe) {
    let unique = uuid::Uuid::new_v4();
    for (number, reason) in [
        "not JSON: expected value",
        "",
        "zeile 1\nzeile 2 ü",
        &"x".repeat(9_000),
    ]
    .into_iter()
    .enumerate()
    {
        let body = format!("{{\"number\":{number},\"unique\":\"{unique}\"");
        letters.set_aside(&body, reason).await.unwrap();
        let kept = probe.reason_of(&body).await.expect("the letter is there");
        let head: String = reason.chars().take(7).collect();
        assert!(kept.starts_with(&head), "`{kept}` for `{reason}`");
    }
}

/// Whatever bytes reached a handler can be set aside.
pub async fn dead_letters_take_any_body(letters: &dyn DeadLetters) {
    for body in [
        "\u{0}\u{1}\u{8}",
        "\u{fffe}\u{ffff}",
        " ",
        &"ü".repeat(100_000),
    ] {
        letters.set_aside(body, "unreadable").await.unwrap();
    }
}

fn event(id: &WorkflowId, index: usize, topic: &str) -> EventEnvelope {
    let started = Event::WorkflowStarted {
        flow: name("report"),
        flow_version: 1,
        topic: topic.to_owned(),
        requested_by: "contract".to_owned(),
    };
    Envelope::new(id, 1, index, THEN, started)
}

/// Somebody who has subscribed to the bus under test.
#[async_trait]
pub trait Subscriber: Send + Sync {
    /// Events of `id` that arrived, waiting a while for `count` of them.
    async fn events(&self, id: &WorkflowId, count: usize) -> Vec<EventEnvelope>;
}

pub async fn a_bus_carries_many_and_large_events(bus: &dyn EventBus, subscriber: &dyn Subscriber) {
    let id = own_id();
    bus.publish(&[]).await.unwrap();
    // More than one call takes, by number and by size.
    let large = "x".repeat(100 * 1024);
    let many = (0..23).map(|index| event(&id, index, "small"));
    let all: Vec<_> = many
        .chain((23..28).map(|index| event(&id, index, &large)))
        .collect();
    bus.publish(&all).await.unwrap();
    let mut arrived = subscriber.events(&id, all.len()).await;
    // Each at least once; a bus keeps no order.
    let place = |event: &EventEnvelope| all.iter().position(|sent| sent.event_id == event.event_id);
    arrived.sort_by_key(place);
    arrived.dedup();
    assert!(
        arrived == all,
        "{} of {} events arrived as sent",
        arrived.len(),
        all.len()
    );
}

/// Only of buses with a limit; the one in memory has none.
pub async fn a_bus_refuses_what_is_too_large_for_good(bus: &dyn EventBus) {
    let outcome = bus
        .publish(&[event(&own_id(), 0, &"x".repeat(300 * 1024))])
        .await;
    assert!(outcome.is_err_and(|error| error.is_permanent()));
}

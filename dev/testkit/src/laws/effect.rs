//! All that others can see of what a handler did. What is repeated counts once: receivers see to that.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aegis_contracts::attempt::Attempt;
use aegis_contracts::command::Command;
use aegis_contracts::flow::Name;
use aegis_contracts::view::Status;
use aegis_engine::ports::Table;

use crate::harness::{Harness, at_once};
use crate::reports::ended_by_report;

#[derive(Debug, PartialEq)]
pub(super) struct Effect {
    state: Option<(Status, u64, u32, BTreeMap<Name, u32>)>,
    events: Vec<&'static str>,
    commands: BTreeSet<String>,
    /// That the state still owes.
    stops: Vec<Attempt>,
    sessions: BTreeSet<String>,
    stopped: BTreeSet<String>,
    published: BTreeSet<String>,
    dead_letters: BTreeSet<(String, String)>,
    /// What the sweep will look at sooner or later.
    watched: BTreeSet<String>,
}

pub(super) fn effect(harness: &Harness) -> Effect {
    let ports = &harness.ports;
    let table = ports.table.as_ref();
    let workflow = at_once(harness.engine.load(&harness.id)).unwrap();
    let stops = workflow.as_ref().and_then(|found| found.stops.clone());
    let stops = stops.map_or(Vec::new(), |stops| stops.of);
    let far = harness.now().plus(Duration::from_secs(400 * 86_400));
    let watched = at_once(table.due(0, far, 10_000)).unwrap().into_iter();
    let invocations = ports.runtime.invocations().into_iter();
    let published = ports.bus.published().into_iter();
    Effect {
        state: workflow.map(|found| {
            let status = found.status();
            (status, found.version, found.revision, found.attempts)
        }),
        events: harness.events(),
        stops,
        commands: commands(harness),
        sessions: invocations.map(|invocation| invocation.session).collect(),
        stopped: ports.runtime.stopped().into_iter().collect(),
        published: published.map(|event| event.event_id.to_string()).collect(),
        dead_letters: ports.dead_letters.all().into_iter().collect(),
        watched: watched.map(|id| id.to_string()).collect(),
    }
}

/// Without those that stop a session whose agent has reported: nobody owes them, so one that a crash loses is not sent
/// again.
fn commands(harness: &Harness) -> BTreeSet<String> {
    let table = harness.ports.table.as_ref();
    let history = at_once(table.history(&harness.id)).unwrap();
    let events = || history.iter().flat_map(|entry| &entry.events);
    let is_owed = |command: &Command| match command {
        Command::StopSession(stop) => !ended_by_report(events().map(|event| &event.body), &stop.of),
        Command::RunStep(_) | Command::RequestApproval(_) => true,
    };
    let sent = harness.ports.queues.sent().into_iter();
    let owed = sent.map(|sent| sent.command.body).filter(is_owed);
    owed.map(|command| format!("{command:?}")).collect()
}

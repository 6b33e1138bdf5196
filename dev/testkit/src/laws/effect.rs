//! All that others can see of what a handler did. What is repeated counts once: receivers see to that.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aegis_contracts::flow::Name;
use aegis_contracts::view::Status;
use aegis_engine::ports::Table;

use crate::harness::{Harness, at_once};

#[derive(Debug, PartialEq)]
pub(super) struct Effect {
    state: Option<(Status, u64, u32, BTreeMap<Name, u32>)>,
    events: Vec<&'static str>,
    commands: BTreeSet<String>,
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
        commands: commands(harness),
        sessions: invocations.map(|invocation| invocation.session).collect(),
        stopped: ports.runtime.stopped().into_iter().collect(),
        published: published.map(|event| event.event_id.to_string()).collect(),
        dead_letters: ports.dead_letters.all().into_iter().collect(),
        watched: watched.map(|id| id.to_string()).collect(),
    }
}

/// Without those that stop a session: nobody owes them, so one that a crash loses is not sent again.
fn commands(harness: &Harness) -> BTreeSet<String> {
    let owed = harness.commands().into_iter();
    owed.map(|sent| format!("{:?}", sent.command.body))
        .collect()
}

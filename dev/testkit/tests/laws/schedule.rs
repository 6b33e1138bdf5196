//! The sweep, and each thing that it can find.

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_engine::error::PortError;
use aegis_engine::ports::Table;
use aegis_testkit::harness::{Harness, at_once};
use aegis_testkit::laws::{Delivery, Stage};
use aegis_testkit::life::Life;
use aegis_workflow::Input;

use crate::Case;
use crate::services::deadlines;

fn case(which: &'static str, calls: u32, make: fn() -> Harness) -> Case {
    Case::new(("deadlines", "schedule", which), calls, move || {
        let harness = make();
        let delivery = Delivery::Tick(deadlines(&harness));
        Stage { harness, delivery }
    })
}

fn after(harness: Harness, seconds: u64) -> Harness {
    harness.wait(seconds);
    harness
}

fn done_unheard() -> Harness {
    let harness = Harness::dispatched();
    harness.put_completion(&harness.completion());
    after(harness, 121)
}

fn undecided() -> Harness {
    let harness = Harness::awaiting_approval();
    harness.apply(Input::Notified { revision: 0 });
    after(harness, 72 * 3600)
}

/// It was sent, and not struck off.
fn stop_owed() -> Harness {
    let harness = Harness::dispatched();
    let away = PortError::Transient("away".to_owned());
    harness.ports.faults.fail_next("touch", away);
    harness.cancel();
    after(harness, 60)
}

/// Nine sweeps could not read it.
fn unreadable() -> Harness {
    let harness = Harness::cancelled();
    let mut life = Life::begin("broken", Timestamp::from_millis(1_000));
    life.workflow.id = WorkflowId::derive("broken", "k1");
    let table = &harness.ports.table;
    at_once(table.open(&life.workflow, &life.request, &life.entry)).unwrap();
    table.overwrite(life.id(), "{");
    for _ in 0..9 {
        at_once(table.count_unreadable(life.id())).unwrap();
    }
    harness
}

pub fn all() -> Vec<Case> {
    vec![
        case("nothing due", 1, Harness::started),
        case("a command nobody picked up", 4, || {
            after(Harness::started(), 60)
        }),
        case("a silent agent", 6, || after(Harness::dispatched(), 121)),
        case("work whose callback was lost", 6, done_unheard),
        case("an approval that nobody decides", 4, undecided),
        case("a state that cannot be read", 5, unreadable),
        case("a stop that is owed", 6, stop_owed),
    ]
}

//! The sweep, and each thing that it can find.

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_engine::ports::Table;
use aegis_testkit::laws::{Delivery, Stage};
use aegis_testkit::life::Life;
use aegis_testkit::world::{World, at_once};
use aegis_workflow::Input;

use crate::Case;
use crate::services::deadlines;

fn case(which: &'static str, calls: u32, make: fn() -> World) -> Case {
    Case::new(("deadlines", "schedule", which), calls, move || {
        let world = make();
        let delivery = Delivery::Tick(deadlines(&world));
        Stage { world, delivery }
    })
}

fn after(world: World, seconds: u64) -> World {
    world.wait(seconds);
    world
}

fn done_unheard() -> World {
    let world = World::dispatched();
    world.put_completion(&world.completion());
    after(world, 121)
}

fn undecided() -> World {
    let world = World::awaiting_approval();
    world.apply(Input::Notified { revision: 0 });
    after(world, 72 * 3600)
}

/// Nine sweeps could not read it.
fn unreadable() -> World {
    let world = World::cancelled();
    let mut life = Life::begin("broken", Timestamp::from_millis(1_000));
    life.workflow.id = WorkflowId::derive("broken", "k1");
    let table = &world.ports.table;
    at_once(table.open(&life.workflow, &life.request, &life.entry)).unwrap();
    table.overwrite(life.id(), "{");
    for _ in 0..9 {
        at_once(table.count_unreadable(life.id())).unwrap();
    }
    world
}

pub fn all() -> Vec<Case> {
    vec![
        case("nothing due", 1, World::started),
        case("a command nobody picked up", 4, || {
            after(World::started(), 60)
        }),
        case("a silent agent", 6, || after(World::dispatched(), 121)),
        case("work whose callback was lost", 6, done_unheard),
        case("an approval that nobody decides", 4, undecided),
        case("a state that cannot be read", 5, unreadable),
    ]
}

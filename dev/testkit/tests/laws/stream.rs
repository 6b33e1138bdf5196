//! The table's stream.

use aegis_engine::ports::Table;
use aegis_engine::stream::StreamRecord;
use aegis_testkit::laws::{Delivery, Stage};
use aegis_testkit::world::{World, at_once};

use crate::Case;
use crate::services::relay;

fn records(world: &World) -> Vec<StreamRecord> {
    let history = at_once(world.ports.table.history(&world.id)).unwrap();
    let entries = history
        .iter()
        .map(|entry| serde_json::to_string(entry).unwrap());
    entries
        .map(|body| StreamRecord {
            raw: body.clone(),
            body: Some(body),
        })
        .collect()
}

fn poison() -> StreamRecord {
    StreamRecord {
        body: None,
        raw: "a record without a body".to_owned(),
    }
}

fn case(which: &'static str, calls: u32, spoil: fn(&World, &mut Vec<StreamRecord>)) -> Case {
    Case::new(("relay", "stream", which), calls, move || {
        let world = World::completed();
        let mut records = records(&world);
        spoil(&world, &mut records);
        let delivery = Delivery::Records(relay(&world), records);
        Stage { world, delivery }
    })
}

/// The bus refuses the first event of the workflow for good.
fn refused(world: &World, _: &mut Vec<StreamRecord>) {
    let history = at_once(world.ports.table.history(&world.id)).unwrap();
    world
        .ports
        .bus
        .refuse(history[0].events[0].event_id.clone());
}

pub fn all() -> Vec<Case> {
    vec![
        case("history", 1, |_, _| {}),
        case("with a poison record", 2, |_, records| {
            records.insert(1, poison())
        }),
        case("with an event that is refused", 3, refused),
    ]
}

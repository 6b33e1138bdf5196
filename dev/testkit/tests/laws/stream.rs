//! The table's stream.

use aegis_engine::ports::Table;
use aegis_engine::stream::StreamRecord;
use aegis_testkit::harness::{Harness, at_once};
use aegis_testkit::laws::{Delivery, Stage};

use crate::Case;
use crate::services::relay;

fn records(harness: &Harness) -> Vec<StreamRecord> {
    let history = at_once(harness.ports.table.history(&harness.id)).unwrap();
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

fn case(which: &'static str, calls: u32, spoil: fn(&Harness, &mut Vec<StreamRecord>)) -> Case {
    Case::new(("relay", "stream", which), calls, move || {
        let harness = Harness::completed();
        let mut records = records(&harness);
        spoil(&harness, &mut records);
        let delivery = Delivery::Records(relay(&harness), records);
        Stage { harness, delivery }
    })
}

/// The bus refuses the first event of the workflow for good.
fn refused(harness: &Harness, _: &mut Vec<StreamRecord>) {
    let history = at_once(harness.ports.table.history(&harness.id)).unwrap();
    harness
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

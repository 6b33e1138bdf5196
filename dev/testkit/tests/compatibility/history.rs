//! The events of one transition: audit trail and outbox.

use aegis_engine::ports::Table;
use aegis_engine::stored::HistoryEntry;
use aegis_testkit::harness::{Harness, at_once};
use serde_json::{from_value, to_value};

use crate::{golden, json};

#[test]
fn it_is_read_by_code_before_and_after() {
    let harness = Harness::completed();
    let history = at_once(harness.ports.table.history(&harness.id)).unwrap();
    for entry in history {
        let name = format!("entry-{}", entry.version);
        let released = golden::read(&name, &to_value(&entry).unwrap());
        let known: HistoryEntry = from_value(released.clone()).unwrap();
        assert_eq!(to_value(&known).unwrap(), released, "{name}");
        for (pointer, newer) in json::added_to(&released, &[]) {
            let read: HistoryEntry =
                from_value(newer).unwrap_or_else(|e| panic!("{name} {pointer}: {e}"));
            assert_eq!(read, known, "{name} {pointer}");
        }
    }
}

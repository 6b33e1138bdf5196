//! The definition of a flow, kept as long as the stage is: workflows are pinned to its hash.

use aegis_contracts::flow::{Flow, FlowId};
use aegis_testkit::flow::{report, triage};
use serde_json::{from_value, json, to_value};

use crate::golden;

#[test]
fn a_kept_definition_has_the_same_hash_for_ever() {
    for flow in [Flow::clone(&report()), triage()] {
        let name = format!("flow-{}", flow.flow);
        let now = json!({"id": flow.id(), "definition": flow});
        let released = golden::read(&name, &now);
        let id: FlowId = from_value(released["id"].clone()).unwrap();
        let read: Flow = from_value(released["definition"].clone()).unwrap();
        assert_eq!(read.id(), id, "{name}");
        assert_eq!(to_value(&read).unwrap(), released["definition"], "{name}");
    }
}

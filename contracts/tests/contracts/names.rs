//! What a value is called in code paths that do not go through JSON is what it is called in JSON.

use aegis_contracts::approval::DecisionKind::{Approve, Reject, RequestChanges};
use aegis_contracts::envelope::EventEnvelope;
use aegis_contracts::view::Status;
use serde::Serialize;
use serde_json::{from_value, json, to_value};

use crate::specimens;

fn in_json(value: impl Serialize) -> String {
    to_value(value).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn names_in_code_are_the_names_on_the_wire() {
    for status in Status::ALL {
        assert_eq!(status.as_str(), in_json(status));
        assert_eq!(Status::parse(status.as_str()), Some(status));
    }
    assert_eq!(Status::parse("Running"), None);
    for decision in [Approve, Reject, RequestChanges] {
        assert_eq!(decision.as_str(), in_json(decision));
    }
}

#[test]
fn the_detail_type_of_an_event_is_its_type() {
    for specimen in specimens::all() {
        if specimen.schema == "event" {
            let envelope: EventEnvelope = from_value(specimen.value.clone()).unwrap();
            assert_eq!(json!(envelope.body.detail_type()), specimen.value["type"]);
        }
    }
}

//! What no sweep can read is set aside, and starves nobody meanwhile.

use aegis_contracts::ids::WorkflowId;
use aegis_engine::error::PortError;
use aegis_engine::ports::Table;
use aegis_testkit::flow::{flows, flows_of, triage};
use aegis_testkit::harness::{Harness, at_once};
use aegis_testkit::life::Life;
use aegis_workflow::STATE_VERSION;

use crate::sweep::tick;

const TRIES: usize = 10;

/// A workflow that is due at once, before all others, and whose state is `json`.
pub fn unreadable(harness: &Harness, json: &str) -> WorkflowId {
    let life = Life::begin(
        "broken",
        aegis_contracts::time::Timestamp::from_millis(1_000),
    );
    let table = &harness.ports.table;
    at_once(table.open(&life.workflow, &life.request, &life.entry)).unwrap();
    table.overwrite(life.id(), json);
    life.id().clone()
}

fn newer() -> String {
    format!(r#"{{"state_version":{}}}"#, STATE_VERSION + 1)
}

fn due(harness: &Harness) -> Vec<WorkflowId> {
    at_once(harness.ports.table.due(0, harness.now(), 1000)).unwrap()
}

#[test]
fn after_some_tries_it_is_set_aside_with_its_reason() {
    let harness = Harness::empty();
    let id = unreadable(&harness, "{");
    for _ in 1..TRIES {
        tick(&harness).unwrap();
        assert_eq!(due(&harness), std::slice::from_ref(&id), "passed over");
        assert!(harness.ports.dead_letters.all().is_empty());
    }
    tick(&harness).unwrap();
    assert!(due(&harness).is_empty());
    let letters = harness.ports.dead_letters.all();
    let [(body, reason)] = letters.as_slice() else {
        panic!("{letters:?}");
    };
    assert!(body.contains(id.as_str()), "{body}");
    assert!(reason.starts_with("unreadable_state: "), "{reason}");
    tick(&harness).unwrap();
    assert_eq!(harness.ports.dead_letters.all().len(), 1, "once");
    let loaded = at_once(harness.ports.table.load(&id));
    assert!(
        loaded.is_err_and(|error| error.is_permanent()),
        "it is kept"
    );
}

#[test]
fn state_of_newer_code_is_left_to_it() {
    let harness = Harness::empty();
    let id = unreadable(&harness, &newer());
    for _ in 0..3 * TRIES {
        tick(&harness).unwrap();
    }
    assert_eq!(due(&harness), [id]);
    assert!(harness.ports.dead_letters.all().is_empty());
}

/// The state is as it should be: what is missing is its flow, and no letter mends that. It is left where it is found.
#[test]
fn a_state_whose_flow_is_missing_is_no_state_that_cannot_be_read() {
    let mut harness = Harness::started_in(triage());
    harness.engine.flows = flows().into();
    harness.wait(60);
    for _ in 0..3 * TRIES {
        tick(&harness).unwrap();
    }
    assert_eq!(harness.ports.dead_letters.all(), []);
    assert_eq!(due(&harness), [harness.id.clone()]);
    // Once it is kept again, the workflow goes on.
    let kept = flows_of(vec![triage()]);
    at_once(kept.register(harness.ports.table.as_ref())).unwrap();
    tick(&harness).unwrap();
    assert_eq!(harness.commands().len(), 2);
}

#[test]
fn hundreds_that_cannot_be_read_starve_nobody() {
    for json in ["{".to_owned(), newer()] {
        let harness = Harness::started();
        for _ in 0..350 {
            unreadable(&harness, &json);
        }
        harness.wait(60);
        tick(&harness).unwrap();
        assert_eq!(
            harness.ports.queues.sent().len(),
            2,
            "the readable one was sent again"
        );
    }
}

#[test]
fn an_interrupted_quarantine_is_repeated() {
    for operation in ["count_unreadable", "set_aside", "quarantine"] {
        let harness = Harness::empty();
        unreadable(&harness, "{");
        for _ in 1..TRIES {
            tick(&harness).unwrap();
        }
        let fault = PortError::Transient("away".to_owned());
        harness.ports.faults.fail_next(operation, fault);
        tick(&harness).unwrap();
        assert_eq!(due(&harness).len(), 1, "{operation}");
        tick(&harness).unwrap();
        assert!(due(&harness).is_empty(), "{operation}");
        assert!(!harness.ports.dead_letters.all().is_empty(), "{operation}");
    }
}

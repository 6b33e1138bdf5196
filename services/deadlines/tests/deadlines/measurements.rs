//! What a sweep measures.

use aegis_testkit::harness::Harness;
use aegis_testkit::measured::measured;

use crate::quarantine::unreadable;
use crate::sweep::tick;

#[test]
fn a_sweep_says_by_how_much_a_workflow_is_overdue() {
    let found = measured(|| {
        let harness = Harness::started();
        harness.wait(60 + 40);
        tick(&harness).unwrap();
    });
    assert_eq!(found["OverdueSeconds"], [40.0]);
}

#[test]
fn a_quarantine_is_counted_once() {
    let found = measured(|| {
        let harness = Harness::empty();
        unreadable(&harness, "{");
        for _ in 0..15 {
            tick(&harness).unwrap();
        }
    });
    for name in ["Quarantined", "DeadLetters"] {
        assert_eq!(found[name], [1.0], "{name}");
    }
}

//! What a sweep measures.

use aegis_testkit::measured::measured;
use aegis_testkit::world::World;

use crate::quarantine::unreadable;
use crate::sweep::tick;

#[test]
fn a_sweep_says_by_how_much_a_workflow_is_overdue() {
    let found = measured(|| {
        let world = World::started();
        world.wait(60 + 40);
        tick(&world).unwrap();
    });
    assert_eq!(found["OverdueSeconds"], [40.0]);
}

#[test]
fn a_quarantine_is_counted_once() {
    let found = measured(|| {
        let world = World::empty();
        unreadable(&world, "{");
        for _ in 0..15 {
            tick(&world).unwrap();
        }
    });
    for name in ["Quarantined", "DeadLetters"] {
        assert_eq!(found[name], [1.0], "{name}");
    }
}

//! What a sweep measures.

use aegis_testing::measured::measured;
use aegis_testing::world::World;

use crate::quarantine::unreadable;
use crate::sweep::tick;

#[test]
fn each_sweep_says_how_old_the_oldest_of_each_live_state_is() {
    let found = measured(|| {
        let world = World::awaiting_approval();
        world.wait(40);
        tick(&world).unwrap();
    });
    assert_eq!(found["OldestInState Status=awaiting_approval"], [40.0]);
    let ages = found.keys().filter(|name| name.starts_with("Oldest"));
    assert_eq!(ages.count(), 1, "{found:?}");
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

/// A measurement that fails is no failure of the sweep.
#[test]
fn a_sweep_goes_on_without_its_measurements() {
    let world = World::started();
    let away = aegis_engine::error::PortError::Transient("index away".to_owned());
    world.ports.faults.fail_next("oldest", away);
    assert_eq!(tick(&world), Ok(()));
}

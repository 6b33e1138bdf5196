//! The token keys of one process: one load, and few reloads in 30 seconds.

use std::time::Duration;

use aegis_contracts::agent::Role;
use aegis_engine::error::PortError;
use aegis_engine::memory::MemoryPorts;
use aegis_engine::token::{Claim, TokenError, TokenKeys};
use aegis_testing::world::{NOW, World, at_once};

fn claim(world: &World) -> Claim {
    Claim {
        workflow_id: world.id.clone(),
        role: Role::Researcher,
        attempt: 1,
    }
}

#[test]
fn keys_are_loaded_once() {
    let world = World::started();
    let ring = world.ports.key_ring(false);
    for _ in 0..5 {
        let verdict = at_once(ring.verify(&world.token(), &claim(&world)));
        assert_eq!(verdict, Ok(Ok(())));
    }
    assert_eq!(world.ports.keys.loads(), 1);
}

#[test]
fn forged_key_names_do_not_hammer_the_store() {
    let world = World::started();
    let ring = world.ports.key_ring(false);
    let expires_at = NOW.plus(Duration::from_secs(3600));
    let forged = TokenKeys::generate()
        .sign(&claim(&world), expires_at)
        .unwrap();
    for _ in 0..100 {
        let verdict = at_once(ring.verify(&forged, &claim(&world)));
        assert_eq!(verdict, Ok(Err(TokenError::UnknownKey)));
    }
    assert_eq!(world.ports.keys.loads(), 6);
    world.wait(30);
    for _ in 0..100 {
        let _ = at_once(ring.verify(&forged, &claim(&world)));
    }
    assert_eq!(world.ports.keys.loads(), 11);
}

/// Twice within seconds: nobody's token is refused in between.
#[test]
fn rotated_keys_are_found_at_once() {
    let world = World::started();
    let ring = world.ports.key_ring(false);
    let mut keys = world.tokens.clone();
    for _ in 0..2 {
        let before = keys.clone();
        keys = TokenKeys {
            previous: Some(before.current.clone()),
            ..TokenKeys::generate()
        };
        world.ports.keys.replace(keys.clone());
        world.wait(1);
        let expires_at = world.now().plus(Duration::from_secs(60));
        // What the old key signed is still good.
        for signer in [&keys, &before] {
            let token = signer.sign(&claim(&world), expires_at).unwrap();
            assert_eq!(at_once(ring.verify(&token, &claim(&world))), Ok(Ok(())));
        }
    }
}

#[test]
fn one_service_makes_the_keys_the_others_wait() {
    let ports = MemoryPorts::at(NOW);
    let (other, maker, second) = (
        ports.key_ring(false),
        ports.key_ring(true),
        ports.key_ring(true),
    );
    assert!(matches!(
        at_once(other.keys()),
        Err(PortError::Transient(_))
    ));
    let made = at_once(maker.keys()).unwrap();
    assert_eq!(at_once(second.keys()), Ok(made.clone()));
    assert_eq!(at_once(other.keys()), Ok(made));
}

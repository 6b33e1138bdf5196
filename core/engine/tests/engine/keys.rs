//! The token keys of one process: one load in two minutes, and few reloads in 30 seconds.

use std::time::Duration;

use aegis_contracts::agent::Role;
use aegis_engine::error::PortError;
use aegis_engine::rotation::TooSoon;
use aegis_engine::token::{Claim, TokenError, TokenKeys};
use aegis_testkit::memory::MemoryPorts;
use aegis_testkit::world::{NOW, World, at_once};

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
        let verdict = at_once(ring.open(&world.token(), &world.id));
        assert_eq!(verdict, Ok(Ok(claim(&world))));
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
        let verdict = at_once(ring.open(&forged, &world.id));
        assert_eq!(verdict, Ok(Err(TokenError::UnknownKey)));
    }
    assert_eq!(world.ports.keys.loads(), 6);
    world.wait(30);
    for _ in 0..100 {
        let _ = at_once(ring.open(&forged, &world.id));
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
            assert_eq!(at_once(ring.open(&token, &world.id)), Ok(Ok(claim(&world))));
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

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;

fn signed(keys: &TokenKeys, world: &World) -> String {
    let expires_at = world.now().plus(Duration::from_secs(32 * 3600));
    keys.sign(&claim(world), expires_at).unwrap()
}

/// One process signs, another verifies, and neither is told of the rotation.
#[test]
fn a_token_outlives_a_rotation() {
    let world = World::started();
    let (signer, verifier) = (world.ports.key_ring(false), world.ports.key_ring(false));
    let first = at_once(signer.keys()).unwrap();
    let handed_out = signed(&first, &world);
    let verdict = || at_once(verifier.open(&handed_out, &world.id));
    assert_eq!(verdict(), Ok(Ok(claim(&world))));

    let second = first.rotated(world.now()).unwrap();
    assert_eq!(second.previous.as_ref(), Some(&first.current));
    assert_ne!(second.current.kid, first.current.kid);
    world.ports.keys.replace(second.clone());
    assert_eq!(at_once(signer.keys()), Ok(first), "not looked yet");
    world.wait(2 * MINUTE);
    assert_eq!(
        at_once(signer.keys()),
        Ok(second.clone()),
        "found by itself"
    );
    assert_eq!(verdict(), Ok(Ok(claim(&world))));
    let new = signed(&second, &world);
    assert_eq!(
        at_once(verifier.open(&new, &world.id)),
        Ok(Ok(claim(&world)))
    );

    // Until nobody can use the first key any more, there is no third.
    let until = second
        .current
        .made_at
        .unwrap()
        .plus(Duration::from_secs(9 * 3600));
    let too_soon = TooSoon { until: Some(until) };
    assert_eq!(second.rotated(world.now()), Err(too_soon));
    world.wait(9 * HOUR - 2 * MINUTE - 1);
    assert_eq!(verdict(), Ok(Ok(claim(&world))));
    assert_eq!(second.rotated(world.now()), Err(too_soon));
    world.wait(1);
    let third = second.rotated(world.now()).unwrap();
    world.ports.keys.replace(third);
    world.wait(2 * MINUTE);
    assert_eq!(verdict(), Ok(Err(TokenError::UnknownKey)));
    assert_eq!(
        at_once(verifier.open(&new, &world.id)),
        Ok(Ok(claim(&world)))
    );
}

#[test]
fn a_withdrawn_key_is_forgotten_in_minutes() {
    let world = World::started();
    let ring = world.ports.key_ring(false);
    let token = signed(&world.tokens, &world);
    assert_eq!(at_once(ring.open(&token, &world.id)), Ok(Ok(claim(&world))));
    world.ports.keys.replace(TokenKeys::made(world.now()));
    world.wait(2 * MINUTE);
    let verdict = at_once(ring.open(&token, &world.id));
    assert_eq!(verdict, Ok(Err(TokenError::UnknownKey)));
}

#[test]
fn known_keys_bridge_an_hour_without_the_store() {
    let world = World::started();
    let ring = world.ports.key_ring(false);
    let known = at_once(ring.keys()).unwrap();
    let fail = || {
        let fault = PortError::Transient("away".to_owned());
        world.ports.faults.fail_next("load_keys", fault);
    };
    for minutes in [5, 10, 50] {
        world.wait((minutes - world_minutes(&world)) * MINUTE);
        fail();
        assert_eq!(at_once(ring.keys()), Ok(known.clone()), "{minutes} min");
        // Not asked again at once.
        assert_eq!(at_once(ring.keys()), Ok(known.clone()));
    }
    world.wait(10 * MINUTE);
    fail();
    assert!(matches!(at_once(ring.keys()), Err(PortError::Transient(_))));
    assert_eq!(at_once(ring.keys()), Ok(known));
}

fn world_minutes(world: &World) -> u64 {
    world.now().since(NOW).as_secs() / MINUTE
}

#[test]
fn keys_that_do_not_know_their_age_are_not_rotated_blindly() {
    let old = TokenKeys::generate();
    let rotated = old.rotated(NOW).unwrap();
    assert_eq!(rotated.current.made_at, Some(NOW));
    let unknown = TokenKeys {
        previous: Some(old.current),
        ..TokenKeys::generate()
    };
    assert_eq!(unknown.rotated(NOW), Err(TooSoon { until: None }));
}

/// As the parameter was written before keys knew their age, and as code of that time reads it now.
#[test]
fn stored_keys_are_read_by_code_before_and_after() {
    let old = r#"{"current":{"kid":"0a","secret":"AAAA"}}"#;
    let keys: TokenKeys = serde_json::from_str(old).unwrap();
    assert_eq!((keys.current.made_at, keys.previous), (None, None));
    let new = serde_json::to_value(TokenKeys::made(NOW)).unwrap();
    let fields: Vec<_> = new["current"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["kid", "made_at", "secret"]);
}

//! The token keys of one process: one load in two minutes, and few reloads in 30 seconds.

use std::time::Duration;

use aegis_engine::error::PortError;
use aegis_engine::rotation::TooSoon;
use aegis_engine::token::{Claim, TokenError, TokenKeys};
use aegis_testkit::flow::{attempt, name};
use aegis_testkit::harness::{Harness, NOW, at_once};
use aegis_testkit::memory::MemoryPorts;

fn claim(harness: &Harness) -> Claim {
    Claim {
        workflow_id: harness.id.clone(),
        flow: name("report"),
        of: attempt("research", 1),
    }
}

#[test]
fn keys_are_loaded_once() {
    let harness = Harness::started();
    let ring = harness.ports.key_ring(false);
    for _ in 0..5 {
        let verdict = at_once(ring.open(&harness.token(), harness.id.as_str()));
        assert_eq!(verdict, Ok(Ok(claim(&harness))));
    }
    assert_eq!(harness.ports.keys.loads(), 1);
}

#[test]
fn forged_key_names_do_not_hammer_the_store() {
    let harness = Harness::started();
    let ring = harness.ports.key_ring(false);
    let expires_at = NOW.plus(Duration::from_secs(3600));
    let forged = TokenKeys::generate()
        .sign(&claim(&harness), expires_at)
        .unwrap();
    for _ in 0..100 {
        let verdict = at_once(ring.open(&forged, harness.id.as_str()));
        assert_eq!(verdict, Ok(Err(TokenError::UnknownKey)));
    }
    assert_eq!(harness.ports.keys.loads(), 6);
    harness.wait(30);
    for _ in 0..100 {
        let _ = at_once(ring.open(&forged, harness.id.as_str()));
    }
    assert_eq!(harness.ports.keys.loads(), 11);
}

/// Twice within seconds: nobody's token is refused in between.
#[test]
fn rotated_keys_are_found_at_once() {
    let harness = Harness::started();
    let ring = harness.ports.key_ring(false);
    let mut keys = harness.tokens.clone();
    for _ in 0..2 {
        let before = keys.clone();
        keys = TokenKeys {
            previous: Some(before.current.clone()),
            ..TokenKeys::generate()
        };
        harness.ports.keys.replace(keys.clone());
        harness.wait(1);
        let expires_at = harness.now().plus(Duration::from_secs(60));
        // What the old key signed is still good.
        for signer in [&keys, &before] {
            let token = signer.sign(&claim(&harness), expires_at).unwrap();
            assert_eq!(
                at_once(ring.open(&token, harness.id.as_str())),
                Ok(Ok(claim(&harness)))
            );
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

fn signed(keys: &TokenKeys, harness: &Harness) -> String {
    let expires_at = harness.now().plus(Duration::from_secs(32 * 3600));
    keys.sign(&claim(harness), expires_at).unwrap()
}

/// One process signs, another verifies, and neither is told of the rotation.
#[test]
fn a_token_outlives_a_rotation() {
    let harness = Harness::started();
    let (signer, verifier) = (harness.ports.key_ring(false), harness.ports.key_ring(false));
    let first = at_once(signer.keys()).unwrap();
    let handed_out = signed(&first, &harness);
    let verdict = || at_once(verifier.open(&handed_out, harness.id.as_str()));
    assert_eq!(verdict(), Ok(Ok(claim(&harness))));

    let second = first.rotated(harness.now()).unwrap();
    assert_eq!(second.previous.as_ref(), Some(&first.current));
    assert_ne!(second.current.kid, first.current.kid);
    harness.ports.keys.replace(second.clone());
    assert_eq!(at_once(signer.keys()), Ok(first), "not looked yet");
    harness.wait(2 * MINUTE);
    assert_eq!(
        at_once(signer.keys()),
        Ok(second.clone()),
        "found by itself"
    );
    assert_eq!(verdict(), Ok(Ok(claim(&harness))));
    let new = signed(&second, &harness);
    assert_eq!(
        at_once(verifier.open(&new, harness.id.as_str())),
        Ok(Ok(claim(&harness)))
    );

    // Until nobody can use the first key any more, there is no third.
    let until = second
        .current
        .made_at
        .unwrap()
        .plus(Duration::from_secs(9 * 3600));
    let too_soon = TooSoon { until: Some(until) };
    assert_eq!(second.rotated(harness.now()), Err(too_soon));
    harness.wait(9 * HOUR - 2 * MINUTE - 1);
    assert_eq!(verdict(), Ok(Ok(claim(&harness))));
    assert_eq!(second.rotated(harness.now()), Err(too_soon));
    harness.wait(1);
    let third = second.rotated(harness.now()).unwrap();
    harness.ports.keys.replace(third);
    harness.wait(2 * MINUTE);
    assert_eq!(verdict(), Ok(Err(TokenError::UnknownKey)));
    assert_eq!(
        at_once(verifier.open(&new, harness.id.as_str())),
        Ok(Ok(claim(&harness)))
    );
}

#[test]
fn a_withdrawn_key_is_forgotten_in_minutes() {
    let harness = Harness::started();
    let ring = harness.ports.key_ring(false);
    let token = signed(&harness.tokens, &harness);
    assert_eq!(
        at_once(ring.open(&token, harness.id.as_str())),
        Ok(Ok(claim(&harness)))
    );
    harness.ports.keys.replace(TokenKeys::made(harness.now()));
    harness.wait(2 * MINUTE);
    let verdict = at_once(ring.open(&token, harness.id.as_str()));
    assert_eq!(verdict, Ok(Err(TokenError::UnknownKey)));
}

#[test]
fn known_keys_bridge_an_hour_without_the_store() {
    let harness = Harness::started();
    let ring = harness.ports.key_ring(false);
    let known = at_once(ring.keys()).unwrap();
    let fail = || {
        let fault = PortError::Transient("away".to_owned());
        harness.ports.faults.fail_next("load_keys", fault);
    };
    for minutes in [5, 10, 50] {
        harness.wait((minutes - world_minutes(&harness)) * MINUTE);
        fail();
        assert_eq!(at_once(ring.keys()), Ok(known.clone()), "{minutes} min");
        // Not asked again at once.
        assert_eq!(at_once(ring.keys()), Ok(known.clone()));
    }
    harness.wait(10 * MINUTE);
    fail();
    assert!(matches!(at_once(ring.keys()), Err(PortError::Transient(_))));
    assert_eq!(at_once(ring.keys()), Ok(known));
}

fn world_minutes(harness: &Harness) -> u64 {
    harness.now().since(NOW).as_secs() / MINUTE
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

//! Seeds: the laws hold for each, a seed gives one trace, and a storm stays bounded.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use aegis_cost::path::Units;
use aegis_simulation::{
    Campaign, Sessions, Tally, Telling, calls_of_one_workflow, campaign, population, simulate,
    storm,
};

fn held(seed: u64, workflows: u64) {
    let wanted = Campaign {
        seed,
        workflows,
        at_most: None,
        threads: 2,
    };
    let summary = campaign(&wanted, &|_| {});
    let defeat = summary.defeat.as_ref().map(|defeat| {
        let (broken, seed) = (&defeat.broken, defeat.seed);
        format!("{broken}; replay: cargo xtask simulate --seed {seed} --trace")
    });
    assert!(defeat.is_none(), "{}", defeat.unwrap());
    assert!(summary.workflows >= workflows);
    for fault in [
        "answers of ports lost",
        "commands lost",
        "crashes after a port call",
        "crashes before a port call",
        "messages delivered twice",
        "stream replays",
        "events behind later ones",
        "writes that met a transaction",
        "decisions behind the deadline",
        "agents killed",
        "handlers of old code beside new code",
        "deployments refused",
        "decisions repeated later",
        "decisions without a revision",
        "sweeps at the same time",
        "forged reports",
        "reminders",
        "workflows completed",
    ] {
        assert!(
            summary.tally.contains_key(fault),
            "no {fault} in any harness"
        );
    }
}

#[test]
fn the_laws_hold_in_known_worlds() {
    held(1, 3_000);
}

#[test]
fn the_laws_hold_in_worlds_that_nobody_has_seen() {
    // Part of the failure's message: the seed of the harness that broke a law.
    held(rand::random::<u32>().into(), 3_000);
}

#[test]
fn a_seed_tells_one_story() {
    for seed in [3, 7, 11] {
        let first = simulate(seed, population(seed), true);
        let second = simulate(seed, population(seed), true);
        assert!(!first.lines.is_empty());
        assert_eq!(first.lines, second.lines);
        assert_eq!(first.tally, second.tally);
    }
}

/// What recovers from faults costs nothing where there are none.
#[test]
fn the_happy_path_makes_the_calls_that_are_listed() {
    // Once per process of four services, and of each of its four flows at the start of intake, not once per workflow.
    let mut expected = Tally::from([
        ("load_keys", 4),
        ("create_keys", 1),
        ("flow", 5),
        ("keep_flow", 5),
    ]);
    for call in aegis_cost::path::CALLS {
        *expected.entry(call.port).or_default() += 1;
    }
    let (calls, units) = calls_of_one_workflow();
    assert_eq!(calls, expected);
    // Without traces in it, the last history item stays below a KB.
    let traced = Units {
        table: 2,
        ..Units::default()
    };
    let listed = aegis_cost::path::units(&aegis_cost::path::CALLS);
    assert_eq!(units + traced, listed);
}

/// 25 sessions start in a second: 1,000 workflows with three steps each need two minutes.
#[test]
fn a_thousand_starts_at_once_drain_without_a_storm() {
    drains(1_000, Sessions::default(), 10);
}

/// One session starts in ten seconds: 900 of them need two and a half hours, and `max_sends` an hour. None is given up.
#[test]
fn who_waits_longer_than_sends_last_goes_on_all_the_same() {
    let sessions = Sessions {
        most: 1,
        seconds: 10,
    };
    let telling = drains(300, sessions, 200);
    assert!(telling.lasted > Duration::from_secs(2 * 3600));
}

/// Takes minutes: `cargo test --workspace --test seeds -- --ignored`.
#[test]
#[ignore = "takes minutes; the smaller one runs always"]
fn ten_thousand_starts_at_once_drain_without_a_storm() {
    drains(10_000, Sessions::default(), 30);
}

fn drains(workflows: usize, sessions: Sessions, most_sends_each: u64) -> Telling {
    let telling = storm(1, workflows, sessions);
    assert_eq!(telling.broken, None);
    let count = |what| telling.tally.get(what).copied().unwrap_or(0);
    println!("{:?} {:?}", telling.lasted, telling.tally);
    assert_eq!(count("commands dead"), 0);
    assert_eq!(count("workflows failed"), 0);
    assert!(count("agent starts throttled") > 0);
    let sends = count("commands sent") / u64::try_from(workflows).unwrap();
    assert!(sends <= most_sends_each, "{sends} sends per workflow");
    telling
}

//! Every interleaving that the scenarios allow.

#![expect(clippy::panic, reason = "a test fails by panic")]

use aegis_model::{Scenario, check, scenarios, wide_scenarios};

const AT_LEAST: usize = 1_000_000;

/// Distinct states in all of them.
fn visit(scenarios: Vec<Scenario>) -> usize {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut states = 0;
    for scenario in scenarios {
        let summary = check(&scenario, None, threads);
        println!("{summary}");
        if let Err(refuted) = summary.verdict() {
            panic!("{refuted}");
        }
        states += summary.states;
    }
    println!("{states} distinct states in all");
    states
}

#[test]
fn every_scenario_keeps_every_law() {
    let states = visit(scenarios());
    assert!(states >= AT_LEAST, "{states} states are too few");
}

#[test]
#[ignore = "takes minutes"]
fn every_wide_scenario_keeps_every_law() {
    visit(wide_scenarios());
}

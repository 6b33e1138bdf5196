//! The inputs of this repository.

use super::report::{Account, model};
use super::*;

const SEED: u64 = 7;

fn took(inputs: &Inputs, side: Side, rate: f64, workflows: u32) -> Vec<f64> {
    let seed = SEED;
    run(
        inputs,
        &Run {
            side,
            rate,
            workflows,
            seed,
        },
    )
    .took
}

#[test]
fn every_published_figure_has_its_source() {
    let inputs = Inputs::published().unwrap();
    let hops = inputs.hops.values().map(|hop| &hop.origin);
    let origins: Vec<_> = hops
        .chain(inputs.quotas.values().map(|quota| &quota.origin))
        .collect();
    let with_url = origins.iter().filter(|origin| !origin.is_assumed()).count();
    assert_eq!((origins.len(), with_url), (20, 14));
}

/// What the model takes for the path is what a running stack was counted to do.
#[test]
fn the_path_of_aegis_has_the_calls_that_are_counted() {
    use aegis_cost::path::{CALLS, INVOCATIONS, Operation, Trigger, units};
    let inputs = Inputs::published().unwrap();
    let all = |hop: &str| {
        let hops = inputs.paths[&Side::Aegis]
            .iter()
            .flat_map(|step| &step.hops);
        hops.filter(|name| *name == hop).count()
    };
    let counted = |operation| {
        CALLS
            .iter()
            .filter(|call| call.operation == operation)
            .count()
    };
    let modelled = [
        "ddb_transaction",
        "ddb_write",
        "s3_head",
        "put_events",
        "agent",
    ]
    .map(all);
    let called = [
        Operation::TransactWriteItems,
        Operation::UpdateItem,
        Operation::HeadObject,
        Operation::PutEvents,
        Operation::InvokeAgentRuntime,
    ];
    assert_eq!(modelled, called.map(counted));
    let requests = INVOCATIONS
        .iter()
        .filter(|(_, trigger, _)| *trigger == Trigger::Api);
    assert_eq!(
        all("http_api") as u64,
        requests.map(|(_, _, times)| times).sum::<u64>()
    );
    let taken = &inputs.quotas["table_writes"].taken_by;
    let written = taken["ddb_transaction"] * 5.0 + taken["ddb_write"] * 4.0;
    assert!(
        (written - units(&CALLS).written() as f64).abs() < 1e-9,
        "{written}"
    );
}

#[test]
fn the_same_seed_gives_the_same_figures_and_a_slower_hop_slower_ones() {
    let inputs = Inputs::published().unwrap();
    let one = took(&inputs, Side::Aegis, 1.0, 500);
    assert_eq!(one, took(&inputs, Side::Aegis, 1.0, 500));
    for hop in ["http_api", "ddb_transaction", "sqs_to_lambda"] {
        let slower = took(&inputs.with_scaled(hop, 1.5), Side::Aegis, 1.0, 500);
        assert!(
            one.iter().zip(&slower).all(|(one, slower)| slower > one),
            "{hop}"
        );
    }
}

#[test]
fn what_quotas_do_not_let_through_has_no_percentiles() {
    let model = model(&Inputs::published().unwrap(), SEED);
    assert_eq!(model.rates.len(), 12);
    let found = |side, rate: f64, account| {
        let mut rates = model.rates.iter();
        let same = |found: &&Rate| {
            found.side == side && found.per_second == rate && found.account == account
        };
        rates.find(same).unwrap().took
    };
    let (default, agents, all) = (
        Account::Default,
        Account::AgentsRaised,
        Account::RatesRaised,
    );
    assert_eq!(
        found(Side::Aegis, 100.0, default),
        None,
        "AgentCore starts 6.7 workflows a second"
    );
    assert!(found(Side::StepFunctions, 100.0, agents).is_some());
    assert_eq!(
        found(Side::StepFunctions, 1000.0, agents),
        None,
        "SendTaskSuccess allows 125 a second"
    );
    assert!(
        found(Side::Aegis, 1000.0, all).is_some(),
        "functions and mappings keep up"
    );
    let Percentiles { p50, p95, p99 } = found(Side::Aegis, 1.0, default).unwrap();
    assert!(p50 < p95 && p95 < p99);
}

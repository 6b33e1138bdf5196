//! Who enters a harness at its beginning.

use std::sync::Arc;

use aegis_contracts::ids::WorkflowId;

use crate::harness::Harness;

/// Clients over hours, what AWS runs, and in every other harness somebody who forges.
pub fn populate(harness: &Arc<Harness>, workflows: usize) {
    for number in 0..workflows {
        let actor = harness.clone();
        let client = async move { actor.client(number).await };
        harness.stage.enter("client", client);
    }
    run_aws(harness);
    if harness.dice.chance(0.5) {
        let id = |number| WorkflowId::derive("anonymous", &format!("key-{number}"));
        let targets = (0..workflows).map(id).collect();
        let actor = harness.clone();
        let forger = async move { actor.forger(targets).await };
        harness.stage.enter("forger", forger);
    }
}

/// All clients within a second.
pub fn crowd(harness: &Arc<Harness>, workflows: usize) {
    for number in 0..workflows {
        let actor = harness.clone();
        let client = async move { actor.hasty_client(number).await };
        harness.stage.enter("client", client);
    }
    run_aws(harness);
}

fn run_aws(harness: &Arc<Harness>) {
    let actor = harness.clone();
    let schedule = async move { actor.schedule().await };
    harness.stage.enter("schedule", schedule);
    let actor = harness.clone();
    let stream = async move { actor.stream().await };
    harness.stage.enter("stream", stream);
}

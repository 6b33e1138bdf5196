//! Who enters a world at its beginning.

use std::sync::Arc;

use aegis_contracts::ids::WorkflowId;

use crate::world::World;

/// Clients over hours, what AWS runs, and in every other world somebody who forges.
pub fn populate(world: &Arc<World>, workflows: usize) {
    for number in 0..workflows {
        let actor = world.clone();
        let client = async move { actor.client(number).await };
        world.stage.enter("client", client);
    }
    run_aws(world);
    if world.dice.chance(0.5) {
        let id = |number| WorkflowId::derive("anonymous", &format!("key-{number}"));
        let targets = (0..workflows).map(id).collect();
        let actor = world.clone();
        let forger = async move { actor.forger(targets).await };
        world.stage.enter("forger", forger);
    }
}

/// All clients within a second.
pub fn crowd(world: &Arc<World>, workflows: usize) {
    for number in 0..workflows {
        let actor = world.clone();
        let client = async move { actor.hasty_client(number).await };
        world.stage.enter("client", client);
    }
    run_aws(world);
}

fn run_aws(world: &Arc<World>) {
    let actor = world.clone();
    let schedule = async move { actor.schedule().await };
    world.stage.enter("schedule", schedule);
    let actor = world.clone();
    let stream = async move { actor.stream().await };
    world.stage.enter("stream", stream);
}

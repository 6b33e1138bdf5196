//! One world from its beginning to its rest.

use std::sync::Arc;
use std::time::Duration;

use aegis_contracts::ids::WorkflowId;

use crate::executor::Troupe;
use crate::laws::{Broken, judge};
use crate::story::Tally;
use crate::time::BEGINNING;
use crate::world::World;

/// Longer than any workflow with all its retries, approvals and redrives can last.
const END_OF_TIME: Duration = Duration::from_secs(30 * 24 * 3600);
/// Far more than all actors of a world can need before one of them waits.
const STEPS_AT_ONCE: u32 = 200_000;
/// Times that the operator puts dead letters back.
const ROUNDS: usize = 4;

/// How a world went.
#[derive(Debug)]
pub struct Telling {
    pub seed: u64,
    pub workflows: usize,
    pub tally: Tally,
    /// Empty unless it was asked for.
    pub lines: Vec<String>,
    pub broken: Option<Broken>,
}

/// Runs the world of `seed` with that many workflows, and judges it. `told`: with its story.
pub fn simulate(seed: u64, workflows: usize, told: bool) -> Telling {
    let world = World::of(seed, told);
    populate(&world, workflows);
    let broken = live(&world).and_then(|()| judge(&world)).err();
    count_endings(&world);
    Telling {
        seed,
        workflows,
        tally: world.story.tally(),
        lines: world.story.lines(),
        broken,
    }
}

fn populate(world: &Arc<World>, workflows: usize) {
    for number in 0..workflows {
        let actor = world.clone();
        world
            .stage
            .enter("client", async move { actor.client(number).await });
    }
    let actor = world.clone();
    world
        .stage
        .enter("schedule", async move { actor.schedule().await });
    let actor = world.clone();
    world
        .stage
        .enter("stream", async move { actor.stream().await });
    if world.dice.chance(0.5) {
        let targets = (0..workflows).map(|number| {
            let key = format!("key-{number}");
            WorkflowId::derive("anonymous", &key)
        });
        let (actor, targets) = (world.clone(), targets.collect());
        world
            .stage
            .enter("forger", async move { actor.forger(targets).await });
    }
}

/// Until nothing moves any more, and again after the dead letters were put back.
fn live(world: &Arc<World>) -> Result<(), Broken> {
    let mut troupe = Troupe::default();
    let mut seen = 0;
    for _ in 0..ROUNDS {
        rest(world, &mut troupe, &mut seen)?;
        // Trouble ends before the operator acts.
        world.sky.end();
        if world.redrive_dead_letters() == 0 {
            return Ok(());
        }
    }
    Ok(())
}

fn rest(world: &Arc<World>, troupe: &mut Troupe, seen: &mut usize) -> Result<(), Broken> {
    loop {
        let mut steps = 0;
        while troupe.step(&world.stage, &world.dice) {
            world.carry_on(seen);
            steps += 1;
            if steps > STEPS_AT_ONCE {
                return Err(Broken {
                    law: "nothing turns in circles",
                    what: format!("{STEPS_AT_ONCE} steps, the last of the {}", troupe.last()),
                });
            }
        }
        match world.clock.move_on() {
            None => return Ok(()),
            Some(now) if now.since(BEGINNING) > END_OF_TIME => {
                return Err(Broken {
                    law: "no wait is without end",
                    what: "something still moves after thirty days".to_owned(),
                });
            }
            Some(_) => {}
        }
    }
}

fn count_endings(world: &World) {
    for row in world.ports.table.rows() {
        if let Ok(workflow) = row.workflow() {
            world.story.count(match workflow.status().as_str() {
                "completed" => "workflows completed",
                "failed" => "workflows failed",
                "cancelled" => "workflows cancelled",
                "rejected" => "workflows rejected",
                "expired" => "workflows expired",
                _ => "workflows not ended",
            });
        }
    }
}

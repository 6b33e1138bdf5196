//! One world from its beginning to its rest.

use std::sync::Arc;
use std::time::Duration;

use aegis_cost::path::Units;

use crate::executor::Troupe;
use crate::laws::{Broken, judge};
use crate::population::{crowd, populate};
use crate::story::Tally;
use crate::time::BEGINNING;
use crate::weather::Sessions;
use crate::world::{Manners, World};

/// Longer than any workflow of these worlds lasts, with all its retries, approvals and redrives.
const END_OF_TIME: Duration = Duration::from_secs(5 * 24 * 3600);
/// Far more than all actors of a world can need before one of them waits.
const STEPS_AT_ONCE: u32 = 200_000;
/// Times that the operator puts dead letters back.
const ROUNDS: usize = 2;

/// How a world went.
#[derive(Debug)]
pub struct Telling {
    pub seed: u64,
    pub workflows: usize,
    pub tally: Tally,
    /// Virtual time until everything was at rest.
    pub lasted: Duration,
    /// Empty unless it was asked for.
    pub lines: Vec<String>,
    pub broken: Option<Broken>,
}

/// Runs the world of `seed` with that many workflows, and judges it. `told`: with its story.
pub fn simulate(seed: u64, workflows: usize, told: bool) -> Telling {
    let world = World::of(seed, told);
    populate(&world, workflows);
    finish(seed, workflows, &world)
}

/// As many workflows as are asked for, all started within one second, in good weather: what is
/// short is only the number of agent sessions that may start.
pub fn storm(seed: u64, workflows: usize, sessions: Sessions) -> Telling {
    let world = World::with(seed, false, Manners::Drawn, sessions);
    world.sky.end();
    crowd(&world, workflows);
    finish(seed, workflows, &world)
}

/// One workflow in good weather, with brisk agents and one brisk approver: how many calls of each
/// port the services make for it, and how many capacity units that takes.
pub fn calls_of_one_workflow() -> (Tally, Units) {
    let world = World::with(0, false, Manners::Brisk, Sessions::default());
    world.sky.end();
    crowd(&world, 1);
    let telling = finish(0, 1, &world);
    let mut calls = world.sky.calls();
    // What agents do with their bucket is their own.
    calls.retain(|operation, _| !operation.starts_with("agent "));
    if telling.broken.is_some() {
        calls.clear();
    }
    (calls, world.ports.table.consumed())
}

fn finish(seed: u64, workflows: usize, world: &Arc<World>) -> Telling {
    let broken = live(world).and_then(|()| judge(world)).err();
    count_endings(world);
    Telling {
        seed,
        workflows,
        tally: world.story.tally(),
        lines: world.story.lines(),
        lasted: world.clock.true_now().since(BEGINNING),
        broken,
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
    rest(world, &mut troupe, &mut seen)
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
                    what: "something still moves after five days".to_owned(),
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

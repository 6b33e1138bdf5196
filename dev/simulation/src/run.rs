//! One harness from its beginning to its rest.

use std::sync::Arc;
use std::time::Duration;

use aegis_cost::path::Units;

use crate::executor::Troupe;
use crate::faults::Sessions;
use crate::harness::{Harness, Manners};
use crate::laws::{Broken, judge};
use crate::population::{crowd, populate};
use crate::time::BEGINNING;
use crate::trace::Tally;

/// Longer than any workflow of these seeds lasts, with all its retries, approvals and redrives.
const END_OF_TIME: Duration = Duration::from_secs(5 * 24 * 3600);
/// Far more than all actors of a harness can need before one of them waits.
const STEPS_AT_ONCE: u32 = 200_000;
/// Times that the operator puts dead letters back.
const ROUNDS: usize = 2;

/// How a harness went.
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

/// Runs the harness of `seed` with that many workflows, and judges it. `told`: with its trace.
pub fn simulate(seed: u64, workflows: usize, told: bool) -> Telling {
    let harness = Harness::of(seed, told);
    populate(&harness, workflows);
    finish(seed, workflows, &harness)
}

/// As many workflows as are asked for, all started within one second, without faults: what is
/// short is only the number of agent sessions that may start.
pub fn storm(seed: u64, workflows: usize, sessions: Sessions) -> Telling {
    let harness = Harness::with(seed, false, Manners::Drawn, sessions);
    harness.faults.end();
    crowd(&harness, workflows);
    finish(seed, workflows, &harness)
}

/// One workflow without faults, with brisk agents and one brisk approver: how many calls of each
/// port the services make for it, and how many capacity units that takes.
pub fn calls_of_one_workflow() -> (Tally, Units) {
    let harness = Harness::with(0, false, Manners::Brisk, Sessions::default());
    harness.faults.end();
    crowd(&harness, 1);
    let telling = finish(0, 1, &harness);
    let mut calls = harness.faults.calls();
    // What agents do with their bucket is their own.
    calls.retain(|operation, _| !operation.starts_with("agent "));
    if telling.broken.is_some() {
        calls.clear();
    }
    (calls, harness.ports.table.consumed())
}

fn finish(seed: u64, workflows: usize, harness: &Arc<Harness>) -> Telling {
    let broken = live(harness).and_then(|()| judge(harness)).err();
    count_endings(harness);
    Telling {
        seed,
        workflows,
        tally: harness.trace.tally(),
        lines: harness.trace.lines(),
        lasted: harness.clock.true_now().since(BEGINNING),
        broken,
    }
}

/// Until nothing moves any more, and again after the dead letters were put back.
fn live(harness: &Arc<Harness>) -> Result<(), Broken> {
    let mut troupe = Troupe::default();
    let mut seen = 0;
    for _ in 0..ROUNDS {
        rest(harness, &mut troupe, &mut seen)?;
        // Trouble ends before the operator acts.
        harness.faults.end();
        if harness.redrive_dead_letters() == 0 {
            return Ok(());
        }
    }
    rest(harness, &mut troupe, &mut seen)
}

fn rest(harness: &Arc<Harness>, troupe: &mut Troupe, seen: &mut usize) -> Result<(), Broken> {
    loop {
        let mut steps = 0;
        while troupe.step(&harness.stage, &harness.dice) {
            harness.carry_on(seen);
            steps += 1;
            if steps > STEPS_AT_ONCE {
                return Err(Broken {
                    law: "nothing turns in circles",
                    what: format!("{STEPS_AT_ONCE} steps, the last of the {}", troupe.last()),
                });
            }
        }
        match harness.clock.move_on() {
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

fn count_endings(harness: &Harness) {
    for row in harness.ports.table.rows() {
        if let Ok(workflow) = harness.workflow(&row) {
            harness.trace.count(match workflow.status().as_str() {
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

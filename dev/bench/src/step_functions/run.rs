//! The bench itself: flows take turns, first one workflow at a time, then many.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::{Deserialize, Serialize};

use super::flows::{Flow, Ground};
use super::life::{Life, PARTS};
use super::processes::{Used, most_resident};
use crate::memory::megabytes;

/// The emulator is quiet when it uses less than this between two looks.
const QUIET: Duration = Duration::from_millis(20);
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
const LOOKS: u32 = 80;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Workflows of each flow, one at a time.
    pub single: u32,
    /// Blocks of each flow with many at a time.
    pub rounds: u32,
    /// Workflows of such a block.
    pub block: u32,
    pub in_flight: usize,
    /// The emulator's process.
    pub emulator: i32,
    /// Of our functions: `release` or `dev`.
    pub profile: &'static str,
}

/// All flows, measured in one run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Comparison {
    /// Of our functions: `release` or `dev`.
    pub profile: String,
    pub single: u32,
    pub rounds: u32,
    pub block: u32,
    pub in_flight: usize,
    pub flows: Vec<Measured>,
    /// Of each function of aegis, the most megabytes that a process of it has held resident after all of that.
    pub resident_mb: BTreeMap<String, f64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measured {
    pub flow: Flow,
    /// End to end, one at a time.
    pub p50_ms: f64,
    pub p95_ms: f64,
    /// What of it passed where, at the median.
    pub parts: Vec<(String, f64)>,
    /// Each block's, with many at a time.
    pub per_second: Vec<f64>,
    pub median_per_second: f64,
    /// Processor time for each workflow of these blocks.
    pub emulator_ms: f64,
    pub functions_ms: f64,
}

#[derive(Debug, Default)]
struct Taken {
    single: Vec<Life>,
    per_second: Vec<f64>,
    emulator: Duration,
    functions: Duration,
}

impl Flow {
    /// How the names of its functions begin.
    fn functions(self) -> &'static str {
        match self {
            Self::Aegis => "aegis-dev-",
            Self::Team | Self::Shortest => "aegis-bench-",
        }
    }
}

/// `said`: what is being done, for whoever waits.
///
/// # Errors
/// Where a workflow does not come to its end.
pub async fn compare(ground: &Ground, plan: &Plan, said: &dyn Fn(&str)) -> Result<Comparison> {
    ensure!(
        plan.single > 0 && plan.rounds > 0 && plan.block > 0,
        "nothing is measured in 0 workflows"
    );
    let mut taken: BTreeMap<Flow, Taken> = BTreeMap::new();
    said("warming up");
    for flow in Flow::ALL {
        block(ground, flow, plan.in_flight as u32 * 2, plan.in_flight).await?;
    }
    for number in 1..=plan.single {
        said(&format!("one at a time: {number} of {}", plan.single));
        for flow in Flow::in_turn(number) {
            let life = ground.live(flow).await?;
            taken.entry(flow).or_default().single.push(life);
        }
    }
    for round in 1..=plan.rounds {
        for flow in Flow::in_turn(round) {
            said(&format!(
                "{} at a time: {}, round {round} of {}",
                plan.in_flight,
                flow.name(),
                plan.rounds
            ));
            let before = quiet(plan.emulator).await?;
            let took = block(ground, flow, plan.block, plan.in_flight).await?;
            let after = quiet(plan.emulator).await?;
            let entry = taken.entry(flow).or_default();
            entry
                .per_second
                .push(f64::from(plan.block) / took.as_secs_f64());
            entry.emulator += after.emulator.saturating_sub(before.emulator);
            entry.functions += after.of_functions_since(&before, flow.functions());
        }
    }
    let held = most_resident(plan.emulator);
    let prefix = Flow::Aegis.functions();
    let resident = held.iter().filter_map(|(name, bytes)| {
        let service = name.strip_prefix(prefix)?;
        Some((service.to_owned(), megabytes(*bytes)))
    });
    let flows = taken
        .into_iter()
        .map(|(flow, taken)| taken.measured(flow, plan))
        .collect();
    let Plan {
        single,
        rounds,
        block,
        in_flight,
        ..
    } = *plan;
    Ok(Comparison {
        profile: plan.profile.to_owned(),
        single,
        rounds,
        block,
        in_flight,
        flows,
        resident_mb: resident.collect(),
    })
}

async fn block(ground: &Ground, flow: Flow, count: u32, in_flight: usize) -> Result<Duration> {
    let began = Instant::now();
    let lives = stream::iter(0..count).map(|_| ground.live(flow));
    lives
        .buffer_unordered(in_flight)
        .try_collect::<Vec<_>>()
        .await?;
    Ok(began.elapsed())
}

impl Taken {
    fn measured(self, flow: Flow, plan: &Plan) -> Measured {
        let mut single: Vec<f64> = self
            .single
            .iter()
            .map(|life| milliseconds(life.took()))
            .collect();
        let parts = PARTS.iter().enumerate().map(|(index, name)| {
            let mut all: Vec<f64> = self.single.iter().map(|life| life.part(index)).collect();
            ((*name).to_owned(), percentile(&mut all, 50))
        });
        let parts = parts.collect();
        let mut per_second = self.per_second.clone();
        let each = |total: Duration| milliseconds(total) / f64::from(plan.block * plan.rounds);
        Measured {
            flow,
            p50_ms: percentile(&mut single, 50),
            p95_ms: percentile(&mut single, 95),
            parts,
            median_per_second: percentile(&mut per_second, 50),
            per_second: self.per_second,
            emulator_ms: each(self.emulator),
            functions_ms: each(self.functions),
        }
    }
}

/// Returns once the emulator has no more to do of what came before: a block pays for all of its own work, and for nobody
/// else's.
async fn quiet(emulator: i32) -> Result<Used> {
    let mut before = Used::now(emulator)?;
    for _ in 0..LOOKS {
        tokio::time::sleep(BETWEEN_LOOKS).await;
        let now = Used::now(emulator)?;
        if now.emulator.saturating_sub(before.emulator) <= QUIET {
            return Ok(now);
        }
        before = now;
    }
    Ok(before)
}

fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}

fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = (values.len() * percent / 100).min(values.len().saturating_sub(1));
    values.get(index).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_flow_begins_a_turn() {
        let first = [1, 2, 3].map(|turn| Flow::in_turn(turn)[0]);
        assert_eq!(BTreeSet::from(first), BTreeSet::from(Flow::ALL));
        let mut second = Flow::in_turn(2);
        second.sort();
        assert_eq!(second, Flow::ALL);
    }

    #[test]
    fn percentiles_are_of_the_sorted_values() {
        let mut values: Vec<f64> = (0..100).rev().map(f64::from).collect();
        assert_eq!(
            (percentile(&mut values, 50), percentile(&mut values, 95)),
            (50.0, 95.0)
        );
        assert_eq!(percentile(&mut [7.0], 95), 7.0);
    }
}

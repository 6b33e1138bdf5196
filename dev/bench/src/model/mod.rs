//! What a workflow takes in AWS, hop by hop, for aegis and for the same flow on Step Functions, and how many the quotas of
//! an account let through.
//!
//! Many workflows, one at a time, each hop drawn from its latency by a seed. Every figure of `dev/bench/model/inputs.toml`
//! names its source or says that it is assumed. What agents do, and the start of their sessions, is the same on both sides
//! and left out. Deliberately knows no emulator: nothing here is measured on this machine.

mod inputs;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

pub use inputs::{Inputs, Side};
use inputs::{Kind, Latency, Step};

use crate::text::{number, table};

const WORKFLOWS: u32 = 5_000;
/// Where chance begins, so that the figures are the same each time.
const SEED: u64 = 7;
/// Each assumed hop at half and at twice its time: what the comparison owes to the least certain figures.
const FACTORS: [f64; 2] = [0.5, 2.0];

#[derive(Debug, Clone, Serialize)]
pub struct Model {
    pub sides: Vec<Computed>,
    /// The largest influence on the ratio first.
    pub sensitivity: Vec<Sensitivity>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Computed {
    pub side: Side,
    /// In milliseconds.
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
    /// The narrowest first.
    pub limits: Vec<Limit>,
    /// The longest first.
    pub hops: Vec<HopShare>,
}

/// How many workflows a second one quota lets through.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Limit {
    pub quota: String,
    /// Of the agents' runtime.
    pub agents: bool,
    pub per_second: f64,
}

/// How often a hop is on the path, and what that is at its median.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HopShare {
    pub hop: String,
    pub times: u32,
    pub milliseconds: f64,
    pub assumed: bool,
}

/// Medians when one hop takes `factor` times as long.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sensitivity {
    pub hop: String,
    pub factor: f64,
    pub aegis_ms: f64,
    pub step_functions_ms: f64,
}

impl Sensitivity {
    fn of(inputs: &Inputs, hop: &str, factor: f64) -> Self {
        let scaled = inputs.with_scaled(hop, factor);
        let median = |side| at(&took(&scaled, side), 0.5);
        Self {
            hop: hop.to_owned(),
            factor,
            aegis_ms: median(Side::Aegis),
            step_functions_ms: median(Side::StepFunctions),
        }
    }

    /// How long aegis takes for what Step Functions does in 1.
    pub fn ratio(&self) -> f64 {
        self.aegis_ms / self.step_functions_ms
    }
}

pub fn model(inputs: &Inputs) -> Model {
    let computed = |side| {
        let took = took(inputs, side);
        Computed {
            side,
            p50: at(&took, 0.5),
            p95: at(&took, 0.95),
            p99: at(&took, 0.99),
            limits: limits(inputs, side),
            hops: hops(inputs, side),
        }
    };
    Model {
        sides: Side::ALL.map(computed).into(),
        sensitivity: sensitivity(inputs),
    }
}

/// How long each workflow takes, in milliseconds, sorted.
fn took(inputs: &Inputs, side: Side) -> Vec<f64> {
    let path: Vec<Latency> = on_path(inputs, side)
        .filter_map(|hop| Some(inputs.hops.get(hop)?.latency))
        .collect();
    let mut took: Vec<f64> = (0..WORKFLOWS)
        .map(|workflow| {
            let hops = path.iter().zip(0_u64..);
            hops.map(|(latency, hop)| latency.at(normal(workflow, hop)))
                .sum()
        })
        .collect();
    took.sort_by(f64::total_cmp);
    took
}

fn on_path(inputs: &Inputs, side: Side) -> impl Iterator<Item = &String> {
    let steps = inputs.steps(side).iter().filter(|step| !step.aside);
    steps.flat_map(|step| &step.hops)
}

/// The same workflow draws the same at the same hop, whatever else was changed: only so are two runs comparable.
/// Box and Muller: two even numbers make a normal one.
fn normal(workflow: u32, hop: u64) -> f64 {
    let place = u64::from(workflow) << 32 | hop;
    let mut dice = ChaCha8Rng::seed_from_u64(SEED ^ place.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let (one, two): (f64, f64) = (1.0 - dice.random::<f64>(), dice.random());
    (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * two).cos()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an index"
)]
fn at(sorted: &[f64], share: f64) -> f64 {
    let index = (share * sorted.len() as f64) as usize;
    sorted.get(index).copied().unwrap_or_default()
}

fn limits(inputs: &Inputs, side: Side) -> Vec<Limit> {
    let steps = inputs.steps(side);
    let median = |step: &Step| {
        let hops = step.hops.iter().filter_map(|hop| inputs.hops.get(hop));
        hops.map(|hop| hop.latency.p50).sum::<f64>()
    };
    let functions = steps.iter().filter(|step| step.function);
    let busy_seconds = functions.map(median).sum::<f64>() / 1000.0;
    let per_second = |quota: &inputs::Quota| match quota.kind {
        Kind::PerSecond(allowed) => {
            let hops = steps.iter().flat_map(|step| &step.hops);
            let taken: f64 = hops.filter_map(|hop| quota.taken_by.get(hop)).sum();
            allowed / taken
        }
        Kind::Functions(at_once) => f64::from(at_once) / busy_seconds,
    };
    let all = inputs.quotas.iter().map(|(name, quota)| Limit {
        quota: name.replace('_', " "),
        agents: quota.agents,
        per_second: per_second(quota),
    });
    let mut all: Vec<Limit> = all.filter(|limit| limit.per_second.is_finite()).collect();
    all.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    all
}

fn hops(inputs: &Inputs, side: Side) -> Vec<HopShare> {
    let mut times: BTreeMap<&String, u32> = BTreeMap::new();
    for hop in on_path(inputs, side) {
        *times.entry(hop).or_default() += 1;
    }
    let shares = times.into_iter().filter_map(|(name, times)| {
        let hop = inputs.hops.get(name)?;
        Some(HopShare {
            hop: name.clone(),
            times,
            milliseconds: f64::from(times) * hop.latency.p50,
            assumed: hop.origin.is_assumed(),
        })
    });
    let mut shares: Vec<HopShare> = shares.collect();
    shares.sort_by(|a, b| b.milliseconds.total_cmp(&a.milliseconds));
    shares
}

fn sensitivity(inputs: &Inputs) -> Vec<Sensitivity> {
    let assumed = inputs
        .hops
        .iter()
        .filter(|(_, hop)| hop.origin.is_assumed());
    let mut all: Vec<Sensitivity> = assumed
        .flat_map(|(name, _)| FACTORS.map(|factor| Sensitivity::of(inputs, name, factor)))
        .collect();
    let base = Sensitivity::of(inputs, "", 1.0);
    // What lies beside the path, or is the same on both sides, says nothing.
    all.retain(|one| {
        (one.aegis_ms, one.step_functions_ms) != (base.aegis_ms, base.step_functions_ms)
    });
    let influence = |one: &Sensitivity| (one.ratio() - base.ratio()).abs();
    all.sort_by(|a, b| influence(b).total_cmp(&influence(a)));
    all
}

/// Times and quotas: what docs/performance.md holds.
pub fn summary(model: &Model) -> String {
    let side = |one: &Computed| {
        let narrowest = |agents: bool| {
            let mut limits = one.limits.iter().filter(|limit| limit.agents == agents);
            limits.next().map_or_else(String::new, |limit| {
                format!("{}: {}", limit.quota, number(limit.per_second))
            })
        };
        let mut row = vec![one.side.name().to_owned()];
        row.extend([one.p50, one.p95, one.p99].map(number));
        row.extend([narrowest(true), narrowest(false)]);
        row
    };
    let head = [
        "one workflow, ms",
        "p50",
        "p95",
        "p99",
        "agents' quota, workflows/s",
        "next quota, workflows/s",
    ];
    table(&head, &model.sides.iter().map(side).collect::<Vec<_>>())
}

/// The same, then hops, then how much hangs on what is assumed.
pub fn text(model: &Model) -> String {
    let hops = model.sides.iter().flat_map(|one| {
        one.hops.iter().map(|hop| {
            let figure = if hop.assumed { "assumed" } else { "published" };
            vec![
                one.side.name().to_owned(),
                hop.hop.clone(),
                hop.times.to_string(),
                number(hop.milliseconds),
                figure.to_owned(),
            ]
        })
    });
    let head = ["hops", "hop", "times", "ms, at its median", "figure"];
    let hops = table(&head, &hops.collect::<Vec<_>>());
    let sensitivity = model.sensitivity.iter().map(|one| {
        let figures = [one.factor, one.aegis_ms, one.step_functions_ms, one.ratio()];
        let mut row = vec![one.hop.clone()];
        row.extend(figures.map(number));
        row
    });
    let head = [
        "assumed figure",
        "times",
        "aegis p50",
        "Step Functions p50",
        "ratio",
    ];
    let sensitivity = table(&head, &sensitivity.collect::<Vec<_>>());
    [summary(model), hops, sensitivity].join("\n")
}

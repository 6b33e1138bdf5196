//! What a quota allows, and what a hop adds: sums over the path, without chance.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::harness::{Run, run};
use super::inputs::{Inputs, Kind, Side};

/// How many workflows a second one quota lets through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    pub side: Side,
    pub quota: String,
    /// Of the agents' runtime.
    pub agents: bool,
    /// Counts requests, not what runs at the same time.
    pub rate: bool,
    pub per_second: f64,
}

/// How often a hop is on the path, and what that is at its median.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HopShare {
    pub side: Side,
    pub hop: String,
    pub times: u32,
    pub milliseconds: f64,
    pub source: String,
}

/// The narrowest first.
pub fn limits(inputs: &Inputs, side: Side, seed: u64) -> Vec<Limit> {
    const ALONE: u32 = 500;
    let steps = inputs.paths.get(&side).map_or(&[][..], Vec::as_slice);
    let endless = Inputs {
        quotas: BTreeMap::new(),
        ..inputs.clone()
    };
    let alone = run(
        &endless,
        &Run {
            side,
            rate: 1.0,
            workflows: ALONE,
            seed,
        },
    );
    let busy = alone.function_seconds / f64::from(ALONE);
    let mut all = Vec::new();
    for (name, quota) in &inputs.quotas {
        let per_second = match quota.kind {
            Kind::Bucket { per_second, .. } => {
                let hops = steps.iter().flat_map(|step| &step.hops);
                let tokens: f64 = hops.filter_map(|hop| quota.taken_by.get(hop)).sum();
                per_second / tokens
            }
            Kind::Functions { at_once } => f64::from(at_once) / busy,
            // Met only while the number of places still grows, or by long functions: these are short.
            Kind::Mapping { .. } => continue,
        };
        if per_second.is_finite() {
            all.push(Limit {
                side,
                quota: name.clone(),
                agents: quota.agents,
                rate: quota.kind.is_rate(),
                per_second,
            });
        }
    }
    all.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    all
}

/// The longest first.
pub fn hops(inputs: &Inputs, side: Side) -> Vec<HopShare> {
    let steps = inputs.paths.get(&side).map_or(&[][..], Vec::as_slice);
    let on_path = steps
        .iter()
        .filter(|step| !step.aside)
        .flat_map(|step| &step.hops);
    let mut times: BTreeMap<&String, u32> = BTreeMap::new();
    for hop in on_path {
        *times.entry(hop).or_default() += 1;
    }
    let shares = times.into_iter().filter_map(|(name, times)| {
        let hop = inputs.hops.get(name)?;
        Some(HopShare {
            side,
            hop: name.clone(),
            times,
            milliseconds: f64::from(times) * hop.latency.p50,
            source: hop.origin.source.clone(),
        })
    });
    let mut shares: Vec<HopShare> = shares.collect();
    shares.sort_by(|a, b| b.milliseconds.total_cmp(&a.milliseconds));
    shares
}

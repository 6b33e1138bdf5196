//! What the comparison owes to the least certain figures: each assumed hop at half and at twice its time.

use serde::{Deserialize, Serialize};

use super::harness::{Run, run};
use super::inputs::{Inputs, Side};
use super::report::Percentiles;

const FACTORS: [f64; 2] = [0.5, 2.0];
/// One at a time, so that only latencies matter.
const WORKFLOWS: u32 = 3_000;

/// Medians when one hop takes `factor` times as long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    pub hop: String,
    pub factor: f64,
    pub aegis_ms: f64,
    pub step_functions_ms: f64,
}

impl Sensitivity {
    fn of(inputs: &Inputs, hop: &str, factor: f64, seed: u64) -> Self {
        let scaled = inputs.with_scaled(hop, factor);
        let median = |side| {
            let outcome = run(
                &scaled,
                &Run {
                    side,
                    rate: 1.0,
                    workflows: WORKFLOWS,
                    seed,
                },
            );
            Percentiles::of(outcome.took).p50
        };
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

/// The largest influence on the ratio first.
pub fn sensitivity(inputs: &Inputs, seed: u64) -> Vec<Sensitivity> {
    let assumed = inputs
        .hops
        .iter()
        .filter(|(_, hop)| hop.origin.is_assumed());
    let mut all: Vec<Sensitivity> = assumed
        .flat_map(|(name, _)| FACTORS.map(|factor| Sensitivity::of(inputs, name, factor, seed)))
        .collect();
    let base = Sensitivity::of(inputs, "", 1.0, seed);
    // What lies beside the path, or is the same on both sides, says nothing.
    all.retain(|one| {
        (one.aegis_ms, one.step_functions_ms) != (base.aegis_ms, base.step_functions_ms)
    });
    let base = base.ratio();
    let influence = |one: &Sensitivity| (one.ratio() - base).abs();
    all.sort_by(|a, b| influence(b).total_cmp(&influence(a)));
    all
}

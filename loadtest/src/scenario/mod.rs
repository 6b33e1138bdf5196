//! What a load test does to a stage: when workflows arrive, what each is put through, how long is waited.
//!
//! Read from TOML; the files in `scenarios/` are built in by their names. Everything that is wrong with one is said at once.

mod arrivals;
mod mix;
mod read;

use std::time::Duration;

use serde::Deserialize;

pub use arrivals::{Phase, Spacing};
pub use mix::{Kind, Mix};
pub use read::BUILT_IN;

use crate::agents::Latency;

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub description: String,
    /// One after the other.
    pub arrivals: Vec<Phase>,
    #[serde(default)]
    pub spacing: Spacing,
    #[serde(default)]
    pub mix: Mix,
    #[serde(default)]
    pub approval: Approval,
    /// How long after the last arrival everything must have ended.
    #[serde(deserialize_with = "read::time")]
    pub patience: Duration,
    /// Agents that this is meant for; the command line may ask for others.
    #[serde(default, deserialize_with = "read::latency")]
    pub agents: Option<Latency>,
    /// Least size of what each agent writes, where they are not the real ones.
    #[serde(default)]
    pub artifact_bytes: usize,
    /// Sessions that such agents let start in a second.
    #[serde(default)]
    pub new_sessions: Option<f64>,
}

/// When decisions come, from when the approver sees the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Approval {
    #[serde(deserialize_with = "read::time")]
    pub after: Duration,
    /// Of those that are `late`.
    #[serde(deserialize_with = "read::time")]
    pub late_after: Duration,
}

impl Default for Approval {
    fn default() -> Self {
        Self {
            after: Duration::ZERO,
            late_after: Duration::from_secs(30),
        }
    }
}

/// What the command line says instead of the scenario.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    pub workflows: Option<usize>,
    /// Per second.
    pub rate: Option<f64>,
}

/// More workflows than a run may have.
const TOO_MANY: f64 = 1_000_001.0;

/// One workflow to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// From the beginning of the run.
    pub due: Duration,
    pub kind: Kind,
}

impl Scenario {
    /// # Errors
    /// Where the scenario has fewer workflows than are wanted, or no one rate that another could take the place of.
    pub fn plan(&self, wanted: Wanted, seed: u64) -> Result<Vec<Arrival>, String> {
        let phases = match (&self.arrivals[..], wanted.rate) {
            // A single rate goes on for as long as is wanted.
            ([only], None) => vec![only.of_length(wanted.workflows)],
            ([only], Some(rate)) if only.has_one_rate() => {
                vec![only.at_rate(rate).of_length(wanted.workflows)]
            }
            (several, None) => several.to_vec(),
            (_, Some(_)) => {
                return Err(
                    "this scenario is a burst, a ramp or several phases: no one rate can take their place"
                        .to_owned(),
                );
            }
        };
        if phases.iter().map(Phase::expected).sum::<f64>() >= TOO_MANY {
            return Err("that is more than a million workflows".to_owned());
        }
        let mut due = arrivals::offsets(&phases, self.spacing, seed);
        if let Some(workflows) = wanted.workflows {
            if due.len() < workflows {
                let has = due.len();
                return Err(format!(
                    "the scenario has {has} workflows, {workflows} are wanted"
                ));
            }
            due.truncate(workflows);
        }
        let kinds = self.mix.turns();
        let arrivals = due.into_iter().zip(kinds);
        Ok(arrivals.map(|(due, kind)| Arrival { due, kind }).collect())
    }
}

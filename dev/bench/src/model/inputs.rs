//! `inputs.toml`: hops, quotas, and the path of a workflow on each side.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

const TEXT: &str = include_str!("../../model/inputs.toml");

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    Aegis,
    StepFunctions,
}

impl Side {
    pub const ALL: [Self; 2] = [Self::Aegis, Self::StepFunctions];

    pub fn name(self) -> &'static str {
        match self {
            Self::Aegis => "aegis",
            Self::StepFunctions => "Step Functions",
        }
    }
}

/// What stands behind a figure.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// A URL; or `assumed`, and then `note` says from what.
    pub source: String,
    pub note: String,
}

impl Origin {
    pub fn is_assumed(&self) -> bool {
        self.source == "assumed"
    }

    fn problem(&self) -> Option<&'static str> {
        if !self.is_assumed() && !self.source.starts_with("https://") {
            return Some("the source is neither a URL nor `assumed`");
        }
        self.note.is_empty().then_some("the note is empty")
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hop {
    pub latency: Latency,
    pub origin: Origin,
}

/// What an account may do by default, in us-east-1.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    pub kind: Kind,
    pub origin: Origin,
    /// Of the agents' runtime: the same for whoever starts them.
    #[serde(default)]
    pub agents: bool,
    /// What each of these hops takes of a rate.
    #[serde(default)]
    pub taken_by: BTreeMap<String, f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Kind {
    PerSecond(f64),
    /// Functions at work at the same time in the account.
    Functions(u32),
}

/// Hops one after the other.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub name: String,
    pub hops: Vec<String>,
    /// A function runs during these hops, and counts against its quota.
    #[serde(default)]
    pub function: bool,
    /// Beside the path: it takes quotas and delays nobody.
    #[serde(default)]
    pub aside: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    pub hops: BTreeMap<String, Hop>,
    #[serde(default)]
    pub quotas: BTreeMap<String, Quota>,
    pub paths: BTreeMap<Side, Vec<Step>>,
}

impl Inputs {
    /// Those of this repository.
    ///
    /// # Errors
    /// Where they do not hold together.
    pub fn published() -> Result<Self> {
        Self::parse(TEXT)
    }

    /// # Errors
    /// Everything that does not hold together.
    pub fn parse(text: &str) -> Result<Self> {
        let inputs: Self = toml::from_str(text).context("the model's inputs")?;
        let problems = inputs.problems();
        if problems.is_empty() {
            return Ok(inputs);
        }
        bail!("the model's inputs: {}", problems.join("; "))
    }

    pub fn steps(&self, side: Side) -> &[Step] {
        self.paths.get(&side).map_or(&[], Vec::as_slice)
    }

    /// The same with one hop that takes `factor` times as long.
    #[must_use]
    pub fn with_scaled(&self, hop: &str, factor: f64) -> Self {
        let mut inputs = self.clone();
        if let Some(hop) = inputs.hops.get_mut(hop) {
            hop.latency = hop.latency.scaled(factor);
        }
        inputs
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (name, hop) in &self.hops {
            let found = [hop.latency.problem(), hop.origin.problem()];
            let found = found.into_iter().flatten();
            problems.extend(found.map(|problem| format!("hop {name}: {problem}")));
        }
        let unknown = |hop: &&String| !self.hops.contains_key(*hop);
        for (name, quota) in &self.quotas {
            if let Some(problem) = quota.origin.problem() {
                problems.push(format!("quota {name}: {problem}"));
            }
            let unknown = quota.taken_by.keys().filter(unknown);
            problems.extend(unknown.map(|hop| format!("quota {name}: no hop is called {hop}")));
        }
        for side in Side::ALL {
            if self.steps(side).is_empty() {
                problems.push(format!("{side:?} has no path"));
            }
            let named = self.steps(side).iter().flat_map(|step| &step.hops);
            let unknown = named.filter(unknown);
            problems.extend(unknown.map(|hop| format!("path of {side:?}: no hop is called {hop}")));
        }
        problems
    }
}

/// How many standard deviations the normal distribution has below each percentile.
const P10: f64 = -1.281_552;
const P90: f64 = 1.281_552;
const P95: f64 = 1.644_854;
const P99: f64 = 2.326_348;
/// Nothing is drawn beyond the percentile 99.9: no source says what lies there.
const LAST: f64 = 3.090_232;

/// One hop's latency in milliseconds, drawn from the percentiles that were published of it. Between two percentiles the
/// logarithm is a straight line over the standard normal variable, so that two of them make a log-normal distribution.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    pub p10: Option<f64>,
    pub p50: f64,
    pub p90: Option<f64>,
    pub p95: Option<f64>,
    pub p99: f64,
}

impl Latency {
    fn problem(&self) -> Option<&'static str> {
        let given: Vec<f64> = self.knots().map(|(_, value)| value).collect();
        if given
            .iter()
            .any(|value| *value <= 0.0 || !value.is_finite())
        {
            return Some("a percentile is not above 0");
        }
        (!given.is_sorted()).then_some("the percentiles do not ascend")
    }

    fn knots(&self) -> impl Iterator<Item = (f64, f64)> {
        let all = [
            (P10, self.p10),
            (0.0, Some(self.p50)),
            (P90, self.p90),
            (P95, self.p95),
            (P99, Some(self.p99)),
        ];
        all.into_iter().filter_map(|(z, value)| Some((z, value?)))
    }

    /// The latency at `z` standard deviations from the median.
    pub fn at(&self, z: f64) -> f64 {
        let z = z.clamp(-LAST, LAST);
        let knots: Vec<(f64, f64)> = self.knots().collect();
        let above = knots.iter().position(|(knot, _)| *knot > z);
        let right = above.unwrap_or(knots.len() - 1).max(1);
        let ((left_z, left), (right_z, right)) = (knots[right - 1], knots[right]);
        let slope = (right.ln() - left.ln()) / (right_z - left_z);
        (left.ln() + slope * (z - left_z)).exp()
    }

    fn scaled(&self, factor: f64) -> Self {
        let scale = |value: Option<f64>| value.map(|value| value * factor);
        Self {
            p10: scale(self.p10),
            p50: self.p50 * factor,
            p90: scale(self.p90),
            p95: scale(self.p95),
            p99: self.p99 * factor,
        }
    }
}

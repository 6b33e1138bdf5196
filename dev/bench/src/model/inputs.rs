//! `inputs.toml`: hops, quotas, and the path of a workflow on each side.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use super::latency::Latency;

const TEXT: &str = include_str!("../../model/inputs.toml");

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    Aegis,
    StepFunctions,
}

impl Side {
    pub const ALL: [Self; 2] = [Self::Aegis, Self::StepFunctions];
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
    /// Tokens that each of these hops takes.
    #[serde(default)]
    pub taken_by: BTreeMap<String, f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Kind {
    /// So many tokens at most, so many new ones each second.
    Bucket { burst: f64, per_second: f64 },
    /// Functions at work at the same time in the account.
    Functions { at_once: u32 },
    /// Functions at work at the same time for one queue: a few at first, more each minute while messages wait.
    Mapping {
        first: u32,
        more_per_minute: u32,
        at_most: u32,
    },
}

impl Kind {
    /// Whether it counts requests, not what runs at the same time.
    pub fn is_rate(self) -> bool {
        matches!(self, Self::Bucket { .. })
    }
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
    /// The queue that invokes the function: its mapping has a quota too.
    pub queue: Option<String>,
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
        let hops = self.hops.iter().flat_map(|(name, hop)| {
            let found = [hop.latency.problem(), hop.origin.problem()];
            found
                .into_iter()
                .flatten()
                .map(move |problem| format!("hop {name}: {problem}"))
        });
        let quotas = self.quotas.iter().flat_map(|(name, quota)| {
            let origin = quota.origin.problem().map(str::to_owned);
            let unknown = quota
                .taken_by
                .keys()
                .filter(|hop| !self.hops.contains_key(*hop));
            let unknown = unknown.map(|hop| format!("no hop is called {hop}"));
            origin
                .into_iter()
                .chain(unknown)
                .map(move |problem| format!("quota {name}: {problem}"))
        });
        let steps = self.paths.iter().flat_map(|(side, steps)| {
            let named = steps.iter().flat_map(|step| &step.hops);
            let unknown = named.filter(|hop| !self.hops.contains_key(*hop));
            unknown.map(move |hop| format!("path of {side:?}: no hop is called {hop}"))
        });
        let missing = Side::ALL
            .iter()
            .filter(|side| !self.paths.contains_key(side));
        let missing = missing.map(|side| format!("{side:?} has no path"));
        hops.chain(quotas).chain(steps).chain(missing).collect()
    }
}

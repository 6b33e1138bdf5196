//! The figures of all functions, against the least that a function can be.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use super::function::{Function, Start};
use crate::memory::megabytes;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ColdStart {
    /// `release` or `dev`.
    pub profile: String,
    pub runs: u32,
    /// The least that a function can be.
    pub hello: Measured,
    pub functions: Vec<Measured>,
}

/// Medians.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    pub name: String,
    pub init_ms: f64,
    /// The quickest of all starts: what other work on the machine disturbs least.
    pub quickest_ms: f64,
    /// Of the medians, against the least that a function can be.
    pub ratio: f64,
    pub resident_mb: f64,
    /// Of that, what is the process's own: the rest are pages of its file and libraries.
    pub own_mb: f64,
    pub package_mb: Option<f64>,
}

/// Starts each function `runs` times, in turns.
///
/// # Errors
/// Where one does not start.
pub fn measure(
    hello: &Function,
    functions: &[Function],
    runs: u32,
    profile: &str,
) -> Result<ColdStart> {
    ensure!(runs > 0, "nothing is measured in 0 runs");
    let mut starts: BTreeMap<&str, Vec<Start>> = BTreeMap::new();
    // The first of each fills the machine's cache of files, and does not count.
    for run in 0..=runs {
        for function in std::iter::once(hello).chain(functions) {
            let start = function.start()?;
            if run > 0 {
                starts.entry(&function.name).or_default().push(start);
            }
        }
    }
    let measured = |function: &Function, least: Option<f64>| {
        let all = starts
            .get(function.name.as_str())
            .map_or(&[][..], Vec::as_slice);
        let init_ms = median(all, |start| start.took.as_secs_f64() * 1000.0);
        Measured {
            name: function.name.clone(),
            init_ms,
            quickest_ms: quickest(all),
            ratio: init_ms / least.unwrap_or(init_ms),
            resident_mb: median(all, |start| megabytes(start.resident_bytes)),
            own_mb: median(all, |start| megabytes(start.own_bytes)),
            package_mb: function.package_bytes.map(megabytes),
        }
    };
    let least = measured(hello, None);
    Ok(ColdStart {
        profile: profile.to_owned(),
        runs,
        functions: functions
            .iter()
            .map(|one| measured(one, Some(least.init_ms)))
            .collect(),
        hello: least,
    })
}

fn quickest(starts: &[Start]) -> f64 {
    let times = starts.iter().map(|start| start.took.as_secs_f64() * 1000.0);
    times.reduce(f64::min).unwrap_or_default()
}

fn median(starts: &[Start], of: impl Fn(&Start) -> f64) -> f64 {
    let mut values: Vec<f64> = starts.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

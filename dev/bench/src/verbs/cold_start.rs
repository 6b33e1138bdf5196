//! `cargo xtask bench cold-start`.

use std::path::Path;

use crate::cold_start::{ColdStart, measure};
use anyhow::Result;

use super::functions;
use aegis_local_aws::Context;

/// Measure how long each function takes to start, its memory and its package, against the least that a function can be.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Arguments {
    /// How often each function is started.
    #[arg(long, default_value_t = 21, value_name = "N")]
    runs: u32,
}

pub async fn run(
    arguments: &Arguments,
    packages: Option<&Path>,
    context: &Context,
) -> Result<(String, ColdStart)> {
    let found = functions::find(packages, &context.folder).await?;
    let runs = arguments.runs;
    // Waits for processes, without a runtime: on a thread of its own.
    let measured = tokio::task::spawn_blocking(move || {
        measure(&found.hello, &found.functions, runs, found.profile)
    });
    let command = format!("cargo xtask bench cold-start --runs {runs}");
    Ok((command, measured.await??))
}

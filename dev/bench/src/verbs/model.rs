//! `cargo xtask bench model`.

use crate::model::{Inputs, Model, model};
use anyhow::Result;

/// Compute what a workflow takes in AWS, hop by hop, from published figures; needs no stack.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Arguments {
    /// Seed of the random numbers; the same seed gives the same figures.
    #[arg(long, default_value_t = 7, value_name = "S")]
    seed: u32,
}

pub fn run(arguments: &Arguments) -> Result<(String, Model)> {
    let inputs = Inputs::published()?;
    let command = format!("cargo xtask bench model --seed {}", arguments.seed);
    Ok((command, model(&inputs, arguments.seed.into())))
}

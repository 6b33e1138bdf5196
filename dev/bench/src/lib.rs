//! `cargo xtask bench`: how fast aegis is here, how fast it starts and, computed, how fast it is in AWS.
//!
//! - `embedded`: workflows of the embedded runtime, beside what the disk allows
//! - `cold_start`: how long functions take to start, and their memory; `functions`: which functions
//! - `model`: latency in AWS, hop by hop, from published figures
//! - `text`: tables
//!
//! How many workflows a local stack gets through, and how fast each is, `cargo xtask loadtest` measures.

#![deny(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what is printed goes through `aegis_terminal`"
)]

// For its macros.
#[macro_use]
extern crate aegis_terminal;

mod cold_start;
mod embedded;
mod functions;
pub mod model;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use aegis_local_aws::Context;
use aegis_terminal::out;
use anyhow::Result;
use serde::Serialize;

use model::Inputs;

/// Measure the cold starts of aegis, and compute its latency in AWS.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Compute what a workflow takes in AWS, hop by hop, from published figures; needs no stack.
    Model,
    /// Measure how long each function takes to start, its memory and its package, against the least that a function can be.
    ColdStart {
        /// How often each function is started.
        #[arg(long, default_value_t = 21, value_name = "N")]
        runs: u32,
        /// Folder with packages that `cargo xtask package` made for this machine's processors [default: target/lambda, if
        /// it holds such; else functions as tests run them].
        #[arg(long, value_name = "FOLDER")]
        packages: Option<PathBuf>,
    },
    /// Measure the embedded runtime with agents that answer at once, beside the limit of the disk.
    Embedded {
        /// Rounds that count, each of so many workflows.
        #[arg(long, default_value_t = 3, value_name = "N")]
        rounds: usize,
        #[arg(long, default_value_t = 1000, value_name = "N")]
        workflows: usize,
        /// The program to measure [default: that of these sources, in release].
        #[arg(long, value_name = "FILE")]
        program: Option<PathBuf>,
    },
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    match arguments.what {
        What::Model => show(&model::model(&Inputs::published()?), model::text, context)?,
        What::ColdStart { runs, packages } => {
            let found = functions::find(packages.as_deref(), &context.folder).await?;
            // Waits for processes, without a runtime: on a thread of its own.
            let measured = tokio::task::spawn_blocking(move || {
                cold_start::measure(&found.hello, &found.functions, runs, found.profile)
            });
            show(&measured.await??, cold_start::text, context)?;
        }
        What::Embedded {
            rounds,
            workflows,
            program,
        } => {
            embedded::run(program, rounds, workflows, context.json).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show<T: Serialize>(figures: &T, text: impl Fn(&T) -> String, context: &Context) -> Result<()> {
    if context.json {
        out::json(serde_json::to_string_pretty(figures)?);
    } else {
        outln!("{}", text(figures).trim_end());
    }
    Ok(())
}

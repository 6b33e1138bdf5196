//! Measures aegis and computes what cannot be measured here.
//!
//! - `cold_start`: how long functions take to start, and their memory
//! - `model`: latency in AWS, hop by hop, from published figures
//! - `step_functions`: the same flow on Step Functions, side by side on one local AWS
//!
//! `results` keeps figures and shows them in docs/performance.md.
//! `verbs` is `cargo xtask bench`: it brings up what a bench needs and prints its figures. Nothing else here knows how a
//! stack is brought up.

#![deny(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what is printed goes through `aegis_terminal`"
)]

// For its macros.
#[macro_use]
extern crate aegis_terminal;

pub mod cold_start;
mod memory;
pub mod model;
pub mod results;
pub mod step_functions;
mod text;
pub mod verbs;

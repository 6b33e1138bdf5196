//! What a workflow takes in AWS, hop by hop, for aegis and for the same flow on Step Functions.
//!
//! A seeded Monte Carlo over `dev/bench/model/inputs.toml`, in which every figure names its source or says that it is assumed.
//! Quotas are queues: a workflow that meets one waits. What agents do, and the start of their sessions, is the same on both
//! sides and left out. Deliberately knows no emulator: nothing here is measured on this machine.

mod event;
mod harness;
mod inputs;
mod latency;
mod limits;
mod path;
mod quota;
mod report;
mod sensitivity;
mod text;

pub use harness::{Run, run};
pub use inputs::{Inputs, Side};
pub use latency::Latency;
pub use report::{Model, Percentiles, Rate, model};
pub use sensitivity::Sensitivity;
pub use text::text;

#[cfg(test)]
mod published_tests;
#[cfg(test)]
mod tests;

//! Support for the tests of engine, AWS runtime and services; no part of what is deployed.
//!
//! [`contract`] is what every implementation of a port must do, run against the in-memory ports and
//! against the real ones. [`memory`] holds the ports in memory, [`harness`] moves a workflow to any point of its
//! life over them, and [`laws`] says what holds for every handler of a queue.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panic"
)]

pub mod contract;
pub mod flow;
pub mod harness;
pub mod laws;
pub mod life;
pub mod measured;
pub mod memory;
pub mod reports;
pub mod requests;

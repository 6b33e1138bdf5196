//! Load tests of a deployed stage, local or in AWS alike.
//!
//! - `scenario`: what is done to the stage; `target`: the stage, as those who use it reach it
//! - `drive`: the clients, each start at the moment it is due
//! - `oracle`: whether anything was lost or done twice
//! - `measure`: how long things took and how many there were; `report`: what is said of it
//! - `agents`: agents that take a drawn time instead of working
//! - `run`: all of it in order, and what may go wrong meanwhile
//! - `command`: what is typed, and what is shown
//!
//! It decides nothing about a workflow.

#![deny(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what is printed goes through `aegis_terminal`"
)]

// For its macros.
#[macro_use]
extern crate aegis_terminal;

pub mod agents;
pub mod command;
pub mod drive;
mod measure;
mod oracle;
pub mod report;
mod run;
pub mod scenario;
pub mod target;

pub use run::{DeadLetter, Faults, Ground, Injected, against};

//! What talks to a deployed stage from outside: the file that describes it (`stage`), its API (`api`,
//! `proof`, `failure`), and the oracle that reads workflows back (`oracle`).
//!
//! For programs: whoever calls decides what to print, and where the stage file lies.

pub mod api;
pub mod failure;
pub mod oracle;
pub mod proof;
pub mod stage;

#[cfg(test)]
mod oracle_tests;

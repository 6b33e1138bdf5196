//! What talks to a deployed stage from outside: the file that describes it (`stage`), its API (`api`,
//! `proof`, `failure`), the oracle that reads workflows back (`oracle`), and paths in sentences (`path`).
//!
//! For programs: whoever calls decides what to print, and where the stage file lies.

pub mod api;
pub mod failure;
pub mod oracle;
pub mod path;
pub mod proof;
pub mod stage;

#[cfg(test)]
mod oracle_tests;

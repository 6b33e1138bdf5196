//! What talks to a deployed stage from outside: the file that describes it (`stage`), its API (`api`,
//! `proof`, `signing`, `failure`), the folder of the local stack (`local`), and paths in sentences (`path`).
//!
//! With the feature `aws` also what reaches AWS beside the API: the stage's `connection`, and the oracle that reads
//! workflows and their artifacts back (`oracle`).
//!
//! For programs: whoever calls decides what to print, and which stage is meant.

pub mod api;
pub mod failure;
pub mod local;
#[cfg(feature = "aws")]
pub mod oracle;
pub mod path;
pub mod proof;
mod signing;
pub mod stage;

#[cfg(test)]
#[cfg(feature = "aws")]
mod oracle_tests;

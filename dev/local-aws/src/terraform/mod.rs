//! Applies this repository's Terraform to the emulator.
//!
//! - `mirror`: finds the provider on this machine where no registry is reachable
//! - `module`: the working copy of the sources, and what has been applied
//! - `variables`: what the local stack sets
//! - `command`: the calls of Terraform and their progress
//! - `apply`: which of them are needed

pub mod apply;
pub mod command;
pub mod mirror;
pub mod module;
pub mod variables;

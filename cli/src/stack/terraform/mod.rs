//! Applies this repository's Terraform to the emulator.
//!
//! - `mirror`: finds the provider on this machine where no registry is reachable
//! - `module`: the working copy of the sources, and what has been applied
//! - `variables`: what the local stack sets
//! - `command`: the calls of Terraform and their progress
//! - `apply`: which of them are needed
//! - `check`, `refusals`, `templates` and `event_log`: what is tested of the sources themselves

pub mod apply;
pub mod check;
pub mod command;
pub mod event_log;
pub mod mirror;
pub mod module;
pub mod refusals;
pub mod templates;
pub mod variables;

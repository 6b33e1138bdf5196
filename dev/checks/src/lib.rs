//! `cargo xtask test`: every test of this repository.
//!
//! - `test`: the parts and their order; `test_stack`: the stack of the end-to-end tests
//! - `terraform`: what is checked of the Terraform sources; `others`: scripts and dependencies, by other people's tools
//! - `agent_image`: the agents' image from its Dockerfile
//! - `deploy_test`: deploy.sh as it is typed
//! - `fuzzing`: the API against its own description
//! - `least_privilege`: each permission taken away, to see which test misses it

#![deny(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what is printed goes through `aegis_terminal`"
)]

// For its macros.
#[macro_use]
extern crate aegis_terminal;

mod agent_image;
mod deploy_test;
mod fuzzing;
mod least_privilege;
mod others;
mod terraform;
pub mod test;
mod test_stack;

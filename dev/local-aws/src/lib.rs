//! The local stack: our Terraform and our binaries on an AWS emulator, with agents beside it.
//!
//! The verbs of `cargo xtask`, one per file: `up`, `down`, `status`, `package`, and `host` (the hidden `agent-host`).
//! The parts, in the order in which `up` needs them:
//! - `lock`, `settings`, `json`: what the stack keeps; where it lives is `aegis_client::local`'s
//! - `prerequisites`, `venv`: what must be on the machine
//! - `emulator`: the local AWS; `stream_positions`: what it forgets between two starts; `generation`,
//!   `trust`: whether it holds what Terraform made
//! - `binaries`, `packages`: from sources to what runs
//! - `terraform`: from packages to a stage
//! - `agents`: from a stage to running agents; `killer`: ends them and functions without a warning
//! - `description`: `stack.json`; `queues`: what waits in its queues
//!
//! And underneath: `process` for what outlives a command, `foreground` for
//! what does not, `signals`, `environment`, `digest`.

#![deny(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what is printed goes through `aegis_terminal`"
)]

// For its macros.
#[macro_use]
extern crate aegis_terminal;

pub mod agents;
pub mod binaries;
pub mod configuration;
mod context;
pub mod description;
pub mod digest;
pub mod down;
pub mod emulator;
pub mod environment;
pub mod foreground;
pub mod generation;
pub mod host;
pub mod json;
pub mod killer;
mod lock;
pub mod package;
pub mod packages;
pub mod prerequisites;
pub mod process;
pub mod queues;
pub mod settings;
pub mod signals;
pub mod status;
mod stream_positions;
pub mod terraform;
pub mod trust;
pub mod up;
pub mod venv;

pub use context::Context;

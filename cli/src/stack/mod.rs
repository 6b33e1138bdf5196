//! The local stack: our Terraform and our binaries on an AWS emulator, with agents beside it.
//!
//! The verbs, one per file: `up`, `down`, `status`, `test`, `package`, and `host` (the hidden `agent-host`).
//! The parts, in the order in which `up` needs them:
//! - `workspace`, `folder`, `lock`, `settings`: where the stack lives and what it keeps
//! - `prerequisites`, `venv`: what must be on the machine
//! - `emulator`: the local AWS; `stream_positions`: what it forgets between two starts; `generation`,
//!   `trust`: whether it holds what Terraform made
//! - `binaries`, `packages`: from sources to what runs
//! - `terraform`: from packages to a stage
//! - `agents`: from a stage to running agents; `killer`: ends them and functions without a warning
//! - `description`: `stack.json`; `queues`: what waits in its queues
//!
//! And underneath: `process` and `process_identity` for what outlives a command, `foreground` for
//! what does not, `signals`, `environment`, `digest`, `progress`.

mod agent_image;
pub mod agents;
pub mod binaries;
pub mod checks;
pub mod description;
pub mod digest;
pub mod down;
pub mod emulator;
pub mod environment;
pub mod folder;
pub mod foreground;
mod fuzzing;
pub mod generation;
pub mod host;
pub mod killer;
pub mod least_privilege;
mod lock;
pub mod package;
pub mod packages;
pub mod prerequisites;
pub mod process;
pub mod process_identity;
pub mod progress;
pub mod queues;
pub mod rehearsal;
pub mod settings;
pub mod signals;
pub mod status;
mod stream_positions;
pub mod terraform;
pub mod test;
mod test_stack;
pub mod trust;
pub mod up;
pub mod venv;
pub mod workspace;

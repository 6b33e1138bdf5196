//! The four-step flow of aegis against the same flow on Step Functions Standard, in one run on one local AWS: the same
//! instant agents, the same approver, in turns.
//!
//! - `calls`, `deployment`: Step Functions and what its flow needs
//! - `agents`, `timeline`: agents that report to either side, and who has ended what
//! - `flows`: one workflow on each side; `life`: what of it passed where; `run`: many of them, in turns
//! - `processes`: processor time of emulator and functions
//!
//! What the flow on Step Functions does not do is written in `dev/bench/README.md`.

mod agents;
mod calls;
mod deployment;
mod flows;
mod life;
mod processes;
mod run;
mod text;
mod timeline;

pub use agents::serve;
pub use calls::Calls;
pub use deployment::{Deployment, Wanted};
pub use flows::{Flow, Ground};
pub use run::{Comparison, Plan, compare};
pub use text::text;
pub use timeline::Timeline;

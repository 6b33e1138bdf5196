//! What agents have in common: the AgentCore runtime contract over HTTP, claims, artifacts,
//! callbacks, and plain tools for text.
//!
//! Knows no agent's work. An agent is an [`Agent`]; [`run::run`] makes a server of it.
//!
//! Two halves that do not know each other:
//! - the *server* (`server`, `invocation`, `sessions`, `claim`, `attempt`, `budget`, `heartbeat`, `reporter`, `publish`, `health`), all I/O;
//! - [`text`], pure functions over strings, which the agents' own pure parts build upon.

pub mod agent;
pub mod attempt;
pub mod budget;
pub mod claim;
pub mod context;
pub mod health;
pub mod heartbeat;
pub mod invocation;
pub mod memory;
pub mod parameters;
#[cfg(feature = "aws")]
mod probe;
pub mod publish;
pub mod reporter;
#[cfg(feature = "aws")]
pub mod run;
#[cfg(feature = "aws")]
pub mod s3;
pub mod server;
pub mod sessions;
#[cfg(feature = "aws")]
mod settings;
pub mod store;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod text;

pub use agent::{Agent, NewArtifact, Produced, WorkError, json};
pub use context::{Earlier, WorkContext};
pub use parameters::Parameters;

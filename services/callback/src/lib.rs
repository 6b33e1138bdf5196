//! Takes what agents report and moves the workflow on.
//!
//! The bearer token is checked before anything is read. A success counts only if its artifacts
//! exist and match.

pub mod events;
pub mod report;
pub mod routes;

use std::sync::Arc;

use aegis_engine::apply::Engine;
use aegis_engine::keys::KeyRing;
use aegis_engine::ports::Artifacts;

/// Also the name of its spans and dead letters.
pub const SERVICE: &str = "callback";

pub struct Callback {
    pub engine: Engine,
    pub artifacts: Arc<dyn Artifacts>,
    pub keys: Arc<KeyRing>,
}

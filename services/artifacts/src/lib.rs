//! Tells agents that have no credentials how to read their inputs and put their artifacts.
//!
//! Answers with signed addresses and moves no bytes itself. They are good for one file of the attempt under way, for at
//! most [`TRANSFER_VALID`](aegis_contracts::transfer::TRANSFER_VALID). Changes no workflow.

mod routes;

use std::sync::Arc;

use aegis_engine::apply::Engine;
use aegis_engine::keys::KeyRing;
use aegis_engine::ports::Artifacts as Bucket;

/// Also the name of its spans.
pub const SERVICE: &str = "artifacts";

pub struct Artifacts {
    pub engine: Engine,
    pub bucket: Arc<dyn Bucket>,
    pub keys: Arc<KeyRing>,
}

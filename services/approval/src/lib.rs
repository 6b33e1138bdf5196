//! Asks people, and records what they decide.
//!
//! The question itself is the event `ApprovalRequested`, which is on the bus already when the
//! command arrives here: channels that carry it further subscribe there.

pub mod events;
pub mod routes;

use aegis_engine::api::Authorization;
use aegis_engine::turn::Engine;

/// Also the name of its spans and dead letters.
pub const SERVICE: &str = "approval";

pub struct Approval {
    pub engine: Engine,
    pub authorization: Authorization,
    /// Sources of events that may name an approver. `*` stands for every source.
    pub approver_sources: Vec<String>,
}

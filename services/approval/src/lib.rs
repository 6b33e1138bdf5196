//! Asks people, and records what they decide.
//!
//! The question itself is the event `ApprovalRequested`, which is on the bus already when the
//! command arrives here: channels that carry it further subscribe there.
//!
//! A person may also decide by a link that a client asked for: `make_link` makes it, `by_link` answers whoever
//! follows it, `page` is what that person sees, `form` what they send. `review` shows what is decided on.

mod by_link;
pub mod events;
mod form;
mod make_link;
mod page;
mod review;
pub mod routes;

use std::sync::Arc;

use aegis_engine::api::Authorization;
use aegis_engine::apply::Engine;
use aegis_engine::keys::KeyRing;
use aegis_engine::ports::Artifacts;

/// Also the name of its spans and dead letters.
pub const SERVICE: &str = "approval";

pub struct Approval {
    pub engine: Engine,
    pub artifacts: Arc<dyn Artifacts>,
    /// What those who decide over the API must prove.
    pub authorization: Authorization,
    /// What those who only look must prove; whoever may decide may look too.
    pub readers: Authorization,
    /// What those who make links for others must prove.
    pub operators: Authorization,
    pub keys: Arc<KeyRing>,
    /// Where links lead: the API as its clients reach it.
    pub api_url: String,
    /// Sources of events that may name an approver. `*` stands for every source.
    pub approver_sources: Vec<String>,
}

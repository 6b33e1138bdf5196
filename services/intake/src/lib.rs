//! Serves clients: tells how documents are uploaded, opens workflows, answers reads, takes cancel and redrive.
//!
//! HTTP requests and the events of other systems meet in the same functions once they are parsed.

pub mod changes;
mod description;
pub mod events;
pub mod reads;
pub mod routes;
mod sources;
pub mod start;
pub mod view;

use std::sync::Arc;
use std::time::Duration;

use aegis_engine::api::Authorization;
use aegis_engine::apply::Engine;
use aegis_engine::ports::Artifacts;

/// Also the name of its spans and dead letters.
pub const SERVICE: &str = "intake";

pub struct Intake {
    pub engine: Engine,
    pub artifacts: Arc<dyn Artifacts>,
    /// The API as its clients reach it.
    pub api_url: String,
    pub authorization: ByGroup,
    /// Where a request says nothing else.
    pub approval_timeout: Duration,
    /// How long a presigned URL is good for.
    pub result_url_valid: Duration,
    /// The bucket of `artifacts`, by its name in addresses. Agents may read what lies below its `sources/`.
    pub bucket: String,
}

/// What each group of routes demands.
#[derive(Debug, Clone)]
pub struct ByGroup {
    pub start: Authorization,
    pub read: Authorization,
    pub operate: Authorization,
    /// What approval demands: for the description of the whole API.
    pub approve: Authorization,
}

/// The same for all.
impl From<Authorization> for ByGroup {
    fn from(one: Authorization) -> Self {
        Self {
            start: one.clone(),
            read: one.clone(),
            operate: one.clone(),
            approve: one,
        }
    }
}

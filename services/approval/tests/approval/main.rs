//! Decisions of people, over HTTP, by links and over the bus, and the command that asks for them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panic")]

mod commands;
mod events;
mod http;
mod link_page;
mod links;
mod review;
mod two_approvals;

use std::sync::Arc;

use aegis_approval::Approval;
use aegis_engine::api::Authorization;
use aegis_testkit::harness::Harness;

pub fn service(harness: &Harness, authorization: Authorization) -> Arc<Approval> {
    Arc::new(Approval {
        engine: harness.engine.clone(),
        artifacts: harness.ports.artifacts.clone(),
        authorization: authorization.clone(),
        readers: authorization.clone(),
        operators: authorization,
        keys: harness.ports.key_ring(false),
        api_url: "https://api.example".to_owned(),
        approver_sources: vec!["partner.crm".to_owned()],
    })
}

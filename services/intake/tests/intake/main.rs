//! The door for clients: starting, reading, cancelling, redriving; over HTTP and over the bus.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panic")]

mod access;
mod changes;
mod description;
mod events;
mod flows;
mod lists;
mod reads;
mod sources;
mod start;

use std::sync::Arc;
use std::time::Duration;

use aegis_engine::api::Authorization;
use aegis_intake::{ByGroup, Intake};
use aegis_testkit::harness::Harness;

pub fn service(harness: &Harness) -> Arc<Intake> {
    with(harness, Authorization::None)
}

pub fn with(harness: &Harness, authorization: impl Into<ByGroup>) -> Arc<Intake> {
    Arc::new(Intake {
        engine: harness.engine.clone(),
        artifacts: harness.ports.artifacts.clone(),
        api_url: "https://api.example/stage".to_owned(),
        authorization: authorization.into(),
        approval_timeout: Duration::from_secs(72 * 3600),
        result_url_valid: Duration::from_secs(3600),
        bucket: "bucket".to_owned(),
    })
}

pub fn because(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

//! What the wire shapes promise: they stay readable, match their schemas,
//! refuse or tolerate what they should, and keep secrets out of logs.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panic")]

mod flows;
mod golden;
mod names;
mod openapi;
mod schemas;
mod secrets;
mod specimens;
mod unknown_fields;
mod validation;

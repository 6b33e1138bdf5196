//! The sweep over the in-memory ports.

#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

mod approvals;
mod measurements;
mod quarantine;
mod silence;
mod sweep;

//! The sweep over the in-memory ports.

#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

mod ages;
mod approvals;
mod quarantine;
mod silence;
mod sweep;

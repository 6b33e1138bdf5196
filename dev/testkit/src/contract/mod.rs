//! What every implementation of a port must do.
//!
//! The real table, queues and bucket are shared with whatever else runs on the stack: each test makes
//! its own workflows and asserts about those alone.

pub mod artifacts;
pub mod index;
pub mod keys;
pub mod messages;
pub mod quarantine;
pub mod table;

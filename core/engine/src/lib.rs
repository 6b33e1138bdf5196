//! Load, decide, commit, send: once, for every service.
//!
//! Orders the effects of a decision and says what becomes of a message. Owns the
//! ports (small traits: table, queues, bus, artifacts, agent runtime, keys, clock).
//! Knows no AWS and makes no decision about the flow.

pub mod api;
pub mod apply;
pub mod artifacts;
pub mod attempt;
pub mod authorization;
pub mod body;
pub mod dispatch;
mod entry;
pub mod error;
pub mod external;
pub mod flows;
pub mod headers;
pub mod keys;
pub mod link;
pub mod message;
pub mod metrics;
pub mod ports;
pub mod rotation;
pub mod schedule;
pub mod stored;
pub mod stream;
pub mod token;
pub mod trace;

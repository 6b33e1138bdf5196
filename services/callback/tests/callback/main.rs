//! Reports of agents, over HTTP and over the bus.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panic")]

mod events;
mod http;
mod refusals;
mod reports;

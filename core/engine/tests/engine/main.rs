//! The engine over the in-memory ports: turns, dispatch, keys, bodies, and the contract of the ports.

#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

mod answers;
mod applied;
mod artifacts;
mod authorization;
mod bodies;
mod contract;
mod dispatch;
mod dispatch_faults;
mod dispatch_stop;
mod external;
mod flows;
mod headers;
mod keys;
mod measurements;
mod messages;
mod opening;
mod stops;
mod tokens;
mod traces;

//! Whole workflows on a running stack, seen from outside only.
//!
//! One program for all subjects. Tests run side by side, each with workflows of its own.

mod addresses;
mod approval;
mod approval_timeouts;
mod bodies;
mod bus;
mod callbacks;
mod cancel;
mod deployment;
mod dispatch;
mod dlq;
mod failure;
mod flow;
mod idempotency;
mod keys;
mod killing;
mod links;
mod list;
mod logs;
mod quarantine;
mod reach;
mod sources;
mod tokens;
mod traces;

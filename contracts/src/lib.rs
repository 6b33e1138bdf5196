//! What travels between services, agents and the outside.
//!
//! Pure data: ids, envelope, commands, events, API bodies, agent task and
//! report. This crate describes bytes. It does not decide (see
//! `aegis-workflow`), it does no I/O and knows no AWS.

pub mod agent;
pub mod approval;
pub mod artifact;
pub mod attempt;
pub mod callback;
pub mod changes;
pub mod command;
pub mod envelope;
pub mod event;
pub mod external;
pub mod findings;
pub mod flow;
pub mod ids;
mod name;
pub mod openapi;
pub mod problem;
pub mod request;
pub mod review;
pub mod schemas;
pub mod sources;
pub mod strict;
pub mod text;
pub mod time;
pub mod tolerant;
pub mod transfer;
mod unfit;
pub mod usage;
pub mod view;

/// Version of the wire shapes that this build writes. Every released version stays readable.
pub const SCHEMA_VERSION: u16 = 1;

/// The EventBridge source of every event that aegis itself publishes. Only `relay` may use it.
pub const EVENT_SOURCE: &str = "aegis.workflow";

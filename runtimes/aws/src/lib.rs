//! The ports on AWS: the only crate that names `aws_sdk_*`.
//!
//! Also configuration, telemetry and Lambda start-up. Agents and the command line use
//! [`client`] and [`telemetry`]; nothing here decides anything about the flow.

mod authorization;
pub mod client;
pub mod config;
mod http;
pub mod lambda;
pub mod ports;
mod retries;
mod sdk_words;
pub mod services;
mod signed_spans;
pub mod telemetry;
#[cfg(test)]
mod told;

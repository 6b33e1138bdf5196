//! How long a function takes from its start to its first question for work, and what it holds of memory then.
//!
//! A small stand-in for Lambda's Runtime API on 127.0.0.1 starts each program, waits for its first `GET
//! /2018-06-01/runtime/invocation/next`, looks at its memory and ends it. Functions take turns, so that a busy moment
//! of the machine meets all of them.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

mod environment;
mod function;
mod report;
mod runtime_api;
mod text;

pub use function::{Function, Start};
pub use report::{ColdStart, Measured, measure};
pub use runtime_api::RuntimeApi;
pub use text::text;

#[cfg(test)]
mod tests;

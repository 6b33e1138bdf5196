//! Measures aegis and computes what cannot be measured here.
//!
//! - `cold_start`: how long functions take to start, and their memory
//! - `model`: latency in AWS, hop by hop, from published figures
//! - `step_functions`: the same flow on Step Functions, side by side on one local AWS
//!
//! `results` keeps figures and shows them in docs/performance.md.
//! Knows nothing of how a stack is brought up: whoever calls has one.

pub mod cold_start;
mod memory;
pub mod model;
pub mod results;
pub mod step_functions;
mod text;

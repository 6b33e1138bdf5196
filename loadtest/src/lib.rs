//! Load tests of a deployed stage, local or in AWS alike.
//!
//! - `agents`: agents that take a drawn time instead of working

pub mod agents;

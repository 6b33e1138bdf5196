//! What a run measured: how long things took, and how many happened in which second.
//!
//! - `spread`: times of one kind, in a histogram with three digits
//! - `times`: the times of one workflow, from its history and its steps
//! - `pace`: what happened when
//!
//! Times between two moments of the stage come from its own clock; times of clients from theirs. An end-to-end time
//! begins when the start was due and ends with the stage's last event, so it is as good as the two clocks agree.

mod pace;
mod spread;
mod times;

pub use pace::Pace;
pub use spread::{Spread, Summary};
pub use times::{DECISION, END_TO_END, Measured, START, of};

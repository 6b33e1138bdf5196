//! What happens next, in the order of time.

use std::cmp::Ordering;

use super::quota::Time;

/// Where a workflow is, or something beside its path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    pub workflow: u32,
    pub step: usize,
    pub hop: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum What {
    Go(Place),
    /// The queue of this number may have more places by now.
    Look(usize),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    pub at: Time,
    /// Breaks ties, so that a run is the same each time.
    pub number: u64,
    pub what: What,
}

impl Eq for Event {}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The earliest is the greatest, as a heap wants it.
impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_time = other.at.total_cmp(&self.at);
        by_time.then_with(|| other.number.cmp(&self.number))
    }
}

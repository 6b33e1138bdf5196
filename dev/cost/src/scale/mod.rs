//! How many workflows a minute fit through a stage: what one takes, against what AWS and Terraform's variables give.
//!
//! `limits` divides; `flow` lets a million workflows pass, second by second, to see what waits where. Both take the
//! calls of the list, and the times below for what is not counted. Deterministic: no clock, no chance.

mod flow;
mod limits;
#[cfg(test)]
mod limits_tests;

pub use flow::{Passage, pass};
pub use limits::{Limit, first, limits};

/// Seconds that an agent works on a step: assumed, as a model takes that long.
pub const WORK_SECONDS: f64 = 60.0;
/// Seconds of an invocation that starts an agent's session: assumed.
pub const DISPATCH_SECONDS: f64 = 1.0;
/// Seconds that a session goes on after its agent has reported: the stop comes after five.
pub const STOP_SECONDS: f64 = 6.0;
/// Seconds of any other invocation: assumed, as for prices.
pub const INVOCATION_SECONDS: f64 = 0.05;
/// Seconds of one PutEvents call by relay: assumed.
pub const PUBLISH_SECONDS: f64 = 0.02;
/// Agents that work for one workflow.
pub const AGENTS: f64 = 3.0;

/// A stage: Terraform's variables, and quotas of its account. All rates are per second.
#[derive(Debug, Clone, Copy)]
pub struct Stage {
    pub status_shards: f64,
    pub deadline_shards: f64,
    pub dispatch_concurrency: f64,
    pub queue_batch_size: f64,
    pub relay_parallelization: f64,
    pub relay_batch_size: f64,
    pub api_throttle_rate: f64,
    pub start_throttle_rate: f64,
    /// How long a step waits for a free session.
    pub capacity_timeout_hours: f64,
    pub new_sessions: f64,
    pub sessions: f64,
    pub agent_calls: f64,
    pub table_writes: f64,
    /// Of the table, and so shards of its stream: it has more of them the more it has had to take.
    pub partitions: f64,
}

impl Default for Stage {
    fn default() -> Self {
        Self {
            status_shards: 1.0,
            deadline_shards: 4.0,
            dispatch_concurrency: 5.0,
            queue_batch_size: 10.0,
            relay_parallelization: 1.0,
            relay_batch_size: 100.0,
            api_throttle_rate: 100.0,
            start_throttle_rate: 6.0,
            capacity_timeout_hours: 48.0,
            // Of containers, 400 a minute for each of three endpoints.
            new_sessions: 20.0,
            sessions: 5_000.0,
            agent_calls: 200.0,
            table_writes: 40_000.0,
            // A new table on demand takes 4,000 write units.
            partitions: 4.0,
        }
    }
}

impl Stage {
    /// Terraform's variables that it is made of, by their names.
    pub fn variables(&self) -> [(&'static str, f64); 9] {
        [
            ("status_shards", self.status_shards),
            ("deadline_shards", self.deadline_shards),
            ("dispatch_concurrency", self.dispatch_concurrency),
            ("queue_batch_size", self.queue_batch_size),
            ("relay_parallelization", self.relay_parallelization),
            ("relay_batch_size", self.relay_batch_size),
            ("api_throttle_rate", self.api_throttle_rate),
            ("start_throttle_rate", self.start_throttle_rate),
            ("capacity_timeout_hours", self.capacity_timeout_hours),
        ]
    }

    /// Agents that each dispatcher can start in a second. It stops as many, which takes as long as any other invocation.
    pub fn dispatches(&self) -> f64 {
        self.dispatch_concurrency * self.queue_batch_size / (DISPATCH_SECONDS + INVOCATION_SECONDS)
    }
}

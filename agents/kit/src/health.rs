//! What `GET /ping` answers.
//!
//! AgentCore ends a session whose status is not `HealthyBusy` for its idle time, and measures that time from
//! `time_of_last_update`. An agent that answered "now" on each ping would never be ended, and one that never moved it
//! would be ended at work. So it moves exactly when the status changes and when work makes progress.
//! <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-long-run.html>

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::reporter::now;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    Healthy,
    HealthyBusy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {
    pub status: Status,
    /// Unix seconds.
    pub time_of_last_update: i64,
}

#[derive(Debug)]
struct Inner {
    at_work: usize,
    updated: i64,
}

/// Counts the attempts at work.
#[derive(Debug)]
pub struct Health {
    inner: Mutex<Inner>,
}

impl Health {
    /// `now` in unix seconds, here and below.
    pub fn new(now: i64) -> Self {
        Self {
            inner: Mutex::new(Inner {
                at_work: 0,
                updated: now,
            }),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn begin(&self, now: i64) {
        let mut inner = self.inner();
        inner.at_work += 1;
        if inner.at_work == 1 {
            inner.updated = inner.updated.max(now);
        }
    }

    pub fn end(&self, now: i64) {
        let mut inner = self.inner();
        inner.at_work = inner.at_work.saturating_sub(1);
        if inner.at_work == 0 {
            inner.updated = inner.updated.max(now);
        }
    }

    pub fn progress(&self, now: i64) {
        let mut inner = self.inner();
        inner.updated = inner.updated.max(now);
    }

    pub fn ping(&self) -> Ping {
        let inner = self.inner();
        Ping {
            status: if inner.at_work == 0 {
                Status::Healthy
            } else {
                Status::HealthyBusy
            },
            time_of_last_update: inner.updated,
        }
    }
}

/// One attempt at work, from its creation to its drop.
#[derive(Debug)]
pub struct Busy(Arc<Health>);

impl Busy {
    pub fn new(health: Arc<Health>) -> Self {
        health.begin(now().as_seconds());
        Self(health)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.end(now().as_seconds());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_moves_with_status_and_progress_only() {
        let health = Health::new(100);
        assert_eq!(health.ping().time_of_last_update, 100);
        health.begin(110);
        assert_eq!(health.ping().status, Status::HealthyBusy);
        assert_eq!(health.ping().time_of_last_update, 110);
        health.begin(120);
        assert_eq!(
            health.ping().time_of_last_update,
            110,
            "busy before, busy after"
        );
        health.end(130);
        assert_eq!(health.ping().time_of_last_update, 110);
        health.progress(140);
        health.end(150);
        let idle = health.ping();
        assert_eq!(
            (idle.status, idle.time_of_last_update),
            (Status::Healthy, 150)
        );
        assert_eq!(health.ping(), idle);
    }

    #[test]
    fn a_clock_that_steps_back_does_not_move_the_time_back() {
        let health = Health::new(100);
        health.begin(90);
        assert_eq!(health.ping().time_of_last_update, 100);
    }
}

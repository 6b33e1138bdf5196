//! What `GET /ping` answers.
//!
//! AgentCore ends a session that was idle for its idle time. While the status is `Healthy` it measures that time from
//! `time_of_last_update`, where the answer has one. Sessions start from machines that were started or frozen long
//! before, so a time of ours would be minutes or weeks old then, and the session could end before its work begins. So an
//! idle agent tells no time, and AgentCore measures by its own clock. An agent is busy from the moment an invocation is
//! accepted; its time is that of the last sign of work.
//! <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-long-run.html>

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aegis_contracts::time::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    Healthy,
    HealthyBusy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {
    pub status: Status,
    /// Unix seconds; only while busy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_of_last_update: Option<i64>,
}

#[derive(Debug, Default)]
struct Inner {
    at_work: usize,
    last_sign: Option<Timestamp>,
}

/// Counts the attempts that somebody holds, from before their claim to their last report.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Mutex<Inner>>);

impl Health {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn begin(&self, now: Timestamp) -> Busy {
        let mut inner = self.inner();
        inner.at_work += 1;
        inner.last_sign = Some(now);
        Busy(self.clone())
    }

    /// Never tells a time to come, as the last sign's is after the clock was set back.
    pub fn ping(&self, now: Timestamp) -> Ping {
        let inner = self.inner();
        if inner.at_work == 0 {
            return Ping {
                status: Status::Healthy,
                time_of_last_update: None,
            };
        }
        Ping {
            status: Status::HealthyBusy,
            time_of_last_update: inner.last_sign.map(|sign| sign.min(now).as_seconds()),
        }
    }
}

/// One attempt at work, until it is dropped.
#[derive(Debug)]
pub struct Busy(Health);

impl Busy {
    /// The work made progress: a new stage, a call to a model.
    pub fn sign_of_work(&self, now: Timestamp) {
        self.0.inner().last_sign = Some(now);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut inner = self.0.inner();
        inner.at_work = inner.at_work.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const IDLE: Ping = Ping {
        status: Status::Healthy,
        time_of_last_update: None,
    };

    fn at(seconds: u64) -> Timestamp {
        Timestamp::UNIX_EPOCH.plus(Duration::from_secs(seconds))
    }

    fn busy_since(seconds: i64) -> Ping {
        Ping {
            status: Status::HealthyBusy,
            time_of_last_update: Some(seconds),
        }
    }

    #[test]
    fn an_idle_agent_tells_no_time() {
        const DAYS: u64 = 3 * 24 * 3600;
        let health = Health::default();
        assert_eq!(health.ping(at(DAYS)), IDLE);
        let json = serde_json::to_string(&health.ping(at(DAYS))).unwrap();
        assert_eq!(json, r#"{"status":"Healthy"}"#);
        let busy = health.begin(at(DAYS));
        assert_eq!(health.ping(at(DAYS)), busy_since(DAYS.cast_signed()));
        drop(busy);
        assert_eq!(health.ping(at(DAYS + 1)), IDLE);
    }

    #[test]
    fn the_time_is_that_of_the_last_sign_of_work() {
        let health = Health::default();
        let first = health.begin(at(100));
        assert_eq!(health.ping(at(110)), busy_since(100));
        first.sign_of_work(at(120));
        assert_eq!(health.ping(at(130)), busy_since(120));
        let second = health.begin(at(140));
        drop(first);
        assert_eq!(health.ping(at(150)), busy_since(140));
        drop(second);
        assert_eq!(health.ping(at(150)), IDLE);
    }

    #[test]
    fn the_time_follows_a_clock_that_is_set_back() {
        let health = Health::default();
        let busy = health.begin(at(1_000));
        assert_eq!(health.ping(at(10)), busy_since(10), "none to come");
        busy.sign_of_work(at(20));
        assert_eq!(health.ping(at(30)), busy_since(20));
    }
}

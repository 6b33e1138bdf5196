//! A clock that stands still until it is moved.

use std::sync::Mutex;
use std::time::Duration;

use aegis_contracts::time::Timestamp;

use super::lock;
use aegis_engine::ports::Clock;
use async_trait::async_trait;

#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    pub fn set(&self, now: Timestamp) {
        *lock(&self.0) = now;
    }

    pub fn advance(&self, by: Duration) {
        let mut now = lock(&self.0);
        *now = now.plus(by);
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *lock(&self.0)
    }

    /// It stands still, so nobody waits.
    async fn pause(&self, _: Duration) {}
}

//! The times and bounds that a deployment sets.

use std::time::Duration;

/// Every wait of the flow ends by one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// A command that nobody picked up is sent again after this time; doubles with each send.
    pub pickup_timeout: Duration,
    /// From the dispatch to the first sign of life.
    pub start_timeout: Duration,
    /// The longest silence of a working agent.
    pub heartbeat_timeout: Duration,
    /// The whole of one attempt, from its dispatch.
    pub step_timeout: Duration,
    /// Attempts after the first one, per request of a step.
    pub max_step_retries: u32,
    /// Sends of one command before the workflow fails as `undeliverable`.
    pub max_sends: u32,
    /// How long a workflow stays readable beyond its longest possible life.
    pub retention: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            pickup_timeout: Duration::from_secs(60),
            start_timeout: Duration::from_secs(120),
            heartbeat_timeout: Duration::from_secs(300),
            step_timeout: Duration::from_secs(3600),
            max_step_retries: 2,
            max_sends: 6,
            retention: Duration::from_secs(90 * 24 * 3600),
        }
    }
}

/// Heartbeats closer together than this are taken but not written.
pub(crate) const HEARTBEAT_GRAIN: Duration = Duration::from_secs(15);
/// A redelivered message does not re-send a command that was sent this recently.
pub const RESEND_FLOOR: Duration = Duration::from_secs(5);
const LONGEST_RESEND: Duration = Duration::from_secs(3600);
const FIRST_RETRY: Duration = Duration::from_secs(2);
const LONGEST_RETRY: Duration = Duration::from_secs(60);

impl Rules {
    /// Wait after send number `sends` (from 1) until the command is sent again.
    pub(crate) fn resend_after(&self, sends: u32) -> Duration {
        doubled(self.pickup_timeout, sends).min(LONGEST_RESEND.max(self.pickup_timeout))
    }

    /// Delay before attempt `retry` (from 1) of a failed step.
    pub(crate) fn retry_after(retry: u32) -> Duration {
        doubled(FIRST_RETRY, retry).min(LONGEST_RETRY)
    }

    /// The longest that one request of a step can take, with all its attempts.
    pub(crate) fn longest_step(&self) -> Duration {
        let pickup: Duration = (1..=self.max_sends)
            .map(|send| self.resend_after(send))
            .sum();
        (pickup + self.step_timeout + LONGEST_RETRY) * self.max_step_retries.saturating_add(1)
    }
}

fn doubled(base: Duration, times: u32) -> Duration {
    base.saturating_mul(2u32.saturating_pow(times.saturating_sub(1)))
}

//! The times and bounds that a deployment sets.

use std::time::Duration;

use aegis_contracts::flow::AgentStep;

use crate::retries::{Retries, RetryPolicy, doubled};

/// Every wait of the flow ends by one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// A command that nobody picked up is sent again after this time; doubles with each send.
    pub pickup_timeout: Duration,
    /// How long a step waits for a free session while the agent runtime throttles, from its request.
    pub capacity_timeout: Duration,
    /// From the dispatch to the first sign of life.
    pub start_timeout: Duration,
    /// The longest silence of a working agent.
    pub heartbeat_timeout: Duration,
    /// The whole of one attempt, from its dispatch.
    pub step_timeout: Duration,
    /// When and how often a failed step is tried again.
    pub retries: Retries,
    /// Sends of one command before the workflow fails as `undeliverable`.
    pub max_sends: u32,
    /// A waiting approval is brought to mind again after this time, and each time it has passed once more; zero: never.
    pub approval_reminder: Duration,
    /// How long a workflow stays readable beyond its longest possible life.
    pub retention: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            pickup_timeout: Duration::from_secs(60),
            capacity_timeout: Duration::from_secs(48 * 3600),
            start_timeout: Duration::from_secs(120),
            heartbeat_timeout: Duration::from_secs(300),
            step_timeout: Duration::from_secs(3600),
            retries: Retries::default(),
            max_sends: 6,
            approval_reminder: Duration::from_secs(24 * 3600),
            retention: Duration::from_secs(90 * 24 * 3600),
        }
    }
}

/// Heartbeats closer together than this are taken but not written.
pub(crate) const HEARTBEAT_GRAIN: Duration = Duration::from_secs(15);
/// A redelivered message does not re-send a command that was sent this recently.
pub const RESEND_FLOOR: Duration = Duration::from_secs(5);
/// Reminders of one revision until its deadline, and as many again once it is escalated.
pub const MAX_REMINDERS: u32 = 10;
const LONGEST_RESEND: Duration = Duration::from_secs(3600);
/// Between two sends to an agent runtime without a free session.
const LONGEST_PAUSE: Duration = Duration::from_secs(20 * 60);

impl Rules {
    /// Wait after send number `sends` (from 1) until the command is sent again.
    pub(crate) fn resend_after(&self, sends: u32) -> Duration {
        doubled(self.pickup_timeout, sends).min(LONGEST_RESEND.max(self.pickup_timeout))
    }

    /// The longest pause until the command of a step that has `waited` for a free session is sent again: who has waited
    /// long asks less often, and often enough that no session stays free for want of somebody who asks.
    pub(crate) fn longest_pause(&self, waited: Duration) -> Duration {
        let most = LONGEST_PAUSE.max(self.pickup_timeout);
        waited.clamp(self.pickup_timeout, most)
    }

    /// What holds for the attempts of a step: as its flow says, else as the deployment does.
    pub(crate) fn limits(&self, step: Option<&AgentStep>) -> Limits {
        let minutes = step.and_then(|step| step.timeout_minutes);
        let silence = step.and_then(|step| step.heartbeat_seconds);
        Limits {
            retries: step.map_or(self.retries.usual, |step| self.retries.of(step)),
            timeout: minutes.map_or(self.step_timeout, |minutes| {
                Duration::from_secs(60 * u64::from(minutes))
            }),
            heartbeat: silence.map_or(self.heartbeat_timeout, |seconds| {
                Duration::from_secs(seconds.into())
            }),
        }
    }

    /// The longest that one request of a step can take, with all its attempts.
    pub(crate) fn longest_step(&self, step: &AgentStep) -> Duration {
        let limits = self.limits(Some(step));
        let pickup: Duration = (1..=self.max_sends)
            .map(|send| self.resend_after(send))
            .sum();
        let waits = pickup.max(self.capacity_timeout);
        let attempt = waits + limits.timeout + limits.retries.longest_delay;
        attempt.saturating_mul(limits.retries.attempts.max(1))
    }
}

/// The bounds of one step's attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub retries: RetryPolicy,
    /// The whole of one attempt, from its dispatch.
    pub timeout: Duration,
    /// The longest silence of a working agent.
    pub heartbeat: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(settings: serde_json::Value) -> AgentStep {
        let mut step =
            serde_json::json!({"step": "write", "agent": "writer", "writes": "report.md"});
        step.as_object_mut()
            .unwrap()
            .extend(settings.as_object().unwrap().clone());
        serde_json::from_value(step).unwrap()
    }

    #[test]
    fn the_longest_step_waits_for_each_send_and_each_delay() {
        let rules = Rules::default();
        let retries = rules.retries.usual;
        let plain = step(serde_json::json!({}));
        // 60 s, doubled five times.
        let sends = Duration::from_secs(60 * 63);
        for (capacity_timeout, pickup) in [
            (rules.capacity_timeout, rules.capacity_timeout),
            (Duration::ZERO, sends),
        ] {
            let rules = Rules {
                capacity_timeout,
                ..rules.clone()
            };
            let attempt = pickup + Duration::from_secs(3600) + retries.longest_delay;
            assert_eq!(rules.longest_step(&plain), attempt * retries.attempts);
        }
        assert!(rules.capacity_timeout > sends);
        assert!(retries.attempts > 1 && !retries.longest_delay.is_zero());
    }

    #[test]
    fn a_flow_may_say_more_of_a_step() {
        let rules = Rules::default();
        let own =
            step(serde_json::json!({"retries": 0, "timeout_minutes": 5, "heartbeat_seconds": 40}));
        let limits = rules.limits(Some(&own));
        assert_eq!(limits.retries.attempts, 1);
        assert_eq!(limits.timeout, Duration::from_secs(300));
        assert_eq!(limits.heartbeat, Duration::from_secs(40));
        let usual = rules.limits(Some(&step(serde_json::json!({}))));
        assert_eq!(
            (usual.timeout, usual.heartbeat),
            (rules.step_timeout, rules.heartbeat_timeout)
        );
    }
}

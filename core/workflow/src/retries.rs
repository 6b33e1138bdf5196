//! How often a failed step is tried again, and after how long.

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_contracts::attempt::Attempt;
use aegis_contracts::flow::{AgentStep, Name};
use aegis_contracts::ids::WorkflowId;

use crate::spread::up_to;

/// For one request of a step. Each request has all of it: a revision and a redrive count afresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all, the first one too.
    pub attempts: u32,
    /// Longest delay before the second attempt. Doubles with each further one.
    pub first_delay: Duration,
    /// No delay is longer.
    pub longest_delay: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 3,
            first_delay: Duration::from_secs(2),
            longest_delay: Duration::from_secs(60),
        }
    }
}

/// The policy of each agent's steps. A step of a flow may set its attempts itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retries {
    pub usual: RetryPolicy,
    pub of_agent: BTreeMap<Name, RetryPolicy>,
}

impl Retries {
    /// The same for every agent.
    pub fn all(usual: RetryPolicy) -> Self {
        Self {
            usual,
            of_agent: BTreeMap::new(),
        }
    }

    pub(crate) fn of(&self, step: &AgentStep) -> RetryPolicy {
        let policy = self.of_agent.get(&step.agent).unwrap_or(&self.usual);
        let attempts = step.retries.map(|retries| retries.saturating_add(1));
        RetryPolicy {
            attempts: attempts.unwrap_or(policy.attempts),
            ..*policy
        }
    }
}

impl RetryPolicy {
    /// Whether another attempt may follow after `retries` that failed before the present one.
    pub(crate) fn allows(&self, retries: u32) -> bool {
        retries.saturating_add(1) < self.attempts
    }

    /// Delay before `attempt`, which follows the one that `failed` and is retry number `retry` (from 1): full jitter, and the same whenever it is asked for.
    pub(crate) fn delay(
        &self,
        id: &WorkflowId,
        failed: &Attempt,
        attempt: u32,
        retry: u32,
    ) -> Duration {
        let bound = doubled(self.first_delay, retry).min(self.longest_delay);
        let whose = failed.whose();
        let parts = [
            b"retry".as_slice(),
            id.as_str().as_bytes(),
            whose.as_bytes(),
            &attempt.to_be_bytes(),
        ];
        up_to(bound, &parts)
    }
}

pub(crate) fn doubled(base: Duration, times: u32) -> Duration {
    base.saturating_mul(2u32.saturating_pow(times.saturating_sub(1)))
}

//! How token keys follow each other.
//!
//! A key signs until processes have looked for a new one, and verifies for as long as an agent may
//! carry a token of it. Only one key is kept beside the current one, so a rotation waits for that.

use std::time::Duration;

use aegis_contracts::time::Timestamp;

use crate::keys::LONGEST_UNSEEN;
use crate::token::TokenKeys;

/// The longest that a step may take: `step_timeout_seconds` in Terraform goes no further.
const LONGEST_STEP: Duration = Duration::from_secs(8 * 3600);

/// The key before the current one may still be in an agent's hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key before the current one may still be in use")]
pub struct TooSoon {
    /// Missing: the keys do not say when they were made.
    pub until: Option<Timestamp>,
}

impl TokenKeys {
    /// New random keys that know when they were made.
    pub fn made(now: Timestamp) -> Self {
        let mut keys = Self::generate();
        keys.current.made_at = Some(now);
        keys
    }

    /// A new current key, before which comes the present one.
    ///
    /// # Errors
    /// [`TooSoon`] if that would end the key before it while tokens of it may be in use.
    pub fn rotated(&self, now: Timestamp) -> Result<Self, TooSoon> {
        if self.previous.is_some() {
            let replaced_at = self.current.made_at.ok_or(TooSoon { until: None })?;
            let until = replaced_at.plus(LONGEST_UNSEEN).plus(LONGEST_STEP);
            if now < until {
                return Err(TooSoon { until: Some(until) });
            }
        }
        Ok(Self {
            previous: Some(self.current.clone()),
            ..Self::made(now)
        })
    }
}

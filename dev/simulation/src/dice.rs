//! All chance of one harness comes from here, and so from its seed.

use std::sync::Mutex;
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::lock;

#[derive(Debug)]
pub struct Dice(Mutex<ChaCha8Rng>);

impl Dice {
    pub fn of(seed: u64) -> Self {
        Self(Mutex::new(ChaCha8Rng::seed_from_u64(seed)))
    }

    /// True with this probability.
    pub fn chance(&self, probability: f64) -> bool {
        probability > 0.0 && lock(&self.0).random_bool(probability.min(1.0))
    }

    /// From 0 to `end`, without `end`; 0 where that is empty.
    pub fn below(&self, end: usize) -> usize {
        if end == 0 {
            return 0;
        }
        lock(&self.0).random_range(0..end)
    }

    pub fn between(&self, least: u64, most: u64) -> u64 {
        lock(&self.0).random_range(least..=most)
    }

    /// Milliseconds, so that things happen at distinct times.
    pub fn time(&self, least: Duration, most: Duration) -> Duration {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.between(millis(least), millis(most)))
    }

    /// Small times often, large ones seldom: as the waits of networks and people are.
    pub fn skewed(&self, typical: Duration) -> Duration {
        let share: f64 = lock(&self.0).random();
        typical.mul_f64(-(1.0 - share).max(1e-9).ln())
    }

    pub fn pick<'a, T>(&self, choices: &'a [T]) -> Option<&'a T> {
        choices.get(self.below(choices.len()))
    }
}

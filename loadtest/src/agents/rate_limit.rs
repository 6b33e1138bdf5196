//! How many sessions may start in a second, as a runtime's quota has it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One start after the other, evenly; starts that nobody took are kept for a second.
#[derive(Debug)]
pub struct RateLimit {
    pause: Duration,
    next: Mutex<Instant>,
}

impl RateLimit {
    pub fn of(per_second: f64) -> Self {
        Self {
            pause: Duration::from_secs_f64(1.0 / per_second),
            next: Mutex::new(Instant::now()),
        }
    }

    /// Whether one more session may start now.
    pub fn lets_in(&self) -> bool {
        self.lets_in_at(Instant::now())
    }

    fn lets_in_at(&self, now: Instant) -> bool {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if *next > now {
            return false;
        }
        let kept = now.checked_sub(Duration::from_secs(1)).unwrap_or(now);
        *next = (*next).max(kept) + self.pause;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_a_second_and_what_was_not_used_for_a_second_only() {
        let limit = RateLimit::of(4.0);
        let begun = Instant::now();
        let starts = |seconds: u64| {
            let now = begun + Duration::from_secs(seconds);
            (0..100).filter(|_| limit.lets_in_at(now)).count()
        };
        assert!(starts(1) <= 5);
        assert_eq!([starts(2), starts(3)], [4, 4]);
        assert_eq!(starts(60), 5, "those of the second before, and one now");
    }
}

//! Times of one kind.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Three digits, from a microsecond to as long as anything took.
#[derive(Debug, Clone)]
pub struct Spread(Histogram<u64>);

/// In milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    pub count: u64,
    pub p50: f64,
    pub p90: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
}

const DIGITS: u8 = 3;

impl Default for Spread {
    #[expect(clippy::expect_used, reason = "three digits are allowed")]
    fn default() -> Self {
        Self(Histogram::new(DIGITS).expect("a histogram of three digits"))
    }
}

impl Spread {
    pub fn record(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX / 4);
        // It grows by itself, so that nothing is too long for it. (Recording with saturation does not.)
        let recorded = self.0.record(micros);
        debug_assert!(recorded.is_ok(), "{recorded:?}");
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn summary(&self) -> Summary {
        let at = |share| self.at(share).as_secs_f64() * 1e3;
        Summary {
            count: self.0.len(),
            p50: at(0.5),
            p90: at(0.9),
            p95: at(0.95),
            p99: at(0.99),
            max: at(1.0),
        }
    }

    /// The time within which `share` of all were done.
    pub fn at(&self, share: f64) -> Duration {
        Duration::from_micros(self.0.value_at_quantile(share))
    }
}

impl FromIterator<Duration> for Spread {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        let mut spread = Self::default();
        for time in times {
            spread.record(time);
        }
        spread
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_to_three_digits() {
        let spread: Spread = (1..=1_000).map(Duration::from_millis).collect();
        let summary = spread.summary();
        assert_eq!(summary.count, 1_000);
        for (found, wanted) in [
            (summary.p50, 500.0),
            (summary.p99, 990.0),
            (summary.max, 1_000.0),
        ] {
            assert!(
                (found - wanted).abs() / wanted < 0.001,
                "{found} for {wanted}"
            );
        }
        let hour: Spread = [Duration::from_secs(3_600)].into_iter().collect();
        assert!((hour.summary().max / 3_600_000.0 - 1.0).abs() < 0.001);
        assert!(Spread::default().is_empty());
    }
}

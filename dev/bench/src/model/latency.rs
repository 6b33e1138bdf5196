//! One hop's latency, drawn from the percentiles that were published of it.

use serde::Deserialize;

/// How many standard deviations the normal distribution has below each percentile.
const P10: f64 = -1.281_552;
const P90: f64 = 1.281_552;
const P95: f64 = 1.644_854;
const P99: f64 = 2.326_348;
/// Nothing is drawn beyond the percentile 99.9: no source says what lies there.
const LAST: f64 = 3.090_232;

/// In milliseconds. Between two percentiles the logarithm is a straight line over the standard normal variable, so
/// that two of them make a log-normal distribution.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    pub p10: Option<f64>,
    pub p50: f64,
    pub p90: Option<f64>,
    pub p95: Option<f64>,
    pub p99: f64,
}

impl Latency {
    /// What is wrong with it.
    pub(super) fn problem(&self) -> Option<&'static str> {
        let given: Vec<f64> = self.knots().map(|(_, value)| value).collect();
        if given
            .iter()
            .any(|value| *value <= 0.0 || !value.is_finite())
        {
            return Some("a percentile is not above 0");
        }
        if !given.is_sorted() {
            return Some("the percentiles do not ascend");
        }
        None
    }

    fn knots(&self) -> impl Iterator<Item = (f64, f64)> {
        let all = [
            (P10, self.p10),
            (0.0, Some(self.p50)),
            (P90, self.p90),
            (P95, self.p95),
            (P99, Some(self.p99)),
        ];
        all.into_iter().filter_map(|(z, value)| Some((z, value?)))
    }

    /// The latency at `z` standard deviations from the median.
    pub fn at(&self, z: f64) -> f64 {
        let z = z.clamp(-LAST, LAST);
        let knots: Vec<(f64, f64)> = self.knots().collect();
        let above = knots.iter().position(|(knot, _)| *knot > z);
        let right = above.unwrap_or(knots.len() - 1).max(1);
        let ((left_z, left), (right_z, right)) = (knots[right - 1], knots[right]);
        let slope = (right.ln() - left.ln()) / (right_z - left_z);
        (left.ln() + slope * (z - left_z)).exp()
    }

    /// Every percentile times `factor`.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let scale = |value: Option<f64>| value.map(|value| value * factor);
        Self {
            p10: scale(self.p10),
            p50: self.p50 * factor,
            p90: scale(self.p90),
            p95: scale(self.p95),
            p99: self.p99 * factor,
        }
    }
}

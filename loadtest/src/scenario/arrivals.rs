//! When workflows arrive: fixed before the run begins, whatever the stage makes of it.
//!
//! So a stage that is slow gets no fewer requests, and what waits is measured from when it was due.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde::Deserialize;

/// Either `burst`, or `rate` with `for` or `workflows`; `to` makes it a ramp.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Phase {
    /// Per second.
    pub rate: Option<f64>,
    /// The rate at the end.
    pub to: Option<f64>,
    #[serde(rename = "for", deserialize_with = "super::some_time")]
    pub lasts: Option<Duration>,
    pub workflows: Option<usize>,
    /// So many at once.
    pub burst: Option<usize>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Spacing {
    /// As far apart as the rate says.
    #[default]
    Even,
    /// As independent clients come.
    Poisson,
}

impl Phase {
    /// Neither a burst nor a ramp.
    pub(super) const fn has_one_rate(&self) -> bool {
        self.burst.is_none() && self.to.is_none()
    }

    /// The same, at another rate.
    pub(super) fn at_rate(self, rate: f64) -> Self {
        Self {
            rate: Some(rate),
            ..self
        }
    }

    /// The same, with so many workflows.
    pub(super) fn of_length(self, workflows: Option<usize>) -> Self {
        let Some(workflows) = workflows else {
            return self;
        };
        match self.burst {
            Some(_) => Self {
                burst: Some(workflows),
                ..self
            },
            None if self.to.is_some() => self,
            None => Self {
                workflows: Some(workflows),
                lasts: None,
                ..self
            },
        }
    }

    /// What is wrong with it.
    pub(super) fn faults(&self) -> Vec<&'static str> {
        let mut faults = Vec::new();
        let given = [
            self.rate.is_some(),
            self.to.is_some(),
            self.lasts.is_some(),
            self.workflows.is_some(),
        ];
        match self.burst {
            Some(0) => faults.push("`burst` must be above 0"),
            Some(_) if given.contains(&true) => faults.push("`burst` goes with nothing else"),
            Some(_) => {}
            None if self.rate.is_none() => faults.push("needs `rate` or `burst`"),
            None if self.lasts.is_some() == self.workflows.is_some() => {
                faults.push("needs one of `for` and `workflows`");
            }
            None if self.to.is_some() && self.lasts.is_none() => {
                faults.push("a ramp (`to`) needs `for`");
            }
            None => {}
        }
        let sane = |rate: Option<f64>| rate.is_none_or(|rate| rate.is_finite() && rate > 0.0);
        if !sane(self.rate) || !sane(self.to) {
            faults.push("rates must be above 0");
        }
        faults
    }

    fn seconds(&self) -> f64 {
        match (self.lasts, self.rate, self.workflows) {
            (Some(lasts), ..) => lasts.as_secs_f64(),
            (None, Some(rate), Some(workflows)) => workflows as f64 / rate,
            _ => 0.0,
        }
    }

    pub(super) fn expected(&self) -> f64 {
        self.burst.map_or_else(|| self.sum(), |burst| burst as f64)
    }

    /// How many arrivals there are in all of it.
    fn sum(&self) -> f64 {
        let rate = self.rate.unwrap_or_default();
        (rate + self.to.unwrap_or(rate)) / 2.0 * self.seconds()
    }

    /// When the `count`-th arrival is due, by the inverse of the sum of the rate over time.
    fn at(&self, count: f64) -> f64 {
        let rate = self.rate.unwrap_or_default();
        let slope = (self.to.unwrap_or(rate) - rate) / self.seconds();
        if slope.abs() < 1e-12 {
            return count / rate;
        }
        ((rate * rate + 2.0 * slope * count).max(0.0).sqrt() - rate) / slope
    }
}

/// From the beginning of the run, in order.
pub(super) fn offsets(phases: &[Phase], spacing: Spacing, seed: u64) -> Vec<Duration> {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut offsets = Vec::new();
    let mut began = 0.0;
    for phase in phases {
        if let Some(burst) = phase.burst {
            offsets.extend(std::iter::repeat_n(began, burst));
            continue;
        }
        let sum = phase.sum();
        let exactly = phase.workflows.unwrap_or(usize::MAX);
        let mut count = 0.0;
        for _ in 0..exactly {
            // A hair more, so that rounding does not cost the last one.
            if phase.workflows.is_none() && count + 1e-9 >= sum {
                break;
            }
            offsets.push(began + phase.at(count));
            count += match spacing {
                Spacing::Even => 1.0,
                Spacing::Poisson => -(1.0 - dice.random::<f64>()).ln(),
            };
        }
        began += phase.seconds();
    }
    offsets.into_iter().map(Duration::from_secs_f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(phases: &[Phase], spacing: Spacing) -> Vec<f64> {
        let all = offsets(phases, spacing, 1);
        all.iter().map(Duration::as_secs_f64).collect()
    }

    fn lasting(rate: f64, to: Option<f64>, seconds: u64) -> Phase {
        Phase {
            rate: Some(rate),
            to,
            lasts: Some(Duration::from_secs(seconds)),
            ..Phase::default()
        }
    }

    fn steady(rate: f64, workflows: usize) -> Phase {
        Phase {
            rate: Some(rate),
            workflows: Some(workflows),
            ..Phase::default()
        }
    }

    #[test]
    fn phases_follow_each_other() {
        let burst = Phase {
            burst: Some(2),
            ..Phase::default()
        };
        let phases = [steady(2.0, 3), burst, lasting(1.0, None, 2)];
        let due = seconds(&phases, Spacing::Even);
        assert_eq!(due, [0.0, 0.5, 1.0, 1.5, 1.5, 1.5, 2.5]);
    }

    #[test]
    fn a_ramp_has_the_mean_rate_and_becomes_denser() {
        let due = seconds(&[lasting(1.0, Some(9.0), 10)], Spacing::Even);
        assert_eq!(due.len(), 50);
        assert!(due[1] - due[0] > 5.0 * (due[49] - due[48]));
        assert!(due.is_sorted() && due[49] < 10.0);
    }

    #[test]
    fn independent_clients_have_the_same_rate_over_time() {
        let due = seconds(&[lasting(20.0, None, 100)], Spacing::Poisson);
        assert!((1_850..2_150).contains(&due.len()), "{}", due.len());
        assert!(due.is_sorted());
        let counted = seconds(&[steady(20.0, 500)], Spacing::Poisson);
        assert_eq!(counted.len(), 500);
    }

    #[test]
    fn phases_that_make_no_sense_are_explained() {
        let of = |change: fn(&mut Phase)| {
            let mut phase = Phase::default();
            change(&mut phase);
            phase.faults().join("; ")
        };
        assert!(of(|_| {}).contains("`rate` or `burst`"));
        assert!(of(|p| p.rate = Some(1.0)).contains("`for` and `workflows`"));
        assert!(of(|p| (p.burst, p.rate) = (Some(1), Some(1.0))).contains("nothing else"));
        assert!(of(|p| *p = steady(0.0, 1)).contains("above 0"));
        assert!(
            of(|p| {
                *p = steady(1.0, 1);
                p.to = Some(2.0);
            })
            .contains("ramp")
        );
        assert!(steady(1.0, 1).faults().is_empty());
    }
}

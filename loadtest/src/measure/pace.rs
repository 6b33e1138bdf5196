//! What happened when: arrivals and endings by the second.

use std::time::Duration;

use serde::Serialize;

/// Endings come in bursts: a peak over less says more of chance than of the stage.
const WINDOW: usize = 5;

/// By seconds from the beginning.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Pace {
    pub due: Vec<u64>,
    pub ended: Vec<u64>,
    #[serde(skip)]
    last: Duration,
}

impl Pace {
    pub fn due(&mut self, at: Duration) {
        count(&mut self.due, at);
    }

    pub fn ended(&mut self, at: Duration) {
        self.last = self.last.max(at);
        count(&mut self.ended, at);
    }

    /// Of all that have ended, from the first due to the last ended.
    pub fn throughput(&self) -> f64 {
        let ended: u64 = self.ended.iter().sum();
        let seconds = self.last.as_secs_f64();
        if seconds > 0.0 {
            ended as f64 / seconds
        } else {
            0.0
        }
    }

    /// The most that ended in one second, over five of them.
    pub fn peak(&self) -> f64 {
        let sums = self.ended.windows(WINDOW.min(self.ended.len()).max(1));
        let most = sums.map(|window| window.iter().sum::<u64>()).max();
        most.unwrap_or_default() as f64 / WINDOW as f64
    }

    /// Due and not yet ended, at the end of each second.
    pub fn under_way(&self) -> Vec<u64> {
        let seconds = self.due.len().max(self.ended.len());
        let (mut due, mut ended) = (0, 0);
        let at = |counts: &[u64], second: usize| counts.get(second).copied().unwrap_or_default();
        (0..seconds)
            .map(|second| {
                due += at(&self.due, second);
                ended += at(&self.ended, second);
                due.saturating_sub(ended)
            })
            .collect()
    }
}

fn count(counts: &mut Vec<u64>, at: Duration) {
    let second = usize::try_from(at.as_secs()).unwrap_or_default();
    if counts.len() <= second {
        counts.resize(second + 1, 0);
    }
    counts[second] += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_arrives_and_ends_is_counted_by_the_second() {
        let mut pace = Pace::default();
        for tenth in 0..100 {
            pace.due(Duration::from_millis(tenth * 100));
            pace.ended(Duration::from_millis(tenth * 200));
        }
        assert_eq!(pace.due, [10; 10]);
        assert_eq!(pace.ended, [5; 20]);
        assert_eq!(pace.under_way()[9], 50);
        assert_eq!(pace.under_way()[19], 0);
        assert!((pace.peak() - 5.0).abs() < 0.01);
        assert!((pace.throughput() - 100.0 / 19.8).abs() < 0.01);
        assert!(Pace::default().throughput().abs() < f64::EPSILON);
    }
}

//! Quotas as queues: whoever finds one used up waits for the next free place, in the order of coming.
//!
//! Real clients are refused, back off and try again, which takes longer: this is the least that a quota costs.

use std::collections::BTreeMap;

use super::inputs::{Inputs, Kind};

/// Seconds since the run began.
pub type Time = f64;

#[derive(Debug, Clone)]
struct Bucket {
    taken_by: BTreeMap<String, f64>,
    burst: f64,
    per_second: f64,
    tokens: f64,
    at: Time,
}

impl Bucket {
    /// When `count` tokens are there for somebody who comes now. They are taken, in advance if need be.
    fn take(&mut self, count: f64, now: Time) -> Time {
        let since = (now - self.at).max(0.0);
        self.tokens = self.burst.min(self.tokens + since * self.per_second) - count;
        self.at = self.at.max(now);
        now + (-self.tokens / self.per_second).max(0.0)
    }
}

/// Places for functions at work.
#[derive(Debug, Clone)]
struct Places {
    count: f64,
    more_per_second: f64,
    at_most: f64,
    in_use: u32,
    /// Since when somebody waits: the number of places grows only then.
    waiting_since: Option<Time>,
}

impl Places {
    fn new(count: f64, more_per_second: f64, at_most: f64) -> Self {
        Self {
            count,
            more_per_second,
            at_most,
            in_use: 0,
            waiting_since: None,
        }
    }

    fn endless() -> Self {
        Self::new(f64::INFINITY, 0.0, f64::INFINITY)
    }

    fn grow(&mut self, now: Time) {
        if let Some(since) = self.waiting_since {
            self.count = self
                .at_most
                .min(self.count + (now - since) * self.more_per_second);
            self.waiting_since = Some(now);
        }
    }

    fn has_room(&mut self, now: Time) -> bool {
        self.grow(now);
        f64::from(self.in_use) + 1.0 <= self.count
    }
}

/// All quotas of one run.
#[derive(Debug, Clone)]
pub struct Quotas {
    buckets: Vec<Bucket>,
    account: Places,
    /// One for each queue that invokes a function; the first is that of whoever needs no queue.
    queues: Vec<Places>,
}

impl Quotas {
    pub fn new(inputs: &Inputs, queues: usize) -> Self {
        let (mut account, mut mapping) = (Places::endless(), Places::endless());
        let mut buckets = Vec::new();
        for quota in inputs.quotas.values() {
            match quota.kind {
                Kind::Bucket { burst, per_second } => buckets.push(Bucket {
                    taken_by: quota.taken_by.clone(),
                    burst,
                    per_second,
                    tokens: burst,
                    at: 0.0,
                }),
                Kind::Functions { at_once } => {
                    account = Places::new(f64::from(at_once), 0.0, f64::from(at_once));
                }
                Kind::Mapping {
                    first,
                    more_per_minute,
                    at_most,
                } => {
                    let more_per_second = f64::from(more_per_minute) / 60.0;
                    mapping = Places::new(f64::from(first), more_per_second, f64::from(at_most));
                }
            }
        }
        let mut all = vec![mapping; queues];
        if let Some(none) = all.first_mut() {
            *none = Places::endless();
        }
        Self {
            buckets,
            account,
            queues: all,
        }
    }

    /// When `hop` may begin, for somebody who comes to it now.
    pub fn admit(&mut self, hop: &str, now: Time) -> Time {
        let mut begin = now;
        for bucket in &mut self.buckets {
            if let Some(count) = bucket.taken_by.get(hop).copied() {
                begin = begin.max(bucket.take(count, now));
            }
        }
        begin
    }

    /// Whether a function may begin. If so, its places are taken.
    pub fn enter(&mut self, queue: usize, now: Time) -> bool {
        let room = self.account.has_room(now) && self.queues[queue].has_room(now);
        if room {
            self.account.in_use += 1;
            self.queues[queue].in_use += 1;
        }
        room
    }

    pub fn leave(&mut self, queue: usize) {
        self.account.in_use -= 1;
        self.queues[queue].in_use -= 1;
    }

    /// Whether somebody waits for `queue`.
    pub fn note_waiting(&mut self, queue: usize, waits: bool, now: Time) {
        let places = &mut self.queues[queue];
        places.grow(now);
        places.waiting_since = waits.then(|| places.waiting_since.unwrap_or(now));
    }

    pub fn functions_at_work(&self) -> u32 {
        self.account.in_use
    }
}

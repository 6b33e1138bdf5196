//! Many seeds, on every core, until enough of them were seen or one broke a law.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::run::{Telling, simulate};
use crate::trace::Tally;
use crate::{Broken, lock};

#[derive(Debug, Clone)]
pub struct Campaign {
    /// Of the first harness; each further one has the next.
    pub seed: u64,
    /// Workflows in all, at least.
    pub workflows: u64,
    /// Ends earlier when so much time has passed.
    pub at_most: Option<Duration>,
    pub threads: usize,
}

/// A harness that broke a law.
#[derive(Debug, Clone)]
pub struct Defeat {
    pub seed: u64,
    pub broken: Broken,
}

/// What became of all seeds.
#[derive(Debug, Default)]
pub struct Summary {
    pub seeds: u64,
    pub workflows: u64,
    pub tally: Tally,
    pub took: Duration,
    pub defeat: Option<Defeat>,
}

/// How many workflows live in the harness of `seed`: mostly few, so that a trace stays short.
pub fn population(seed: u64) -> usize {
    const SIZES: [usize; 8] = [1, 2, 3, 4, 6, 8, 12, 20];
    let spread = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 61;
    SIZES[spread as usize]
}

/// Calls `progress` with the number of workflows so far, from any thread.
pub fn campaign(wanted: &Campaign, progress: &(dyn Fn(u64) + Sync)) -> Summary {
    let began = Instant::now();
    let next = AtomicU64::new(0);
    let done = AtomicU64::new(0);
    let over = AtomicBool::new(false);
    let summary = Mutex::new(Summary::default());
    let work = || {
        while !over.load(Ordering::Relaxed) {
            let seed = wanted
                .seed
                .wrapping_add(next.fetch_add(1, Ordering::Relaxed));
            let telling = simulate(seed, population(seed), false);
            let so_far = done.fetch_add(telling.workflows as u64, Ordering::Relaxed)
                + telling.workflows as u64;
            progress(so_far);
            let out_of_time = wanted.at_most.is_some_and(|most| began.elapsed() >= most);
            if so_far >= wanted.workflows || out_of_time || telling.broken.is_some() {
                over.store(true, Ordering::Relaxed);
            }
            add(&mut lock(&summary), telling);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..wanted.threads.max(1) {
            scope.spawn(work);
        }
    });
    let mut summary = summary
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    summary.took = began.elapsed();
    summary
}

fn add(summary: &mut Summary, telling: Telling) {
    summary.seeds += 1;
    summary.workflows += telling.workflows as u64;
    for (what, count) in telling.tally {
        *summary.tally.entry(what).or_default() += count;
    }
    // The smallest seed, so that two threads that both found something report the same.
    if let Some(broken) = telling.broken
        && summary
            .defeat
            .as_ref()
            .is_none_or(|known| telling.seed < known.seed)
    {
        summary.defeat = Some(Defeat {
            seed: telling.seed,
            broken,
        });
    }
}

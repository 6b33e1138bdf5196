//! Virtual time: it moves only when nothing else can happen, and then to the next timer.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aegis_contracts::time::Timestamp;
use aegis_engine::ports::Clock;
use async_trait::async_trait;

use crate::lock;

/// 2026-11-23, so that the trace can be read.
pub const BEGINNING: Timestamp = Timestamp::from_millis(1_795_456_800_000);

/// What the machine at work believes the time to be, and what it is.
#[derive(Debug)]
pub struct VirtualClock {
    true_time: Mutex<Timestamp>,
    skew_millis: AtomicI64,
    timers: Mutex<Timers>,
}

#[derive(Debug, Default)]
struct Timers {
    heap: BinaryHeap<Reverse<(Timestamp, u64)>>,
    wakers: std::collections::BTreeMap<u64, Waker>,
    set: u64,
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self {
            true_time: Mutex::new(BEGINNING),
            skew_millis: AtomicI64::new(0),
            timers: Mutex::default(),
        }
    }
}

/// With the skew of the machine that asks.
#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let skew = self.skew_millis.load(Ordering::Relaxed);
        Timestamp::from_millis(self.true_now().as_millis() + skew)
    }

    async fn pause(&self, time: Duration) {
        self.sleep(time).await;
    }
}

impl VirtualClock {
    pub fn true_now(&self) -> Timestamp {
        *lock(&self.true_time)
    }

    pub fn set_skew(&self, millis: i64) {
        self.skew_millis.store(millis, Ordering::Relaxed);
    }

    /// Moves to the next timer and wakes who set it. `None`: nobody waits for a time.
    pub fn move_on(&self) -> Option<Timestamp> {
        let mut timers = lock(&self.timers);
        loop {
            let Reverse((at, id)) = timers.heap.pop()?;
            // A timer whose sleeper is gone moves nothing.
            let Some(waker) = timers.wakers.remove(&id) else {
                continue;
            };
            let mut now = lock(&self.true_time);
            *now = at.max(*now);
            waker.wake();
            return Some(*now);
        }
    }

    pub fn sleep(&self, duration: Duration) -> Sleep<'_> {
        self.sleep_until(self.true_now().plus(duration))
    }

    pub fn sleep_until(&self, until: Timestamp) -> Sleep<'_> {
        Sleep {
            clock: self,
            until,
            timer: None,
        }
    }
}

pub struct Sleep<'a> {
    clock: &'a VirtualClock,
    until: Timestamp,
    timer: Option<u64>,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.clock.true_now() >= self.until {
            return Poll::Ready(());
        }
        let mut timers = lock(&self.clock.timers);
        let id = match self.timer {
            Some(id) => id,
            None => {
                timers.set += 1;
                let id = timers.set;
                timers.heap.push(Reverse((self.until, id)));
                id
            }
        };
        timers.wakers.insert(id, context.waker().clone());
        drop(timers);
        self.timer = Some(id);
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.timer {
            lock(&self.clock.timers).wakers.remove(&id);
        }
    }
}

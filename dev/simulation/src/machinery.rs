//! What AWS runs by itself: the schedule that ticks and the stream that is read.

use std::sync::Arc;
use std::time::Duration;

use aegis_contracts::time::Timestamp;
use aegis_engine::schedule::ScheduleHandler;
use aegis_engine::stored::HistoryEntry;
use aegis_engine::stream::{StreamHandler, StreamRecord};
use aegis_testkit::memory::Lineage;
use futures::future::{Either, select};

use crate::harness::Harness;
use crate::time::BEGINNING;

const MINUTE: Duration = Duration::from_secs(60);
const LARGEST_BATCH: usize = 10;

impl Harness {
    /// The schedule. Minutes in which the index of deadlines has nothing due are left out, which
    /// changes nothing: such a tick finds nothing.
    pub async fn schedule(self: Arc<Self>) {
        let outage = self.drawn_outage();
        loop {
            let rings = self.bell.rings();
            let Some(wake) = self.ports.table.earliest_wake() else {
                rings.await;
                continue;
            };
            let mut at = next_minute(wake.max(self.clock.true_now()));
            if at >= outage.0 && at < outage.1 {
                self.trace.count("ticks missed in an outage");
                at = outage.1;
            }
            let sleep = std::pin::pin!(self.clock.sleep_until(at));
            if let Either::Left(_) = select(std::pin::pin!(rings), sleep).await {
                continue;
            }
            let overlapping = !self.faults.is_calm() && self.dice.chance(0.1);
            for _ in 0..=u32::from(overlapping) {
                let harness = self.clone();
                self.stage
                    .enter("sweep", async move { harness.tick().await });
            }
            if overlapping {
                self.trace.count("sweeps at the same time");
            }
            // The next minute at the earliest.
            self.clock.sleep(Duration::from_millis(1)).await;
        }
    }

    async fn tick(&self) {
        self.trace.count("sweeps");
        let lineage = Lineage::default().through(aegis_deadlines::SERVICE);
        // A tick that fails is not tried again here: the next one is near.
        let swept = self.on_a_machine(lineage, |services| {
            let deadlines = services.deadlines.clone();
            async move { deadlines.tick().await }
        });
        let outcome = swept.await;
        self.tell(|| format!("sweep: {outcome:?}"));
    }

    fn drawn_outage(&self) -> (Timestamp, Timestamp) {
        let begins = BEGINNING.plus(self.dice.time(Duration::ZERO, Duration::from_secs(3600)));
        if !self.dice.chance(0.2) {
            return (begins, begins);
        }
        let longest = Duration::from_secs(5 * 3600);
        (begins, begins.plus(self.dice.time(MINUTE, longest)))
    }

    /// The stream's readers. Items keep their own order, and each entry of a history is an item of its own: so those of
    /// one workflow come in any order. A batch comes again and again until it is taken.
    pub async fn stream(self: Arc<Self>) {
        let mut read = 0;
        let mut unread: Vec<HistoryEntry> = Vec::new();
        let mut poisoned = false;
        loop {
            let rings = self.bell.rings();
            if unread.is_empty() && self.ports.table.stream_from(read, 1).is_empty() {
                rings.await;
                continue;
            }
            // A reader that is behind finds several entries of one workflow.
            let behind = self.faults.strikes("readers of the stream behind", 0.1);
            let pause = if behind {
                MINUTE
            } else {
                Duration::from_millis(300)
            };
            self.clock.sleep(self.dice.skewed(pause)).await;
            let fresh = self.ports.table.stream_from(read, usize::MAX);
            read += fresh.len();
            unread.extend(fresh);
            let size = unread.len().min(1 + self.dice.below(LARGEST_BATCH));
            let batch: Vec<HistoryEntry> = (0..size)
                .map(|_| unread.swap_remove(self.dice.below(unread.len())))
                .collect();
            let mut records: Vec<StreamRecord> = batch.iter().map(record).collect();
            if !poisoned && self.faults.strikes("poison records in the stream", 0.01) {
                self.observed(|observed| observed.poison_records += 1);
                poisoned = true;
            }
            if poisoned {
                records.push(StreamRecord {
                    body: Some("{not a history entry".to_owned()),
                    raw: "{not a history entry".to_owned(),
                });
            }
            let lineage = Lineage::default().through(aegis_relay::SERVICE);
            let relayed = self.on_a_machine(lineage, |services| {
                let relay = services.relay.clone();
                async move { relay.relay(&records).await }
            });
            match relayed.await {
                Ok(Ok(())) => poisoned = false,
                Ok(Err(_)) | Err(_) => {
                    unread.extend(batch);
                    self.clock.sleep(Duration::from_secs(1)).await;
                }
            }
            if self
                .faults
                .strikes("stream replays", self.faults.rates.stream_replays)
            {
                let again = read - self.dice.below(read.min(20) + 1);
                unread.extend(self.ports.table.stream_from(again, read - again));
            }
        }
    }
}

fn record(entry: &HistoryEntry) -> StreamRecord {
    let body = serde_json::to_string(entry).unwrap_or_default();
    StreamRecord {
        raw: body.clone(),
        body: Some(body),
    }
}

fn next_minute(at: Timestamp) -> Timestamp {
    let minute = 60_000;
    Timestamp::from_millis((at.as_millis().div_euclid(minute) + 1) * minute)
}

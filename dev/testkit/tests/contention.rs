//! Sixteen branches that report within ten milliseconds: all are taken, soon, and without many writes in vain.

#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aegis_contracts::flow::Name;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_engine::apply::Outcome;
use aegis_engine::error::PortError;
use aegis_engine::ports::{Clock, KeptFlow, ListPage, ListQuery, Table, Write};
use aegis_engine::stored::{HistoryEntry, StoredRequest};
use aegis_testkit::flow::fan_out;
use aegis_testkit::harness::{Harness, files};
use aegis_workflow::{Input, Pinned, StoredWorkflow, Success, Workflow};
use async_trait::async_trait;
use futures::future::join_all;

const BRANCHES: u32 = 16;
/// As a read and a transaction of DynamoDB take from a function in the same region.
const READ: Duration = Duration::from_millis(5);
const WRITE: Duration = Duration::from_millis(20);

/// A table that takes its time: of two that write at once, one has lost.
struct Slow {
    table: Arc<dyn Table>,
    clock: Arc<VirtualClock>,
    writes: AtomicU32,
}

#[async_trait]
impl Table for Slow {
    async fn load(&self, id: &WorkflowId) -> Result<Option<StoredWorkflow>, PortError> {
        self.clock.pause(READ).await;
        self.table.load(id).await
    }

    async fn commit(
        &self,
        expected_seq: u64,
        next: &Workflow,
        entry: &HistoryEntry,
    ) -> Result<Write, PortError> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        self.clock.pause(WRITE).await;
        self.table.commit(expected_seq, next, entry).await
    }

    async fn open(
        &self,
        workflow: &Workflow,
        request: &StoredRequest,
        entry: &HistoryEntry,
    ) -> Result<Write, PortError> {
        self.table.open(workflow, request, entry).await
    }

    async fn load_with_request(
        &self,
        id: &WorkflowId,
    ) -> Result<Option<(StoredWorkflow, StoredRequest)>, PortError> {
        self.table.load_with_request(id).await
    }

    async fn touch(&self, expected_seq: u64, next: &Workflow) -> Result<Write, PortError> {
        self.table.touch(expected_seq, next).await
    }

    async fn history(&self, id: &WorkflowId) -> Result<Vec<HistoryEntry>, PortError> {
        self.table.history(id).await
    }

    async fn list(&self, query: &ListQuery) -> Result<ListPage, PortError> {
        self.table.list(query).await
    }

    async fn due(
        &self,
        shard: u32,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<WorkflowId>, PortError> {
        self.table.due(shard, now, limit).await
    }

    async fn count_unreadable(&self, id: &WorkflowId) -> Result<u32, PortError> {
        self.table.count_unreadable(id).await
    }

    async fn quarantine(&self, id: &WorkflowId) -> Result<Write, PortError> {
        self.table.quarantine(id).await
    }

    fn deadline_shards(&self) -> u32 {
        self.table.deadline_shards()
    }

    async fn flow(&self, flow: &Name, version: u16) -> Result<Option<KeptFlow>, PortError> {
        self.table.flow(flow, version).await
    }

    async fn keep_flow(&self, flow: &Pinned) -> Result<Write, PortError> {
        self.table.keep_flow(flow).await
    }
}

/// Time that moves to the next timer whenever nothing else can happen.
struct VirtualClock {
    begun: Timestamp,
    elapsed: Mutex<Duration>,
    timers: Mutex<BinaryHeap<Reverse<Duration>>>,
}

impl VirtualClock {
    fn elapsed(&self) -> Duration {
        *self.elapsed.lock().unwrap()
    }

    fn run<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return done;
            }
            let Reverse(next) = self.timers.lock().unwrap().pop().unwrap();
            *self.elapsed.lock().unwrap() = next;
        }
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.begun.plus(self.elapsed())
    }

    async fn pause(&self, time: Duration) {
        let until = self.elapsed() + time;
        self.timers.lock().unwrap().push(Reverse(until));
        poll_fn(|_| match self.elapsed() >= until {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }
}

#[test]
fn branches_that_report_at_once_are_all_taken_soon() {
    let harness = Harness::started_in(fan_out(BRANCHES, BRANCHES));
    let success = |harness: &Harness, of: &aegis_contracts::attempt::Attempt| {
        Input::StepSucceeded(Success {
            of: of.clone(),
            summary: "done".to_owned(),
            artifacts: vec![harness.put_result(of, &files::of(&harness.id, of))],
            items: Some(BRANCHES),
            usage: Default::default(),
        })
    };
    harness.apply(success(&harness, &harness.current()));
    let reports = harness.workflow();
    let reports = reports
        .work()
        .iter()
        .map(|work| success(&harness, &work.of));
    let reports: Vec<Input> = reports.collect();
    assert_eq!(reports.len(), BRANCHES as usize);

    let clock = Arc::new(VirtualClock {
        begun: harness.now(),
        elapsed: Mutex::default(),
        timers: Mutex::default(),
    });
    let slow = Arc::new(Slow {
        table: harness.ports.table.clone(),
        clock: clock.clone(),
        writes: AtomicU32::new(0),
    });
    let mut engine = harness.engine.clone();
    engine.table = slow.clone();
    engine.clock = clock.clone();
    let turns = reports.into_iter().zip(0..).map(|(report, number)| {
        let (engine, id, clock) = (&engine, &harness.id, &clock);
        async move {
            clock.pause(Duration::from_micros(625 * number)).await;
            let turn = engine.apply(id, report).await;
            let taken = turn.is_ok_and(|turn| matches!(turn.outcome, Outcome::Applied(_)));
            (taken, clock.elapsed())
        }
    });
    let turns = clock.run(join_all(turns));
    let taken = turns.iter().filter(|(taken, _)| *taken).count();
    let last = turns.iter().map(|(_, at)| *at).max().unwrap();
    let writes = slow.writes.load(Ordering::Relaxed);
    println!("{taken} of {BRANCHES} taken at once, the last after {last:?}, {writes} writes");
    assert!(taken >= 12, "{taken} were taken at once");
    assert!(
        last <= Duration::from_secs(2),
        "the last one after {last:?}"
    );
    assert!(writes <= 3 * BRANCHES, "{writes} writes");
    assert_eq!(harness.current().step.as_str(), "write");
}

//! The table as the services of a harness see it: its indexes may lag, and code of two versions may
//! be at work on it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aegis_contracts::flow::Name;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_engine::error::PortError;
use aegis_engine::ports::{KeptFlow, ListPage, ListQuery, Table, Write};
use aegis_engine::stored::{HistoryEntry, StoredRequest};
use aegis_testkit::memory::MemoryTable;
use aegis_workflow::{Pinned, StoredWorkflow, Workflow};
use async_trait::async_trait;

use crate::faults::DrawnFaults;
use crate::harness::rules;
use crate::lock;
use crate::observed::Session;

/// How far an index lags at most.
const LAG: Duration = Duration::from_secs(30);

pub struct SharedTable {
    pub table: Arc<MemoryTable>,
    pub faults: Arc<DrawnFaults>,
    /// The version of states with which the code at work starts workflows.
    pub state_version: Arc<AtomicU16>,
    pub seen_due: Mutex<Vec<WorkflowId>>,
    /// Whose stop was sent as often as it may be.
    pub worn_out: Arc<Mutex<BTreeSet<Session>>>,
}

impl SharedTable {
    /// DynamoDB refuses a write of an item that a transaction is at work on, even if that transaction then fails: so
    /// a write may lose to nobody who has written.
    fn meets_a_transaction(&self) -> bool {
        let probability = self.faults.rates.write_conflicts;
        self.faults
            .strikes("writes that met a transaction", probability)
    }

    fn look_at_stops(&self, next: &Workflow) {
        let stops = next.stops.iter();
        let stops = stops.filter(|stops| stops.sends >= rules().max_sends);
        let sessions = stops.flat_map(|stops| &stops.of);
        let sessions = sessions.map(|of| (next.id.clone(), of.clone()));
        lock(&self.worn_out).extend(sessions);
    }
}

#[async_trait]
impl Table for SharedTable {
    /// Newer code writes newer states.
    async fn open(
        &self,
        workflow: &Workflow,
        request: &StoredRequest,
        entry: &HistoryEntry,
    ) -> Result<Write, PortError> {
        let pinned = Workflow {
            state_version: self.state_version.load(Ordering::Relaxed),
            ..workflow.clone()
        };
        if self.meets_a_transaction() {
            return Ok(Write::Conflict);
        }
        self.table.open(&pinned, request, entry).await
    }

    async fn load(&self, id: &WorkflowId) -> Result<Option<StoredWorkflow>, PortError> {
        self.table.load(id).await
    }

    async fn load_with_request(
        &self,
        id: &WorkflowId,
    ) -> Result<Option<(StoredWorkflow, StoredRequest)>, PortError> {
        self.table.load_with_request(id).await
    }

    async fn commit(
        &self,
        expected_seq: u64,
        next: &Workflow,
        entry: &HistoryEntry,
    ) -> Result<Write, PortError> {
        if self.meets_a_transaction() {
            return Ok(Write::Conflict);
        }
        self.look_at_stops(next);
        self.table.commit(expected_seq, next, entry).await
    }

    async fn touch(&self, expected_seq: u64, next: &Workflow) -> Result<Write, PortError> {
        if self.meets_a_transaction() {
            return Ok(Write::Conflict);
        }
        self.look_at_stops(next);
        self.table.touch(expected_seq, next).await
    }

    async fn history(&self, id: &WorkflowId) -> Result<Vec<HistoryEntry>, PortError> {
        self.table.history(id).await
    }

    async fn list(&self, query: &ListQuery) -> Result<ListPage, PortError> {
        self.table.list(query).await
    }

    /// A lagging index does not yet show what became due, and still shows what is not due any more.
    async fn due(
        &self,
        shard: u32,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<WorkflowId>, PortError> {
        let lags = self
            .faults
            .strikes("reads of a lagging index", self.faults.rates.index_lags);
        let seen_at = if lags {
            Timestamp::from_millis(now.as_millis() - LAG.as_millis() as i64)
        } else {
            now
        };
        let mut due = self.table.due(shard, seen_at, limit).await?;
        let before = std::mem::replace(&mut *lock(&self.seen_due), due.clone());
        if lags {
            due.extend(before);
            due.truncate(limit as usize);
        }
        Ok(due)
    }

    async fn count_unreadable(&self, id: &WorkflowId) -> Result<u32, PortError> {
        self.table.count_unreadable(id).await
    }

    async fn quarantine(&self, id: &WorkflowId) -> Result<Write, PortError> {
        if self.meets_a_transaction() {
            return Ok(Write::Conflict);
        }
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

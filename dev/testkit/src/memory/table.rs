//! The table in memory. Stores JSON, so that whatever cannot be written or read shows here too.

use std::sync::{Arc, Mutex};

use aegis_contracts::flow::{Flow, Name};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_cost::capacity::read_halves;
use aegis_cost::path::Units;
use aegis_workflow::{Pinned, STATE_VERSION, StoredWorkflow, Workflow};
use async_trait::async_trait;

use super::rows::{Row, Rows, read};
use super::{Faults, lock};
use aegis_engine::error::PortError;
use aegis_engine::ports::{KeptFlow, ListPage, ListQuery, Table, Write};
use aegis_engine::stored::{HistoryEntry, StoredRequest, decode_state_as, encode};

#[derive(Debug, Default)]
pub struct MemoryTable {
    pub(super) rows: Mutex<Rows>,
    races_to_lose: Mutex<u32>,
    kept_first: Mutex<Option<KeptFlow>>,
    /// Every history entry in the order of the commits.
    pub(super) stream: Mutex<Vec<HistoryEntry>>,
    pub(super) writes: Mutex<usize>,
    /// The newest state that the code that reads now knows; zero: the present one.
    known: Mutex<u16>,
    /// What DynamoDB would have counted so far.
    consumed: Mutex<Units>,
    faults: Arc<Faults>,
}

impl MemoryTable {
    pub fn new(faults: Arc<Faults>) -> Self {
        Self {
            faults,
            ..Self::default()
        }
    }

    /// The next `count` conditional writes find that somebody else was faster.
    pub fn lose_races(&self, count: u32) {
        *lock(&self.races_to_lose) = count;
    }

    /// Puts `json` in the place of a stored state, as newer or broken code would.
    pub fn overwrite(&self, id: &WorkflowId, json: &str) {
        if let Some(row) = lock(&self.rows).by_id.get_mut(id) {
            json.clone_into(&mut row.state);
        }
    }

    /// Keeps a definition as other code would, whatever it is.
    pub fn keep(&self, kept: KeptFlow) {
        let key = (kept.id.flow.clone(), kept.id.version);
        lock(&self.rows).flows.insert(key, kept);
    }

    /// Whoever keeps a definition next finds that somebody else has kept this one a moment before.
    pub fn keep_first(&self, kept: KeptFlow) {
        *lock(&self.kept_first) = Some(kept);
    }

    /// As the table's stream hands them out: entries from `position` on.
    pub fn stream_from(&self, position: usize, limit: usize) -> Vec<HistoryEntry> {
        let stream = lock(&self.stream);
        stream.iter().skip(position).take(limit).cloned().collect()
    }

    /// Grows with every write.
    pub fn writes(&self) -> usize {
        *lock(&self.writes)
    }

    /// Everything that is stored, by id.
    pub fn rows(&self) -> Vec<Row> {
        lock(&self.rows).by_id.values().cloned().collect()
    }

    /// What is stored of one workflow.
    pub fn row_of(&self, id: &WorkflowId) -> Option<Row> {
        lock(&self.rows).by_id.get(id).cloned()
    }

    /// Capacity units of all calls so far, as DynamoDB would count them.
    pub fn consumed(&self) -> Units {
        *lock(&self.consumed)
    }

    /// Puts so many copies of a workflow beside it, each with an id of its own.
    ///
    /// # Errors
    /// Where there is no such workflow.
    pub fn copy(&self, id: &WorkflowId, times: u32) -> Result<(), PortError> {
        let mut rows = lock(&self.rows);
        let Some(row) = rows.by_id.get(id).cloned() else {
            return Err(PortError::Permanent(format!("no {id} to copy")));
        };
        for number in 0..times {
            rows.insert(row.copied(number)?);
        }
        Ok(())
    }

    pub(super) fn consume(&self, units: Units) {
        let mut consumed = lock(&self.consumed);
        *consumed = *consumed + units;
    }

    /// From now on the readers are code that knows states up to this version.
    pub fn read_as(&self, known: u16) {
        *lock(&self.known) = known;
    }

    /// When the sweep next has something to find.
    pub fn earliest_wake(&self) -> Option<Timestamp> {
        let rows = lock(&self.rows);
        rows.wakes.first().map(|(at, _)| *at)
    }

    fn decode(&self, state: &str) -> Result<StoredWorkflow, PortError> {
        let known = match *lock(&self.known) {
            0 => STATE_VERSION,
            known => known,
        };
        decode_state_as(state, known)
    }

    pub(super) fn loses_race(&self) -> bool {
        let mut left = lock(&self.races_to_lose);
        let lost = *left > 0;
        *left = left.saturating_sub(1);
        lost
    }

    fn count(&self, id: &WorkflowId) -> u32 {
        let mut rows = lock(&self.rows);
        rows.by_id.get_mut(id).map_or(0, |row| {
            row.unreadable += 1;
            row.unreadable
        })
    }

    fn take_off(&self, id: &WorkflowId) -> Write {
        let mut rows = lock(&self.rows);
        let row = rows.by_id.get_mut(id);
        let hopeless = |row: &&mut Row| self.decode(&row.state).is_err_and(|e| e.is_permanent());
        let Some(row) = row.filter(hopeless) else {
            return Write::Conflict;
        };
        let woke_at = row.wake_at.take();
        rows.wake(id, woke_at, None);
        Write::Done
    }

    fn page(&self, query: &ListQuery) -> ListPage {
        let (page, units) = lock(&self.rows).page(query);
        self.consume(units);
        page
    }

    fn due_at(&self, now: Timestamp, limit: u32) -> Vec<WorkflowId> {
        let (due, units) = lock(&self.rows).due_at(now, limit);
        self.consume(units);
        due
    }

    /// The row of a workflow, read strongly consistent: `bytes` of it.
    fn row(&self, id: &WorkflowId, bytes: impl FnOnce(&Row) -> usize) -> Option<Row> {
        let row = lock(&self.rows).by_id.get(id).cloned();
        self.consume(read(read_halves(row.as_ref().map_or(0, bytes), true)));
        row
    }
}

#[async_trait]
impl Table for MemoryTable {
    async fn open(
        &self,
        workflow: &Workflow,
        request: &StoredRequest,
        entry: &HistoryEntry,
    ) -> Result<Write, PortError> {
        let effect = || self.insert(workflow, request, entry);
        self.faults.call("open", effect).await
    }

    async fn load(&self, id: &WorkflowId) -> Result<Option<StoredWorkflow>, PortError> {
        let effect = || {
            let row = self.row(id, |row| row.state_bytes);
            row.map(|row| self.decode(&row.state)).transpose()
        };
        self.faults.call("load", effect).await
    }

    async fn load_with_request(
        &self,
        id: &WorkflowId,
    ) -> Result<Option<(StoredWorkflow, StoredRequest)>, PortError> {
        let effect = || {
            let row = self.row(id, |row| row.state_bytes + row.request_bytes);
            row.map(|row| Ok((self.decode(&row.state)?, row.request)))
                .transpose()
        };
        self.faults.call("load_with_request", effect).await
    }

    async fn commit(
        &self,
        expected_seq: u64,
        next: &Workflow,
        entry: &HistoryEntry,
    ) -> Result<Write, PortError> {
        let effect = || self.write(expected_seq, next, Some(entry));
        self.faults.call("commit", effect).await
    }

    async fn touch(&self, expected_seq: u64, next: &Workflow) -> Result<Write, PortError> {
        let effect = || self.write(expected_seq, next, None);
        self.faults.call("touch", effect).await
    }

    async fn history(&self, id: &WorkflowId) -> Result<Vec<HistoryEntry>, PortError> {
        let effect = || {
            let row = self.row(id, |row| row.history_bytes);
            Ok(row.map(|row| row.history).unwrap_or_default())
        };
        self.faults.call("history", effect).await
    }

    async fn list(&self, query: &ListQuery) -> Result<ListPage, PortError> {
        self.faults.call("list", || Ok(self.page(query))).await
    }

    async fn due(&self, _: u32, now: Timestamp, limit: u32) -> Result<Vec<WorkflowId>, PortError> {
        self.faults
            .call("due", || Ok(self.due_at(now, limit)))
            .await
    }

    async fn count_unreadable(&self, id: &WorkflowId) -> Result<u32, PortError> {
        let effect = || Ok(self.count(id));
        self.faults.call("count_unreadable", effect).await
    }

    async fn quarantine(&self, id: &WorkflowId) -> Result<Write, PortError> {
        let effect = || Ok(self.take_off(id));
        self.faults.call("quarantine", effect).await
    }

    fn deadline_shards(&self) -> u32 {
        1
    }

    async fn flow(&self, flow: &Name, version: u16) -> Result<Option<KeptFlow>, PortError> {
        let key = (flow.clone(), version);
        let effect = || Ok(lock(&self.rows).flows.get(&key).cloned());
        self.faults.call("flow", effect).await
    }

    async fn keep_flow(&self, flow: &Pinned) -> Result<Write, PortError> {
        let definition: &Flow = flow;
        let kept = KeptFlow {
            id: flow.id().clone(),
            definition: encode(definition)?,
        };
        let effect = || {
            if let Some(first) = lock(&self.kept_first).take() {
                self.keep(first);
            }
            let flows = &mut lock(&self.rows).flows;
            let key = (flow.flow.clone(), flow.version);
            if flows.contains_key(&key) {
                return Ok(Write::Conflict);
            }
            flows.insert(key, kept);
            Ok(Write::Done)
        };
        self.faults.call("keep_flow", effect).await
    }
}

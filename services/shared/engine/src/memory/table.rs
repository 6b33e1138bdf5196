//! The table in memory. Stores JSON, so that whatever cannot be written or read shows here too.

use std::sync::{Arc, Mutex};

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::WorkflowSummary;
use aegis_workflow::Workflow;
use async_trait::async_trait;

use super::rows::{Row, Rows};
use super::{Faults, lock};
use crate::error::PortError;
use crate::ports::{ListPage, ListPosition, ListQuery, Table, Write};
use crate::stored::{HistoryEntry, Known, StoredRequest, decode_state_as, encode};

#[derive(Debug, Default)]
pub struct MemoryTable {
    rows: Mutex<Rows>,
    races_to_lose: Mutex<u32>,
    /// Every history entry in the order of the commits.
    stream: Mutex<Vec<HistoryEntry>>,
    writes: Mutex<usize>,
    /// What the code that reads now knows.
    known: Mutex<Known>,
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

    /// From now on the readers are code that knows these versions.
    pub fn read_as(&self, known: Known) {
        *lock(&self.known) = known;
    }

    /// When the sweep next has something to find.
    pub fn earliest_wake(&self) -> Option<Timestamp> {
        let rows = lock(&self.rows);
        rows.wakes.first().map(|(at, _)| *at)
    }

    fn decode(&self, state: &str) -> Result<Workflow, PortError> {
        decode_state_as(state, *lock(&self.known))
    }

    fn loses_race(&self) -> bool {
        let mut left = lock(&self.races_to_lose);
        let lost = *left > 0;
        *left = left.saturating_sub(1);
        lost
    }

    fn insert(
        &self,
        workflow: &Workflow,
        request: &StoredRequest,
        entry: &HistoryEntry,
    ) -> Result<Write, PortError> {
        let state = encode(workflow)?;
        let mut rows = lock(&self.rows);
        if rows.by_id.contains_key(&workflow.id) {
            return Ok(Write::Conflict);
        }
        let summary = WorkflowSummary {
            workflow_id: workflow.id.clone(),
            status: workflow.status(),
            topic: request.topic.chars().take(120).collect(),
            created_at: workflow.created_at,
        };
        let row = Row {
            seq: workflow.seq,
            state,
            wake_at: workflow.wake_at,
            summary,
            request: request.clone(),
            history: vec![entry.clone()],
            unreadable: 0,
        };
        rows.index(&workflow.id, None, workflow.wake_at);
        rows.by_id.insert(workflow.id.clone(), row);
        *lock(&self.writes) += 1;
        lock(&self.stream).push(entry.clone());
        Ok(Write::Done)
    }

    fn write(
        &self,
        expected_seq: u64,
        next: &Workflow,
        entry: Option<&HistoryEntry>,
    ) -> Result<Write, PortError> {
        let state = encode(next)?;
        if self.loses_race() {
            return Ok(Write::Conflict);
        }
        let mut rows = lock(&self.rows);
        let found = rows.by_id.get_mut(&next.id);
        let Some(row) = found.filter(|row| row.seq == expected_seq) else {
            return Ok(Write::Conflict);
        };
        let woke_at = row.wake_at;
        row.seq = next.seq;
        row.state = state;
        row.wake_at = next.wake_at;
        row.summary.status = next.status();
        row.unreadable = 0;
        row.history.extend(entry.cloned());
        rows.index(&next.id, woke_at, next.wake_at);
        *lock(&self.writes) += 1;
        lock(&self.stream).extend(entry.cloned());
        Ok(Write::Done)
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
        rows.index(id, woke_at, None);
        Write::Done
    }

    fn page(&self, query: &ListQuery) -> ListPage {
        let wanted = |row: &&WorkflowSummary| {
            query.status.is_none_or(|status| row.status == status)
                && query
                    .before
                    .as_ref()
                    .is_none_or(|before| position(row) < *before)
        };
        let rows = lock(&self.rows);
        let found = rows.by_id.values().map(|row| &row.summary).filter(wanted);
        let mut found: Vec<WorkflowSummary> = found.cloned().collect();
        found.sort_by_key(|row| std::cmp::Reverse(position(row)));
        let limit = query.limit as usize;
        let more = found.len() > limit;
        found.truncate(limit);
        ListPage {
            workflows: found,
            more,
        }
    }

    fn due_at(&self, now: Timestamp, limit: u32) -> Vec<WorkflowId> {
        let rows = lock(&self.rows);
        let due = rows.wakes.iter().take_while(|(at, _)| *at <= now);
        due.take(limit as usize).map(|(_, id)| id.clone()).collect()
    }
}

fn position(row: &WorkflowSummary) -> ListPosition {
    ListPosition {
        created_at: row.created_at,
        workflow_id: row.workflow_id.clone(),
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

    async fn load(&self, id: &WorkflowId) -> Result<Option<Workflow>, PortError> {
        let effect = || {
            let rows = lock(&self.rows);
            rows.by_id
                .get(id)
                .map(|row| self.decode(&row.state))
                .transpose()
        };
        self.faults.call("load", effect).await
    }

    async fn load_with_request(
        &self,
        id: &WorkflowId,
    ) -> Result<Option<(Workflow, StoredRequest)>, PortError> {
        let effect = || {
            let rows = lock(&self.rows);
            rows.by_id
                .get(id)
                .map(|row| Ok((self.decode(&row.state)?, row.request.clone())))
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
            let rows = lock(&self.rows);
            Ok(rows
                .by_id
                .get(id)
                .map(|row| row.history.clone())
                .unwrap_or_default())
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
}

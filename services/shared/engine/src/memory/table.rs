//! The table in memory. Stores JSON, so that whatever cannot be written or read shows here too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::WorkflowSummary;
use aegis_workflow::Workflow;
use async_trait::async_trait;

use super::{Faults, lock};
use crate::error::PortError;
use crate::ports::{ListPage, ListPosition, ListQuery, Table, Write};
use crate::stored::{HistoryEntry, StoredRequest, decode_state, encode};

#[derive(Debug)]
struct Row {
    seq: u64,
    state: String,
    /// Kept beside the state, as the indexes are: a state that cannot be read is listed and due nevertheless.
    wake_at: Option<Timestamp>,
    summary: WorkflowSummary,
    request: StoredRequest,
    history: Vec<HistoryEntry>,
    /// Sweeps that could not read the state.
    unreadable: u32,
}

#[derive(Debug, Default)]
pub struct MemoryTable {
    rows: Mutex<BTreeMap<WorkflowId, Row>>,
    races_to_lose: Mutex<u32>,
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
        if let Some(row) = lock(&self.rows).get_mut(id) {
            json.clone_into(&mut row.state);
        }
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
        if rows.contains_key(&workflow.id) {
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
        rows.insert(workflow.id.clone(), row);
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
        let Some(row) = rows.get_mut(&next.id).filter(|row| row.seq == expected_seq) else {
            return Ok(Write::Conflict);
        };
        row.seq = next.seq;
        row.state = state;
        row.wake_at = next.wake_at;
        row.summary.status = next.status();
        row.unreadable = 0;
        row.history.extend(entry.cloned());
        Ok(Write::Done)
    }

    fn count(&self, id: &WorkflowId) -> u32 {
        let mut rows = lock(&self.rows);
        rows.get_mut(id).map_or(0, |row| {
            row.unreadable += 1;
            row.unreadable
        })
    }

    fn take_off(&self, id: &WorkflowId) -> Write {
        let mut rows = lock(&self.rows);
        let row = rows.get_mut(id);
        let hopeless = |row: &&mut Row| decode_state(&row.state).is_err_and(|e| e.is_permanent());
        let Some(row) = row.filter(hopeless) else {
            return Write::Conflict;
        };
        row.wake_at = None;
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
        let found = rows.values().map(|row| &row.summary).filter(wanted);
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
        let mut due: Vec<(Timestamp, WorkflowId)> = rows
            .iter()
            .filter_map(|(id, row)| Some((row.wake_at.filter(|at| *at <= now)?, id.clone())))
            .collect();
        due.sort();
        let ids = due.into_iter().map(|(_, id)| id);
        ids.take(limit as usize).collect()
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
            rows.get(id).map(|row| decode_state(&row.state)).transpose()
        };
        self.faults.call("load", effect).await
    }

    async fn load_with_request(
        &self,
        id: &WorkflowId,
    ) -> Result<Option<(Workflow, StoredRequest)>, PortError> {
        let effect = || {
            let rows = lock(&self.rows);
            rows.get(id)
                .map(|row| Ok((decode_state(&row.state)?, row.request.clone())))
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

//! The table in memory. Stores JSON, so that whatever cannot be written or read shows here too.

use std::collections::BTreeMap;
use std::sync::Mutex;

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::WorkflowSummary;
use aegis_workflow::Workflow;
use async_trait::async_trait;

use super::lock;
use crate::error::PortError;
use crate::ports::{ListPage, ListPosition, ListQuery, Table, Write};
use crate::stored::{HistoryEntry, StoredRequest, decode_state, encode};

#[derive(Debug)]
struct Row {
    seq: u64,
    state: String,
    request: StoredRequest,
    history: Vec<HistoryEntry>,
}

#[derive(Debug, Default)]
pub struct MemoryTable(Mutex<BTreeMap<WorkflowId, Row>>);

impl MemoryTable {
    fn write(
        &self,
        expected_seq: u64,
        next: &Workflow,
        entry: Option<&HistoryEntry>,
    ) -> Result<Write, PortError> {
        let state = encode(next)?;
        let mut rows = lock(&self.0);
        let Some(row) = rows.get_mut(&next.id).filter(|row| row.seq == expected_seq) else {
            return Ok(Write::Conflict);
        };
        row.seq = next.seq;
        row.state = state;
        row.history.extend(entry.cloned());
        Ok(Write::Done)
    }

    fn states(&self) -> Result<Vec<(Workflow, String)>, PortError> {
        lock(&self.0)
            .values()
            .map(|row| Ok((decode_state(&row.state)?, row.request.topic.clone())))
            .collect()
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
        let state = encode(workflow)?;
        let mut rows = lock(&self.0);
        if rows.contains_key(&workflow.id) {
            return Ok(Write::Conflict);
        }
        let row = Row {
            seq: workflow.seq,
            state,
            request: request.clone(),
            history: vec![entry.clone()],
        };
        rows.insert(workflow.id.clone(), row);
        Ok(Write::Done)
    }

    async fn load(&self, id: &WorkflowId) -> Result<Option<Workflow>, PortError> {
        let rows = lock(&self.0);
        rows.get(id).map(|row| decode_state(&row.state)).transpose()
    }

    async fn load_with_request(
        &self,
        id: &WorkflowId,
    ) -> Result<Option<(Workflow, StoredRequest)>, PortError> {
        let rows = lock(&self.0);
        rows.get(id)
            .map(|row| Ok((decode_state(&row.state)?, row.request.clone())))
            .transpose()
    }

    async fn commit(
        &self,
        expected_seq: u64,
        next: &Workflow,
        entry: &HistoryEntry,
    ) -> Result<Write, PortError> {
        self.write(expected_seq, next, Some(entry))
    }

    async fn touch(&self, expected_seq: u64, next: &Workflow) -> Result<Write, PortError> {
        self.write(expected_seq, next, None)
    }

    async fn history(&self, id: &WorkflowId) -> Result<Vec<HistoryEntry>, PortError> {
        Ok(lock(&self.0)
            .get(id)
            .map(|row| row.history.clone())
            .unwrap_or_default())
    }

    async fn list(&self, query: &ListQuery) -> Result<ListPage, PortError> {
        let mut found: Vec<WorkflowSummary> = self
            .states()?
            .into_iter()
            .filter(|(workflow, _)| {
                query
                    .status
                    .is_none_or(|status| workflow.status() == status)
            })
            .map(|(workflow, topic)| WorkflowSummary {
                status: workflow.status(),
                topic: topic.chars().take(120).collect(),
                created_at: workflow.created_at,
                workflow_id: workflow.id,
            })
            .filter(|row| {
                query
                    .before
                    .as_ref()
                    .is_none_or(|before| position(row) < *before)
            })
            .collect();
        found.sort_by_key(|row| std::cmp::Reverse(position(row)));
        let limit = query.limit as usize;
        let more = found.len() > limit;
        found.truncate(limit);
        Ok(ListPage {
            workflows: found,
            more,
        })
    }

    async fn due(&self, _: u32, now: Timestamp, limit: u32) -> Result<Vec<WorkflowId>, PortError> {
        let mut due: Vec<(Timestamp, WorkflowId)> = self
            .states()?
            .into_iter()
            .filter_map(|(workflow, _)| {
                workflow
                    .wake_at
                    .filter(|at| *at <= now)
                    .map(|at| (at, workflow.id))
            })
            .collect();
        due.sort();
        Ok(due
            .into_iter()
            .take(limit as usize)
            .map(|(_, id)| id)
            .collect())
    }

    fn deadline_shards(&self) -> u32 {
        1
    }
}

//! What writing does to the table in memory: its rows, its indexes, its stream, and what that costs.

use aegis_contracts::view::WorkflowSummary;
use aegis_cost::capacity::write_units;
use aegis_cost::path::Units;
use aegis_workflow::Workflow;

use super::rows::Row;
use super::{MemoryTable, lock, sizes};
use aegis_engine::error::PortError;
use aegis_engine::ports::Write;
use aegis_engine::stored::{HistoryEntry, StoredRequest, encode, topic_head};

/// The sort key of any history item: all are of one length.
const HISTORY: &str = "EVT#0000000001";

impl MemoryTable {
    pub(super) fn insert(
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
            flow: workflow.flow.flow.clone(),
            status: workflow.status(),
            at: workflow.listed_at().cloned(),
            topic: topic_head(&request.topic),
            created_at: workflow.created_at,
        };
        let (asked, told) = (encode(request)?, encode(entry)?);
        let row = Row {
            seq: workflow.seq,
            state_bytes: sizes::state(workflow, &summary, &state),
            request_bytes: sizes::beside(workflow, "REQUEST", &asked),
            history_bytes: sizes::beside(workflow, HISTORY, &told),
            state,
            wake_at: workflow.wake_at,
            summary,
            request: request.clone(),
            history: vec![entry.clone()],
            unreadable: 0,
        };
        let items = [row.state_bytes, row.request_bytes, row.history_bytes];
        self.consume(Units {
            table: items.map(|bytes| write_units(bytes, true)).iter().sum(),
            indexes: rows.insert(row),
            read_halves: 0,
        });
        *lock(&self.writes) += 1;
        lock(&self.stream).push(entry.clone());
        Ok(Write::Done)
    }

    pub(super) fn write(
        &self,
        expected_seq: u64,
        next: &Workflow,
        entry: Option<&HistoryEntry>,
    ) -> Result<Write, PortError> {
        let state = encode(next)?;
        let told = entry.map(encode).transpose()?;
        if self.loses_race() {
            return Ok(Write::Conflict);
        }
        let mut rows = lock(&self.rows);
        let found = rows.by_id.get_mut(&next.id);
        let Some(row) = found.filter(|row| row.seq == expected_seq) else {
            return Ok(Write::Conflict);
        };
        let (woke_at, listed) = (row.wake_at, row.summary.clone());
        row.seq = next.seq;
        row.wake_at = next.wake_at;
        row.summary.status = next.status();
        row.summary.at = next.listed_at().cloned();
        row.unreadable = 0;
        row.history.extend(entry.cloned());
        let bytes = sizes::state(next, &row.summary, &state);
        let larger = bytes.max(row.state_bytes);
        let told = told.map(|json| sizes::beside(next, HISTORY, &json));
        row.state_bytes = bytes;
        row.history_bytes += told.unwrap_or_default();
        row.state = state;
        let summary = row.summary.clone();
        self.consume(Units {
            table: write_units(larger, told.is_some())
                + told.map_or(0, |bytes| write_units(bytes, true)),
            indexes: rows.wake(&next.id, woke_at, next.wake_at) + rows.relist(&summary, &listed),
            read_halves: 0,
        });
        *lock(&self.writes) += 1;
        lock(&self.stream).extend(entry.cloned());
        Ok(Write::Done)
    }
}

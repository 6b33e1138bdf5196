//! What the table in memory holds, and the two indexes over it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use aegis_contracts::flow::Name;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::{Status, WorkflowSummary};
use aegis_cost::capacity::{index_units, read_halves};
use aegis_cost::path::Units;
use aegis_engine::ports::KeptFlow;
use aegis_workflow::StoredWorkflow;

use super::sizes;
use aegis_engine::error::PortError;
use aegis_engine::ports::{ListPage, ListPosition, ListQuery};
use aegis_engine::stored::{HistoryEntry, StoredRequest, decode_state_as};

/// One workflow as it is stored.
#[derive(Debug, Clone)]
pub struct Row {
    pub(super) seq: u64,
    pub(super) state: String,
    /// Kept beside the state, as the indexes are: a state that cannot be read is listed and due nevertheless.
    pub(super) wake_at: Option<Timestamp>,
    pub(super) summary: WorkflowSummary,
    pub(super) request: StoredRequest,
    pub(super) history: Vec<HistoryEntry>,
    /// Sweeps that could not read the state.
    pub(super) unreadable: u32,
    /// Sizes of the items in DynamoDB.
    pub(super) state_bytes: usize,
    pub(super) request_bytes: usize,
    pub(super) history_bytes: usize,
}

#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) by_id: BTreeMap<WorkflowId, Row>,
    /// The sparse index of deadlines.
    pub(super) wakes: BTreeSet<(Timestamp, WorkflowId)>,
    statuses: BTreeMap<Status, BTreeSet<ListPosition>>,
    /// Definitions, for ever.
    pub(super) flows: BTreeMap<(Name, u16), KeptFlow>,
}

impl Rows {
    pub(super) fn insert(&mut self, row: Row) -> u64 {
        let id = row.id().clone();
        let units = self.wake(&id, None, row.wake_at);
        let place = position(&row.summary);
        let listed = self.statuses.entry(row.summary.status).or_default();
        listed.insert(place);
        self.by_id.insert(id, row);
        units + 1
    }

    /// Moves the entry of `id` in the index of deadlines, and says what that costs.
    pub(super) fn wake(
        &mut self,
        id: &WorkflowId,
        before: Option<Timestamp>,
        after: Option<Timestamp>,
    ) -> u64 {
        let units = index_units(before.as_ref(), after.as_ref());
        if units > 0 {
            before.map(|before| self.wakes.remove(&(before, id.clone())));
            self.wakes.extend(after.map(|after| (after, id.clone())));
        }
        units
    }

    /// Moves a workflow in the index of statuses, and says what that costs.
    pub(super) fn relist(&mut self, summary: &WorkflowSummary, before: &WorkflowSummary) -> u64 {
        let place = position(summary);
        if let Some(listed) = self.statuses.get_mut(&before.status) {
            listed.remove(&place);
        }
        let listed = self.statuses.entry(summary.status).or_default();
        listed.insert(place);
        match index_units(Some(&before.status), Some(&summary.status)) {
            // Its place stays; what is shown of it may change.
            0 => u64::from(before.at != summary.at),
            units => units,
        }
    }

    /// One query per status, each for a page and one more, as on AWS. Also what they cost.
    pub(super) fn page(&self, query: &ListQuery) -> (ListPage, Units) {
        let limit = query.limit as usize;
        let (mut found, mut halves) = (Vec::new(), 0);
        for status in query.statuses() {
            let rows = self.newest(status, query, limit + 1);
            halves += read_halves(rows.iter().map(sizes::listed).sum(), false);
            found.extend(rows);
        }
        found.sort_by_key(|row| std::cmp::Reverse(position(row)));
        let more = found.len() > limit;
        found.truncate(limit);
        let page = ListPage {
            next: found.last().filter(|_| more).map(position),
            workflows: found,
        };
        (page, read(halves))
    }

    fn newest(&self, status: Status, query: &ListQuery, limit: usize) -> Vec<WorkflowSummary> {
        let upper = query
            .before
            .as_ref()
            .map_or(Bound::Unbounded, Bound::Excluded);
        let places = self.statuses.get(&status).into_iter();
        let places = places.flat_map(|places| places.range((Bound::Unbounded, upper)).rev());
        let rows = places.filter_map(|place| self.by_id.get(&place.workflow_id));
        let rows = rows.map(|row| &row.summary).filter(|row| {
            let of_flow = query.flow.as_ref().is_none_or(|flow| row.flow == *flow);
            of_flow && (query.at.is_none() || row.at == query.at)
        });
        rows.take(limit).cloned().collect()
    }

    /// Whose time has come, and what it costs to ask.
    pub(super) fn due_at(&self, now: Timestamp, limit: u32) -> (Vec<WorkflowId>, Units) {
        let due = self.wakes.iter().take_while(|(at, _)| *at <= now);
        let due = due.take(limit as usize).map(|(_, id)| id.clone());
        let due: Vec<WorkflowId> = due.collect();
        let halves = read_halves(due.iter().map(sizes::due).sum(), false);
        (due, read(halves))
    }
}

pub(super) fn read(read_halves: u64) -> Units {
    Units {
        read_halves,
        ..Units::default()
    }
}

fn position(row: &WorkflowSummary) -> ListPosition {
    ListPosition {
        created_at: row.created_at,
        workflow_id: row.workflow_id.clone(),
    }
}

impl Row {
    pub fn id(&self) -> &WorkflowId {
        &self.summary.workflow_id
    }

    pub fn history(&self) -> &[HistoryEntry] {
        &self.history
    }

    /// # Errors
    /// If the state cannot be read by any code.
    pub fn workflow(&self) -> Result<StoredWorkflow, PortError> {
        decode_state_as(&self.state, u16::MAX)
    }

    /// The same workflow under another id, as if it had gone the same way a moment before.
    pub(super) fn copied(&self, number: u32) -> Result<Self, PortError> {
        let id = WorkflowId::derive(self.id().as_str(), &number.to_string());
        let mut copy = self.clone();
        let state = self.state.replace(self.id().as_str(), id.as_str());
        copy.state = state;
        copy.summary.workflow_id = id;
        Ok(copy)
    }
}

//! What the table in memory holds.

use std::collections::{BTreeMap, BTreeSet};

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::WorkflowSummary;
use aegis_workflow::Workflow;

use crate::error::PortError;
use crate::stored::{HistoryEntry, Known, StoredRequest, decode_state_as};

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
}

#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) by_id: BTreeMap<WorkflowId, Row>,
    /// The sparse index of deadlines.
    pub(super) wakes: BTreeSet<(Timestamp, WorkflowId)>,
}

impl Rows {
    /// Moves the entry of `id` in the index of deadlines.
    pub(super) fn index(
        &mut self,
        id: &WorkflowId,
        before: Option<Timestamp>,
        after: Option<Timestamp>,
    ) {
        if before == after {
            return;
        }
        if let Some(before) = before {
            self.wakes.remove(&(before, id.clone()));
        }
        if let Some(after) = after {
            self.wakes.insert((after, id.clone()));
        }
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
    pub fn workflow(&self) -> Result<Workflow, PortError> {
        let any = Known {
            state_version: u16::MAX,
            flow_version: u16::MAX,
        };
        decode_state_as(&self.state, any)
    }
}

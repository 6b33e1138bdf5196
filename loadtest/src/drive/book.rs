//! What the clients of a run know in common.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aegis_contracts::flow::DEFAULT_FLOW;
use aegis_contracts::ids::WorkflowId;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::scenario::Kind;

/// How far a run is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Seen {
    pub accepted: usize,
    pub decided: usize,
    pub ended: usize,
}

/// A decision that was taken by the API, from when it was due.
#[derive(Debug, Clone, Copy)]
pub struct Decision {
    pub took: Duration,
    /// Tries before it that failed.
    pub failed: u32,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub kind: Kind,
    pub key: String,
    /// Decisions that were taken.
    pub decided: u32,
    /// When the last one was taken.
    decided_at: Option<Instant>,
    /// Approvals of its flow.
    approvals: u32,
    /// A decision is on its way.
    busy: bool,
    redrives: u32,
    pub ended: bool,
}

impl Entry {
    /// How many decisions it needs.
    fn needs(&self) -> u32 {
        self.approvals + self.kind.revisions()
    }

    /// An event that was put on the bus and has had no effect for long.
    fn came_to_nothing(&self) -> bool {
        let long_ago = |at: Instant| at.elapsed() > EVENT_PATIENCE;
        self.kind.is_by_event() && self.decided_at.is_some_and(long_ago)
    }
}

/// From when an event was put on the bus until a client that repeats puts it there again.
const EVENT_PATIENCE: Duration = Duration::from_secs(20);

/// The flow of a run.
#[derive(Debug, Clone)]
pub struct Asked {
    pub flow: String,
    pub parameters: Map<String, Value>,
    /// How many approvals it has.
    pub approvals: u32,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            flow: DEFAULT_FLOW.to_owned(),
            parameters: Map::new(),
            approvals: 1,
        }
    }
}

#[derive(Debug, Default)]
pub struct Book {
    /// How often clients redrive a failed workflow; where they do, they also put events again that came to nothing.
    redrives: u32,
    /// What every workflow is asked for with.
    pub(super) asked: Asked,
    entries: Mutex<BTreeMap<WorkflowId, Entry>>,
    decisions: Mutex<Vec<Decision>>,
}

impl Book {
    pub fn new(redrives: u32, asked: Asked) -> Self {
        Self {
            redrives,
            asked,
            ..Self::default()
        }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<WorkflowId, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn accepted(&self, id: &WorkflowId, kind: Kind, key: &str) {
        let entry = Entry {
            kind,
            key: key.to_owned(),
            decided: 0,
            decided_at: None,
            approvals: self.asked.approvals,
            busy: false,
            redrives: 0,
            ended: false,
        };
        self.entries().entry(id.clone()).or_insert(entry);
    }

    /// What to decide, if this is one of ours that still needs a decision. Whoever gets it must tell the outcome.
    pub(super) fn take_up(&self, id: &WorkflowId) -> Option<Entry> {
        let mut entries = self.entries();
        let entry = entries.get_mut(id)?;
        let again = self.redrives > 0 && entry.came_to_nothing();
        if entry.busy || (entry.decided >= entry.needs() && !again) {
            return None;
        }
        entry.busy = true;
        Some(entry.clone())
    }

    /// Nothing, where it was not taken: it is decided again when it is seen to wait again.
    pub(super) fn decided(&self, id: &WorkflowId, decisions: &[Decision]) {
        if let Some(entry) = self.entries().get_mut(id) {
            entry.busy = false;
            if !decisions.is_empty() {
                entry.decided += 1;
                entry.decided_at = Some(Instant::now());
            }
        }
        let mut all = self
            .decisions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        all.extend_from_slice(decisions);
    }

    /// What the stage says of decisions whose answers were lost.
    pub(super) fn is_at_revision(&self, id: &WorkflowId, revision: u32) {
        if let Some(entry) = self.entries().get_mut(id) {
            entry.decided = entry.decided.max(revision);
        }
    }

    /// Whether a failed workflow is to be redriven; counts that it is.
    pub(super) fn may_redrive(&self, id: &WorkflowId) -> bool {
        let mut entries = self.entries();
        let entry = entries.get_mut(id);
        let entry = entry.filter(|entry| entry.redrives < self.redrives);
        entry.map(|entry| entry.redrives += 1).is_some()
    }

    pub(super) fn ended(&self, id: &WorkflowId) {
        if let Some(entry) = self.entries().get_mut(id) {
            entry.ended = true;
        }
    }

    pub(super) fn under_way(&self) -> Vec<WorkflowId> {
        let entries = self.entries();
        let live = entries.iter().filter(|(_, entry)| !entry.ended);
        live.map(|(id, _)| id.clone()).collect()
    }

    pub(super) fn decisions(&self) -> Vec<Decision> {
        let all = self
            .decisions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        all.clone()
    }

    pub fn seen(&self) -> Seen {
        let entries = self.entries();
        let count = |test: fn(&Entry) -> bool| entries.values().filter(|entry| test(entry)).count();
        Seen {
            accepted: entries.len(),
            decided: count(|entry| entry.decided > 0),
            ended: count(|entry| entry.ended),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_question_is_answered_once_and_again_when_that_failed() {
        let book = Book::default();
        let id = WorkflowId::derive("a", "b");
        assert!(book.take_up(&id).is_none(), "another's");
        book.accepted(&id, Kind::Revise, "k");
        let decision = Decision {
            took: Duration::ZERO,
            failed: 0,
        };
        assert!(book.take_up(&id).is_some());
        assert!(book.take_up(&id).is_none(), "on its way");
        book.decided(&id, &[]);
        for revision in 0..2 {
            assert_eq!(book.take_up(&id).unwrap().decided, revision);
            book.decided(&id, &[decision]);
        }
        assert!(book.take_up(&id).is_none(), "approved");
        book.ended(&id);
        assert_eq!(book.under_way(), []);
        let seen = Seen {
            accepted: 1,
            decided: 1,
            ended: 1,
        };
        assert_eq!(book.seen(), seen);
    }

    #[test]
    fn clients_that_repeat_do_so_after_a_while_and_not_for_ever() {
        let id = WorkflowId::derive("a", "b");
        let decision = Decision {
            took: Duration::ZERO,
            failed: 0,
        };
        for (redrives, again) in [(0, false), (1, true)] {
            let book = Book::new(redrives, Asked::default());
            book.accepted(&id, Kind::Event, "k");
            book.take_up(&id).unwrap();
            book.decided(&id, &[decision]);
            assert!(book.take_up(&id).is_none(), "put on the bus just now");
            let long_ago = Instant::now().checked_sub(EVENT_PATIENCE * 2);
            book.entries().get_mut(&id).unwrap().decided_at = long_ago;
            assert_eq!(book.take_up(&id).is_some(), again);
            assert_eq!(book.may_redrive(&id), again);
            assert!(!book.may_redrive(&id));
        }
    }

    #[test]
    fn a_change_whose_answer_was_lost_is_not_asked_for_twice() {
        let book = Book::default();
        let id = WorkflowId::derive("a", "b");
        book.accepted(&id, Kind::Revise, "k");
        book.take_up(&id).unwrap();
        book.decided(&id, &[]);
        book.is_at_revision(&id, 1);
        assert_eq!(book.take_up(&id).unwrap().decided, 1);
    }
}

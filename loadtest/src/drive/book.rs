//! What starters, approver and those who wait for the end know in common.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aegis_contracts::ids::WorkflowId;
use serde::Serialize;

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
    pub kind: Kind,
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
    /// A decision is on its way.
    busy: bool,
    pub ended: bool,
}

impl Entry {
    /// How many decisions it needs.
    fn needs(&self) -> u32 {
        1 + u32::from(self.kind == Kind::Revise)
    }
}

#[derive(Debug, Default)]
pub struct Book {
    entries: Mutex<BTreeMap<WorkflowId, Entry>>,
    decisions: Mutex<Vec<Decision>>,
}

impl Book {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<WorkflowId, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn accepted(&self, id: &WorkflowId, kind: Kind, key: &str) {
        let entry = Entry {
            kind,
            key: key.to_owned(),
            decided: 0,
            busy: false,
            ended: false,
        };
        self.entries().entry(id.clone()).or_insert(entry);
    }

    /// What to decide, if this is one of ours that still needs a decision. Whoever gets it must tell the outcome.
    pub(super) fn take_up(&self, id: &WorkflowId) -> Option<Entry> {
        let mut entries = self.entries();
        let entry = entries.get_mut(id)?;
        if entry.busy || entry.decided >= entry.needs() {
            return None;
        }
        entry.busy = true;
        Some(entry.clone())
    }

    /// Nothing, where it was not taken: it is decided again when it is seen to wait again.
    pub(super) fn decided(&self, id: &WorkflowId, decisions: &[Decision]) {
        if let Some(entry) = self.entries().get_mut(id) {
            entry.busy = false;
            entry.decided += u32::from(!decisions.is_empty());
        }
        let mut all = self
            .decisions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        all.extend_from_slice(decisions);
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
            kind: Kind::Revise,
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
}

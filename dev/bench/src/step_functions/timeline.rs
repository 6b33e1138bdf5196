//! What has happened to each workflow, and when: agents write it, whoever follows a workflow reads it.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

use aegis_contracts::agent::Role;
use aegis_contracts::ids::WorkflowId;
use tokio::sync::Notify;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// The agent was handed its task.
    Invoked(Role),
    /// Its artifacts and its record lie in the bucket.
    Worked(Role),
    /// Its result was taken.
    Taken(Role),
    /// The approval was asked for, with this token.
    Asked,
}

/// Of one workflow.
pub type Notes = HashMap<What, (Instant, String)>;

/// For the workflows of one bench.
#[derive(Debug, Default)]
pub struct Timeline {
    notes: Mutex<HashMap<WorkflowId, Notes>>,
    changed: Notify,
}

impl Timeline {
    /// The first note of its kind stands. `detail`: what whoever waits needs to know.
    pub fn note(&self, workflow: &WorkflowId, what: What, detail: &str) {
        if let Ok(mut notes) = self.notes.lock() {
            let own = notes.entry(workflow.clone()).or_default();
            own.entry(what)
                .or_insert_with(|| (Instant::now(), detail.to_owned()));
        }
        self.changed.notify_waiters();
    }

    /// Waits until it has happened.
    pub async fn wait(&self, workflow: &WorkflowId, what: What) -> (Instant, String) {
        loop {
            // Before the look, so that no note in between is missed.
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let found = self.notes.lock().ok().and_then(|notes| {
                let own = notes.get(workflow)?;
                own.get(&what).cloned()
            });
            if let Some(found) = found {
                return found;
            }
            changed.await;
        }
    }

    /// All notes of a workflow that has ended.
    pub fn take(&self, workflow: &WorkflowId) -> Notes {
        let notes = self.notes.lock().ok();
        notes
            .and_then(|mut notes| notes.remove(workflow))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_note_is_found_whether_it_comes_before_or_after_the_wait() {
        let timeline = std::sync::Arc::new(Timeline::default());
        let id = |key: &str| WorkflowId::derive("bench", key);
        timeline.note(&id("one"), What::Asked, "token");
        timeline.note(&id("one"), What::Asked, "another");
        assert_eq!(timeline.wait(&id("one"), What::Asked).await.1, "token");
        let writer = What::Taken(Role::Writer);
        let (later, two) = (timeline.clone(), id("two"));
        let waits = tokio::spawn(async move { later.wait(&two, writer).await.1 });
        tokio::task::yield_now().await;
        timeline.note(&id("two"), What::Taken(Role::Analyst), "");
        timeline.note(&id("two"), writer, "done");
        assert_eq!(waits.await.unwrap(), "done");
        assert_eq!(
            (
                timeline.take(&id("two")).len(),
                timeline.take(&id("two")).len()
            ),
            (2, 0)
        );
    }
}

//! Finds waits that ran out and commands that nobody picked up.
//!
//! Looks only at what the index of deadlines says is due. What then happens is decided like
//! everything else, so two sweeps at once do no harm: one of them loses the race.

mod quarantine;

use std::collections::HashSet;
use std::sync::Arc;

use aegis_contracts::ids::WorkflowId;
use aegis_engine::apply::{Applied, Engine, Outcome};
use aegis_engine::artifacts::completed;
use aegis_engine::error::PortError;
use aegis_engine::metrics;
use aegis_engine::ports::{Artifacts, DeadLetters};
use aegis_engine::schedule::ScheduleHandler;
use aegis_workflow::{Input, Workflow};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use tracing::Instrument;

/// Also the name of its spans and dead letters.
pub const SERVICE: &str = "deadlines";

/// Workflows read from the index at once.
const PAGE: u32 = 100;
/// Pages of one shard in one tick. What is left is due at the next one still.
const MAX_PAGES: u32 = 20;
/// Workflows worked on at once.
const AT_ONCE: usize = 8;

pub struct Deadlines {
    pub engine: Engine,
    pub artifacts: Arc<dyn Artifacts>,
    pub dead_letters: Arc<dyn DeadLetters>,
}

#[async_trait]
impl ScheduleHandler for Deadlines {
    async fn tick(&self) -> Result<(), PortError> {
        let mut outcome = Ok(());
        for shard in 0..self.engine.table.deadline_shards() {
            // A shard that cannot be read does not stop the sweep of the others.
            outcome = outcome.and(self.sweep(shard).await);
        }
        outcome
    }
}

impl Deadlines {
    async fn sweep(&self, shard: u32) -> Result<(), PortError> {
        let mut passed_over = HashSet::new();
        for _ in 0..MAX_PAGES {
            // What was passed over is still due and comes first again: the page grows by it, so that it starves nobody.
            let known = u32::try_from(passed_over.len()).unwrap_or(u32::MAX);
            let limit = PAGE.saturating_add(known);
            let now = self.engine.clock.now();
            let due = self.engine.table.due(shard, now, limit).await?;
            let last = due.len() < limit as usize;
            let fresh = due.into_iter().filter(|id| !passed_over.contains(id));
            let fresh: Vec<WorkflowId> = fresh.collect();
            if fresh.is_empty() {
                return Ok(());
            }
            let found = fresh.len();
            let visits = stream::iter(fresh).map(|id| async move {
                let moved = self.visit(&id).await;
                (!moved).then_some(id)
            });
            let stayed: Vec<Option<WorkflowId>> = visits.buffer_unordered(AT_ONCE).collect().await;
            let before = passed_over.len();
            passed_over.extend(stayed.into_iter().flatten());
            let moved = found - (passed_over.len() - before);
            tracing::info!(shard, due = found, moved, "swept");
            if last {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether the workflow is no longer due. A failure of one does not stop the sweep of the others.
    async fn visit(&self, id: &WorkflowId) -> bool {
        let span = tracing::info_span!("deadline", workflow_id = %id);
        async {
            let visited = match self.engine.load(id).await {
                Ok(Some(workflow)) => self.wake(&workflow).await,
                Ok(None) => Ok(false),
                Err(error) if error.is_permanent() => self.cannot_read(id, &error).await,
                Err(error) => Err(error),
            };
            visited.unwrap_or_else(|error| {
                tracing::error!(%error, "workflow passed over");
                false
            })
        }
        .instrument(span)
        .await
    }

    async fn wake(&self, workflow: &Workflow) -> Result<bool, PortError> {
        let id = &workflow.id;
        if let Some(due_at) = workflow.due_at(&self.engine.rules) {
            metrics::overdue(self.engine.clock.now().since(due_at));
        }
        let mut moved = false;
        for work in workflow.silent_work(&self.engine.rules, self.engine.clock.now()) {
            // Before it is given up: it may be done, and only its callback lost. Then nobody pays twice.
            let Some(success) = completed(self.artifacts.as_ref(), workflow, &work.of).await?
            else {
                continue;
            };
            let input = Input::StepSucceeded(success);
            let turn = self.engine.apply(id, input).await?;
            if let Outcome::Illegal { illegal, .. } = turn.outcome {
                // Given up like any other: a record that is refused must not keep the attempt alive for ever.
                tracing::warn!(%illegal, "completion record refused");
            } else {
                tracing::info!(of = %work.of, "the callback was lost, the work is done");
                moved |= self.moved(id, turn);
            }
        }
        let turn = self.engine.apply(id, Input::DeadlinePassed).await?;
        Ok(self.moved(id, turn) || moved)
    }

    fn moved(&self, id: &WorkflowId, turn: Applied) -> bool {
        self.engine
            .report_undelivered(id, turn.undelivered.map_or(Ok(()), Err));
        matches!(turn.outcome, Outcome::Applied(_))
    }
}

//! Finds waits that ran out and commands that nobody picked up.
//!
//! Looks only at what the index of deadlines says is due. What then happens is decided like
//! everything else, so two sweeps at once do no harm: one of them loses the race.

use std::sync::Arc;

use aegis_contracts::agent::Role;
use aegis_contracts::ids::WorkflowId;
use aegis_engine::artifacts::mismatch;
use aegis_engine::error::PortError;
use aegis_engine::ports::Artifacts;
use aegis_engine::schedule::ScheduleHandler;
use aegis_engine::turn::{Engine, Outcome, Turn};
use aegis_workflow::Input;
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
        for _ in 0..MAX_PAGES {
            let due = self
                .engine
                .table
                .due(shard, self.engine.clock.now(), PAGE)
                .await?;
            if due.is_empty() {
                return Ok(());
            }
            let found = due.len();
            let visits = stream::iter(due).map(|id| async move { self.visit(&id).await });
            let outcomes: Vec<bool> = visits.buffer_unordered(AT_ONCE).collect().await;
            let moved = outcomes.into_iter().filter(|moved| *moved).count();
            tracing::info!(shard, due = found, moved, "swept");
            // Nothing moved: the same page would come again. One that cannot be read is passed over until the next tick.
            if moved == 0 || found < PAGE as usize {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether the workflow is no longer due. A failure of one does not stop the sweep of the others.
    async fn visit(&self, id: &WorkflowId) -> bool {
        let span = tracing::info_span!("deadline", workflow_id = %id);
        async {
            match self.wake(id).await {
                Ok(turn) => {
                    self.engine
                        .report_undelivered(id, turn.undelivered.map_or(Ok(()), Err));
                    matches!(turn.outcome, Outcome::Applied(_))
                }
                Err(error) => {
                    tracing::error!(%error, "workflow passed over");
                    false
                }
            }
        }
        .instrument(span)
        .await
    }

    async fn wake(&self, id: &WorkflowId) -> Result<Turn, PortError> {
        let Some(workflow) = self.engine.table.load(id).await? else {
            return Ok(Turn {
                outcome: Outcome::NotFound,
                undelivered: None,
            });
        };
        let silent = workflow.silent_step(&self.engine.rules, self.engine.clock.now());
        if let Some(step) = silent
            && let Some(input) = self.completed_unheard(id, step.role, step.attempt).await?
        {
            let turn = self.engine.apply(id, input).await?;
            if let Outcome::Illegal { illegal, .. } = turn.outcome {
                // Given up like any other: a record that is refused must not keep the attempt alive for ever.
                tracing::warn!(%illegal, "completion record refused");
            } else {
                tracing::info!(role = %step.role, attempt = step.attempt, "the callback was lost, the work is done");
                return Ok(turn);
            }
        }
        self.engine.apply(id, Input::DeadlinePassed).await
    }

    /// Before a silent attempt is given up: it may be done, and only its callback lost. Then nobody pays twice.
    async fn completed_unheard(
        &self,
        id: &WorkflowId,
        role: Role,
        attempt: u32,
    ) -> Result<Option<Input>, PortError> {
        let record = match self.artifacts.completion(id, role, attempt).await {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(None),
            Err(error) if error.is_permanent() => {
                tracing::warn!(%error, "completion record ignored");
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let foreign = record.workflow_id != *id || record.role != role || record.attempt != attempt;
        let wrong = mismatch(
            self.artifacts.as_ref(),
            id,
            role,
            attempt,
            &record.artifacts,
        )
        .await?;
        if foreign || wrong.is_some() {
            tracing::warn!(wrong, "completion record does not hold");
            return Ok(None);
        }
        let (summary, artifacts, usage) = (record.summary, record.artifacts, record.usage);
        Ok(Some(Input::StepSucceeded {
            role,
            attempt,
            summary,
            artifacts,
            usage,
        }))
    }
}

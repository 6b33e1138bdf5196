//! One attempt, from its claim to its report.
//!
//! The order is the real agents': claim, work, artifact, completion record, report. An attempt that is handed out again
//! while it is at work is left alone; one that is complete is reported again from its record.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aegis_agent_kit::claim::{self, Begun, Claim};
use aegis_agent_kit::health::Ping;
use aegis_agent_kit::publish::publish;
use aegis_agent_kit::reporter::now;
use aegis_agent_kit::sessions::{Found, Running, Sessions};
use aegis_agent_kit::store::ArtifactStore;
use aegis_contracts::agent::{AgentTask, InvocationStatus};
use aegis_contracts::artifact::CompletionRecord;

use super::completion::{Completion, Taken};
use super::conduct::{Conduct, RateLimit, produced};

/// Why an invocation came to nothing. The dispatcher tries again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("too many new sessions")]
    Throttled,
    #[error("{0}")]
    Failed(String),
}

/// How often what happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counted {
    pub invocations: u64,
    /// That were refused because too many sessions had started.
    pub throttled: u64,
    /// Of attempts at work or complete already.
    pub again: u64,
    /// Reports that were taken.
    pub completed: u64,
    /// Reports of attempts that count no more.
    pub unwanted: u64,
    /// Reports that nobody took, and artifacts that could not be written.
    pub failed: u64,
}

#[derive(Debug, Default)]
struct Counters {
    invocations: AtomicU64,
    throttled: AtomicU64,
    again: AtomicU64,
    completed: AtomicU64,
    unwanted: AtomicU64,
    failed: AtomicU64,
}

/// All three agents of one process.
pub struct Worker {
    store: Arc<dyn ArtifactStore>,
    conduct: Conduct,
    completion: Arc<dyn Completion>,
    sessions: Sessions,
    limit: Option<RateLimit>,
    counters: Counters,
}

enum Owed {
    Nothing,
    Work(Running),
    Report(Running, CompletionRecord),
}

impl Worker {
    pub fn new(
        store: Arc<dyn ArtifactStore>,
        conduct: Conduct,
        completion: Arc<dyn Completion>,
    ) -> Arc<Self> {
        Arc::new(Self {
            store,
            limit: conduct.new_sessions.map(RateLimit::of),
            conduct,
            completion,
            sessions: Sessions::default(),
            counters: Counters::default(),
        })
    }

    /// Answers once the attempt is claimed; the work goes on in the background.
    ///
    /// # Errors
    /// Where too many sessions have started, storage fails, or another session has claimed the attempt.
    pub async fn invoke(
        self: &Arc<Self>,
        session: &str,
        task: AgentTask,
    ) -> Result<InvocationStatus, Refusal> {
        let owed = self.claim(session, &task).await?;
        let status = status_of(&owed);
        let worker = Arc::clone(self);
        tokio::spawn(async move { worker.settle(&task, owed).await });
        Ok(status)
    }

    /// Answers once the attempt is reported: where nothing goes on in the background.
    ///
    /// # Errors
    /// Like [`Self::invoke`].
    pub async fn perform(
        &self,
        session: &str,
        task: AgentTask,
    ) -> Result<InvocationStatus, Refusal> {
        let owed = self.claim(session, &task).await?;
        let status = status_of(&owed);
        self.settle(&task, owed).await;
        Ok(status)
    }

    /// Ends what `session` is at work on, without a report. Returns whether it was at work.
    pub fn stop(&self, session: &str) -> bool {
        self.sessions.stop(session)
    }

    pub fn ping(&self) -> Ping {
        self.sessions.ping()
    }

    /// Returns once no attempt is at work.
    pub async fn idle(&self) {
        self.sessions.idle().await;
    }

    pub fn counted(&self) -> Counted {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counted {
            invocations: of(&self.counters.invocations),
            throttled: of(&self.counters.throttled),
            again: of(&self.counters.again),
            completed: of(&self.counters.completed),
            unwanted: of(&self.counters.unwanted),
            failed: of(&self.counters.failed),
        }
    }

    async fn claim(&self, session: &str, task: &AgentTask) -> Result<Owed, Refusal> {
        count(&self.counters.invocations);
        let held = match self.sessions.enter(&task.output_prefix, session) {
            Found::Free(held) | Found::Failed(held, _) => held,
            Found::Running => {
                count(&self.counters.again);
                return Ok(Owed::Nothing);
            }
        };
        if self.limit.as_ref().is_some_and(|limit| !limit.lets_in()) {
            count(&self.counters.throttled);
            return Err(Refusal::Throttled);
        }
        let claim = Claim {
            session: session.to_owned(),
            invocation: uuid::Uuid::new_v4().to_string(),
            at: Some(now()),
        };
        let begun = claim::begin(self.store.as_ref(), task, &claim).await;
        match begun.map_err(|error| Refusal::Failed(error.to_string()))? {
            Begun::Work { .. } => Ok(Owed::Work(held)),
            Begun::Completed(record) => {
                count(&self.counters.again);
                Ok(Owed::Report(held, record))
            }
            Begun::Foreign { session } => {
                Err(Refusal::Failed(format!("claimed by session `{session}`")))
            }
            Begun::WornOut => Err(Refusal::Failed("begun too often".to_owned())),
        }
    }

    async fn settle(&self, task: &AgentTask, owed: Owed) {
        let counter = match self.carry_out(task, owed).await {
            None => return,
            Some(Taken::Yes) => &self.counters.completed,
            Some(Taken::NoLongerWanted(why)) => {
                tracing::info!(workflow_id = %task.workflow_id, why, "no longer wanted");
                &self.counters.unwanted
            }
            Some(Taken::Failed(why)) => {
                tracing::error!(workflow_id = %task.workflow_id, step = %task.step, why, "not completed");
                &self.counters.failed
            }
        };
        count(counter);
    }

    async fn carry_out(&self, task: &AgentTask, owed: Owed) -> Option<Taken> {
        let (held, record) = match owed {
            Owed::Nothing => return None,
            Owed::Report(held, record) => (held, record),
            Owed::Work(held) => {
                let worked = tokio::select! {
                    worked = self.work(task) => worked,
                    () = held.stopped() => return None,
                };
                match worked {
                    Ok(record) => (held, record),
                    Err(taken) => return Some(taken),
                }
            }
        };
        let taken = self.completion.succeeded(task, &record).await;
        drop(held);
        Some(taken)
    }

    async fn work(&self, task: &AgentTask) -> Result<CompletionRecord, Taken> {
        let mut left = self.conduct.latency.draw(&mut rand::rng());
        let silence = Duration::from_secs(task.heartbeat_seconds.max(3)) / 3;
        while left > silence {
            tokio::time::sleep(silence).await;
            left -= silence;
            match self.completion.alive(task).await {
                no_longer_wanted @ Taken::NoLongerWanted(_) => return Err(no_longer_wanted),
                Taken::Failed(_) => count(&self.counters.failed),
                Taken::Yes => {}
            }
        }
        if !left.is_zero() {
            tokio::time::sleep(left).await;
        }
        let produced = produced(task, self.conduct.artifact_bytes)
            .map_err(|error| Taken::Failed(error.to_string()))?;
        let usage = self.conduct.usage;
        publish(self.store.as_ref(), task, produced, usage, now())
            .await
            .map_err(|error| Taken::Failed(error.to_string()))
    }
}

fn status_of(owed: &Owed) -> InvocationStatus {
    match owed {
        Owed::Nothing => InvocationStatus::AlreadyRunning,
        Owed::Work(_) => InvocationStatus::Accepted,
        Owed::Report(..) => InvocationStatus::AlreadyCompleted,
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

//! One attempt, from its claim to its last callback.
//!
//! Runs in the background of the invocation that started it. Nothing here is lost by a crash: claim, artifacts and record
//! lie in storage, and what was not yet written is done again by the next life.

use std::convert::Infallible;
use std::sync::Arc;

use aegis_contracts::agent::AgentTask;
use aegis_contracts::artifact::CompletionRecord;
use aegis_contracts::callback::{AgentError, AgentReport};
use aegis_contracts::usage::Usage;
use tokio::sync::watch;
use tracing::Instrument;

use crate::agent::{Agent, WorkError};
use crate::budget;
use crate::context::WorkContext;
use crate::heartbeat::{self, Stop};
use crate::publish::publish;
use crate::reporter::{Answer, Reporter, now};
use crate::sessions::Running;
use crate::store::ArtifactStore;

/// What remains to be done for an attempt.
#[derive(Debug)]
pub enum Owed {
    Work,
    /// Completed in an earlier life: say so again.
    Success(CompletionRecord),
    /// Failed in an earlier life: say so again.
    Failure(AgentError),
}

/// What an attempt needs of the process that it runs in.
pub struct Surroundings<A> {
    pub agent: Arc<A>,
    pub store: Arc<dyn ArtifactStore>,
    /// Becomes true when the process has to end.
    pub ending: watch::Receiver<bool>,
}

enum Outcome {
    Succeeded(CompletionRecord),
    Failed(AgentError, Usage),
    Stopped(Stop),
}

/// Does what is owed and reports it. `held` is given back at the very end, when the answer is in.
pub async fn run<A: Agent>(
    around: Surroundings<A>,
    task: Arc<AgentTask>,
    owed: Owed,
    reporter: Reporter,
    held: Running,
) {
    let outcome = match owed {
        Owed::Success(record) => Outcome::Succeeded(record),
        Owed::Failure(error) => Outcome::Failed(error, Usage::default()),
        Owed::Work => work(&around, &task, &reporter, &held).await,
    };
    match outcome {
        Outcome::Succeeded(record) => {
            tracing::info!(artifacts = record.artifacts.len(), "work succeeded");
            // Summaries and messages speak of the topic, which is the client's alone.
            tracing::debug!(summary = record.summary, "what the work came to");
            conclude(&reporter, &succeeded(record), &held).await;
        }
        Outcome::Failed(error, usage) => {
            tracing::warn!(code = error.code, "work failed");
            tracing::debug!(reason = error.message, "why the work failed");
            // Before the callback, so that an invocation right after it is told the same.
            held.remember_failure(error.clone());
            conclude(&reporter, &failed(&task, error, usage), &held).await;
        }
        Outcome::Stopped(stop) => tracing::info!(?stop, "work stopped by the platform"),
    }
}

async fn conclude(reporter: &Reporter, report: &AgentReport, held: &Running) {
    let answer = tokio::select! {
        answer = reporter.deliver(report) => answer,
        () = held.stopped() => {
            tracing::info!("session stopped before its result was taken");
            return;
        }
    };
    match answer {
        Answer::Taken => tracing::info!("result taken"),
        Answer::Superseded | Answer::Unauthorised => {
            tracing::info!("result no longer wanted");
        }
        // Not lost: the platform reads the completion record before it gives a silent attempt up.
        Answer::Refused(reason) => tracing::error!(reason, "result refused"),
        Answer::Unavailable(reason) => tracing::error!(reason, "result not delivered in time"),
    }
}

async fn work<A: Agent>(
    around: &Surroundings<A>,
    task: &Arc<AgentTask>,
    reporter: &Reporter,
    held: &Running,
) -> Outcome {
    let ctx = WorkContext::new(task.clone(), around.store.clone());
    let mut ending = around.ending.clone();
    // A task of its own: a panic becomes an error here, and dropping the handle's future stops nothing, so it is aborted.
    let job = produce(around.agent.clone(), ctx.clone());
    let mut handle = tokio::spawn(job.in_current_span());
    let left = task.deadline_at.since(now());
    let gone_wrong = |error: WorkError| Outcome::Failed(error.report(), ctx.usage());
    let outcome = tokio::select! {
        joined = &mut handle => match joined {
            Ok(Ok(record)) => Outcome::Succeeded(record),
            Ok(Err(error)) => gone_wrong(error),
            Err(error) => gone_wrong(broken(error)),
        },
        stop = heartbeat::beat(&ctx, reporter) => Outcome::Stopped(stop),
        never = note_signs(&ctx, held) => match never {},
        () = held.stopped() => Outcome::Stopped(Stop::Session),
        exceeded = budget::exceeded(&ctx) => gone_wrong(exceeded),
        () = tokio::time::sleep(left) => {
            let message = "the work was not finished by the attempt's deadline";
            gone_wrong(WorkError::transient("deadline_exceeded", message))
        }
        _ = ending.wait_for(|ending| *ending) => {
            let message = "the agent's process was told to end";
            gone_wrong(WorkError::transient("interrupted", message))
        }
    };
    handle.abort();
    outcome
}

/// Each new stage and each call to a model is a sign of work, whether or not it is reported.
async fn note_signs(ctx: &WorkContext, held: &Running) -> Infallible {
    let (mut stages, mut spent) = (ctx.stages(), ctx.spent());
    loop {
        let changed = tokio::select! {
            changed = stages.changed() => changed,
            changed = spent.changed() => changed,
        };
        if changed.is_err() {
            // Nobody is left who could work.
            std::future::pending::<()>().await;
        }
        held.sign_of_work();
    }
}

async fn produce<A: Agent>(agent: Arc<A>, ctx: WorkContext) -> Result<CompletionRecord, WorkError> {
    let produced = agent.work(&ctx).await?;
    ctx.stage(99, "writing the result");
    publish(ctx.store(), ctx.task(), produced, ctx.usage(), now()).await
}

fn broken(error: tokio::task::JoinError) -> WorkError {
    let text = match error.try_into_panic() {
        Ok(panic) => match panic.downcast_ref::<&str>() {
            Some(text) => (*text).to_owned(),
            None => panic.downcast_ref::<String>().cloned().unwrap_or_default(),
        },
        Err(error) => error.to_string(),
    };
    WorkError::transient("agent_panicked", format!("the agent broke: {text}"))
}

fn succeeded(record: CompletionRecord) -> AgentReport {
    AgentReport::Succeeded {
        step: record.of.step,
        branch: record.of.branch,
        attempt: record.of.attempt,
        summary: record.summary,
        artifacts: record.artifacts,
        items: record.items,
        usage: record.usage,
    }
}

fn failed(task: &AgentTask, error: AgentError, usage: Usage) -> AgentReport {
    AgentReport::Failed {
        step: task.step.clone(),
        branch: task.branch,
        attempt: task.attempt,
        error,
        usage: (!usage.is_zero()).then_some(usage),
    }
}

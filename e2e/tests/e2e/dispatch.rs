//! What a dispatcher notes and does beside invoking its agent.

use aegis_aws::client::objects::Put;
use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::artifact::{ArtifactRef, COMPLETION, CompletionRecord};
use aegis_contracts::flow::media_type;
use aegis_contracts::usage::Usage;
use aegis_contracts::view::{Status, StepStatus};
use aegis_e2e::agent::{now, sha256};
use aegis_e2e::run::{Run, TOPIC};
use aegis_e2e::stack::e2e;
use aegis_e2e::step::Step;
use aegis_e2e::wait::{SOON, Seen, eventually};
use anyhow::{Result, ensure};
use serde_json::json;

/// Has the agent believe that it finished in an earlier life, with a result that is not there: it says so, is
/// refused, and leaves the step as the dispatcher noted it.
async fn mislead(run: &Run, step: Step) -> Result<()> {
    let prefix = run.prefix(step, 1);
    let missing = ArtifactRef {
        name: step.artifact().to_owned(),
        key: format!("{prefix}{}", step.artifact()),
        size: 1,
        media_type: media_type(step.artifact()).to_owned(),
        sha256: sha256(b"-"),
    };
    let record = CompletionRecord {
        schema_version: SCHEMA_VERSION,
        workflow_id: run.id.clone(),
        of: step.attempt(1),
        completed_at: now(),
        summary: "done by a test".to_owned(),
        artifacts: vec![missing],
        items: None,
        usage: Usage::default(),
    };
    let (key, bytes) = (
        format!("{prefix}{COMPLETION}"),
        serde_json::to_vec(&record)?,
    );
    let put = run
        .stack
        .objects
        .put_if_absent(&key, bytes, "application/json");
    ensure!(put.await? == Put::Written, "{key} exists");
    Ok(())
}

async fn is_noted(run: &Run, step: Step) -> Result<()> {
    eventually("the note of the dispatch", SOON, async || {
        let steps = run.view().await?.steps;
        let step = steps.iter().find(|known| known.step == step.name());
        Ok(match step {
            Some(step) if step.status == StepStatus::Dispatched => Seen::Yes(()),
            other => Seen::NotYet(format!("{other:?}")),
        })
    })
    .await
}

fn a_dispatch_is_noted_and_its_session_stopped(step: Step) -> Result<()> {
    e2e(async |stack| {
        let run = stack.plan();
        mislead(&run, step).await?;
        run.start(&json!({"topic": TOPIC})).await?;
        if step == Step::Write {
            run.reach(Status::AwaitingApproval).await?;
            run.approve().await?;
        }
        run.reach_step(step).await?;
        is_noted(&run, step).await?;
        run.cancel(&json!({})).await?.is(202)?;
        run.session_is_stopped(step).await
    })
}

#[test]
fn of_the_researcher_a_dispatch_is_noted_and_its_session_stopped() -> Result<()> {
    a_dispatch_is_noted_and_its_session_stopped(Step::Research)
}

#[test]
fn of_the_analyst_a_dispatch_is_noted_and_its_session_stopped() -> Result<()> {
    a_dispatch_is_noted_and_its_session_stopped(Step::Analyze)
}

#[test]
fn of_the_writer_a_dispatch_is_noted_and_its_session_stopped() -> Result<()> {
    a_dispatch_is_noted_and_its_session_stopped(Step::Write)
}

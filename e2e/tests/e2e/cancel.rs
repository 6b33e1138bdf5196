//! Calling a workflow off, wherever it is.

use aegis_contracts::flow::Name;
use aegis_contracts::view::{Status, StepStatus, WorkflowAccepted};
use aegis_e2e::agent::progress;
use aegis_e2e::run::{Run, TOPIC};
use aegis_e2e::stack::{Stack, e2e};
use aegis_e2e::step::Step;
use anyhow::Result;
use reqwest::Method;
use serde_json::json;

/// Stopped while it was at this step or approval, for good.
async fn stops_at(run: &Run, at: &str) -> Result<()> {
    let before = run.view().await?;
    assert_eq!(before.at.as_ref().map(Name::as_str), Some(at));
    let why = json!({"reason": "a test"});
    let first: WorkflowAccepted = run.cancel(&why).await?.read(202)?;
    assert_eq!(first.status, Status::Cancelled);
    let again: WorkflowAccepted = run.cancel(&why).await?.read(202)?;
    assert_eq!(again, first);
    let http = &run.stack.http;
    let cancel = http.path_of(&first.links.cancel)?;
    let bare = http.call(Method::POST, cancel, &[], String::new());
    let bare: WorkflowAccepted = bare.await?.read(202)?;
    assert_eq!(bare, first, "a body may be left out");
    let view = run.view().await?;
    assert_eq!(
        (view.status, view.version),
        (Status::Cancelled, before.version + 1)
    );
    let event = run.event("WorkflowCancelled").await?;
    assert_eq!(
        (&event["at"], &event["reason"]),
        (&json!(at), &json!("a test"))
    );
    let latecomer = run.stack.person("latecomer").await?;
    let late = latecomer.decides(run, "approve").await?;
    late.problem(409, "not_awaiting_approval")?;
    run.redrive(&json!({})).await?.problem(409, "not_failed")?;
    Ok(())
}

/// A workflow whose agent `step` never begins.
async fn held(stack: &'static Stack, step: Step) -> Result<Run> {
    let run = stack.plan();
    run.hold(step, 1).await?;
    run.start(&json!({"topic": TOPIC})).await?;
    Ok(run)
}

async fn agent_is_told(run: &Run, step: Step) -> Result<()> {
    let view = run.view().await?;
    let known = view.steps.iter().find(|known| known.step == step.name());
    assert_eq!(known.map(|known| known.status), Some(StepStatus::Cancelled));
    let token = run.token(step, 1).await?;
    run.report(&token, &progress(step, 1))
        .await?
        .problem(409, "superseded")?;
    Ok(())
}

#[test]
fn a_workflow_is_cancelled_while_it_is_researched() -> Result<()> {
    e2e(async |stack| {
        let run = held(stack, Step::Research).await?;
        stops_at(&run, "research").await?;
        agent_is_told(&run, Step::Research).await
    })
}

#[test]
fn a_workflow_is_cancelled_while_it_is_analyzed() -> Result<()> {
    e2e(async |stack| {
        let run = held(stack, Step::Analyze).await?;
        run.reach_step(Step::Analyze).await?;
        stops_at(&run, "analyze").await?;
        agent_is_told(&run, Step::Analyze).await
    })
}

#[test]
fn a_workflow_is_cancelled_while_it_waits_for_approval() -> Result<()> {
    e2e(async |stack| {
        let run = stack.start_awaiting(json!({})).await?;
        stops_at(&run, "findings").await
    })
}

#[test]
fn a_workflow_is_cancelled_while_it_is_written() -> Result<()> {
    e2e(async |stack| {
        let run = held(stack, Step::Write).await?;
        run.reach(Status::AwaitingApproval).await?;
        run.approve().await?;
        run.reach_step(Step::Write).await?;
        stops_at(&run, "write").await?;
        agent_is_told(&run, Step::Write).await
    })
}

#[test]
fn the_session_of_the_agent_at_work_is_ended() -> Result<()> {
    e2e(async |stack| {
        let run = held(stack, Step::Research).await?;
        let token = run.token(Step::Research, 1).await?;
        run.report(&token, &progress(Step::Research, 1))
            .await?
            .is(200)?;
        run.cancel(&json!({})).await?.is(202)?;
        run.session_is_stopped(Step::Research).await
    })
}

#[test]
fn a_completed_workflow_stays_completed() -> Result<()> {
    e2e(async |stack| {
        let run = stack.start_awaiting(json!({})).await?;
        run.approve().await?;
        run.reach(Status::Completed).await?;
        run.cancel(&json!({}))
            .await?
            .problem(409, "already_ended")?;
        run.redrive(&json!({})).await?.problem(409, "not_failed")?;
        assert_eq!(run.view().await?.status, Status::Completed);
        Ok(())
    })
}

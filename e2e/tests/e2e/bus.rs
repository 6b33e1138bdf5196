//! Driven by events of other systems, with no HTTP call that changes anything.

use aegis_contracts::view::Status;
use aegis_e2e::agent::{progress, success};
use aegis_e2e::run::{Run, TOPIC};
use aegis_e2e::stack::{ACCOUNT, Stack, e2e};
use aegis_e2e::step::Step;
use aegis_e2e::wait::{SOON, Seen, eventually};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::flow::STRAIGHT;

/// Listed wherever a stage lists its sources.
const CRM: &str = "partner.crm";

/// A workflow that the customer system is to ask for.
fn planned(stack: &'static Stack) -> Run {
    stack.plan_of(&format!("{ACCOUNT}:{CRM}"))
}

async fn request(run: &Run) -> Result<()> {
    run.calm().await;
    let detail = json!({"idempotency_key": run.key, "topic": TOPIC});
    run.stack.emit(CRM, "WorkflowRequested", &detail).await
}

/// Waits until the workflow that was asked for by an event can be read.
async fn opened(run: &Run) -> Result<()> {
    let what = format!("{} to be opened by its event", run.id);
    eventually(&what, SOON, async || {
        let answer = run.get("").await?;
        Ok(if answer.status == 404 {
            Seen::NotYet("404".to_owned())
        } else {
            answer.is(200)?;
            Seen::Yes(())
        })
    })
    .await
}

fn decision(run: &Run, decision: &str) -> Value {
    json!({
        "idempotency_key": format!("{}-{decision}", run.key),
        "workflow_id": run.id,
        "decision": decision,
        "comment": "by the customer system",
    })
}

#[test]
fn two_events_lead_to_a_report() -> Result<()> {
    e2e(async |stack| {
        let run = planned(stack);
        request(&run).await?;
        opened(&run).await?;
        run.reach(Status::AwaitingApproval).await?;
        stack
            .emit(CRM, "ApprovalDecided", &decision(&run, "approve"))
            .await?;
        let view = run.reach(Status::Completed).await?;
        let approval = view.approval.context("no approval")?;
        let claimed = format!("{ACCOUNT}:{CRM}");
        assert_eq!(
            approval.decisions[0].claimed_by.as_deref(),
            Some(claimed.as_str())
        );
        assert_eq!(run.event("WorkflowStarted").await?["requested_by"], claimed);
        let link = view.result.context("no report")?;
        stack.http.download(&link.url).await?.is(200)?;
        assert_eq!(run.told().await?, STRAIGHT.map(|(_, kind)| kind));
        Ok(())
    })
}

#[test]
fn events_delivered_twice_change_nothing() -> Result<()> {
    e2e(async |stack| {
        let run = planned(stack);
        for _ in 0..3 {
            request(&run).await?;
        }
        opened(&run).await?;
        run.reach(Status::AwaitingApproval).await?;
        request(&run).await?;
        for _ in 0..3 {
            stack
                .emit(CRM, "ApprovalDecided", &decision(&run, "approve"))
                .await?;
        }
        run.reach(Status::Completed).await?;
        stack
            .emit(CRM, "ApprovalDecided", &decision(&run, "approve"))
            .await?;
        assert_eq!(run.told().await?, STRAIGHT.map(|(_, kind)| kind));
        let view = run.view().await?;
        assert!(
            view.steps.iter().all(|step| step.attempt == 1),
            "{:?}",
            view.steps
        );
        Ok(())
    })
}

#[test]
fn a_cancel_event_cancels() -> Result<()> {
    e2e(async |stack| {
        let run = stack.start_awaiting(json!({})).await?;
        let detail = json!({
            "idempotency_key": format!("{}-cancel", run.key),
            "workflow_id": run.id,
            "reason": "the customer left",
        });
        stack.emit(CRM, "CancelRequested", &detail).await?;
        run.reach(Status::Cancelled).await?;
        let cancelled = run.event("WorkflowCancelled").await?;
        assert_eq!(cancelled["cancelled_by"], format!("{ACCOUNT}:{CRM}"));
        assert_eq!(cancelled["reason"], "the customer left");
        Ok(())
    })
}

#[test]
fn an_agent_may_report_over_the_bus() -> Result<()> {
    e2e(async |stack| {
        let run = stack.plan();
        run.hold(Step::Research, 1).await?;
        let artifact = run.write_evidence(1).await?;
        run.start(&json!({"topic": TOPIC})).await?;
        let mut report = success(Step::Research, 1, &[artifact]);
        report["idempotency_key"] = json!(format!("{}-report", run.key));
        report["workflow_id"] = json!(run.id);
        report["token"] = json!(run.token(Step::Research, 1).await?);
        stack.emit(CRM, "StepReported", &report).await?;
        run.reach(Status::AwaitingApproval).await?;
        assert_eq!(run.history().await?[1].data["summary"], "done by a test");
        Ok(())
    })
}

/// An event that cannot be used ends in the dead-letter queue of the service that it was for.
async fn refused(
    stack: &'static Stack,
    service: &str,
    detail_type: &str,
    mut detail: Value,
    reason: &str,
) -> Result<()> {
    let mark = uuid::Uuid::new_v4().to_string();
    detail["mark"] = json!(mark);
    stack.emit(CRM, detail_type, &detail).await?;
    let message = stack.dead_letters(service)?.wait_for(&mark).await?;
    let said = message.attributes.get("reason").map_or("", String::as_str);
    assert!(
        said.contains(reason),
        "{detail_type}: `{said}` does not say `{reason}`"
    );
    assert_eq!(message.attributes["service"], service);
    Ok(())
}

#[test]
fn unusable_requests_are_set_aside_with_their_reason() -> Result<()> {
    e2e(async |stack| {
        let kind = "WorkflowRequested";
        refused(
            stack,
            "intake",
            kind,
            json!({"topic": TOPIC}),
            "idempotency_key",
        )
        .await?;
        let empty = json!({"idempotency_key": "k", "topic": ""});
        refused(stack, "intake", kind, empty, "topic").await?;
        let sources = json!({"sources": ["s3://somebody-elses-bucket/x"]});
        let foreign = json!({"idempotency_key": "k", "topic": TOPIC, "parameters": sources});
        refused(stack, "intake", kind, foreign, "source_not_allowed").await
    })
}

#[test]
fn unusable_cancels_and_decisions_are_set_aside_with_their_reason() -> Result<()> {
    e2e(async |stack| {
        let unknown = stack.plan();
        let id = json!({"idempotency_key": "k", "workflow_id": unknown.id});
        refused(
            stack,
            "intake",
            "CancelRequested",
            id.clone(),
            "unknown_workflow",
        )
        .await?;
        let mut decided = id;
        refused(
            stack,
            "approval",
            "ApprovalDecided",
            decided.clone(),
            "decision",
        )
        .await?;
        decided["decision"] = json!("approve");
        refused(
            stack,
            "approval",
            "ApprovalDecided",
            decided,
            "unknown_workflow",
        )
        .await
    })
}

#[test]
fn a_report_with_a_bad_token_is_set_aside() -> Result<()> {
    e2e(async |stack| {
        let run = stack.start_awaiting(json!({})).await?;
        let mut report = progress(Step::Research, 1);
        report["idempotency_key"] = json!("k");
        report["workflow_id"] = json!(run.id);
        report["token"] = json!("v1.0000.1.AAAA");
        refused(stack, "callback", "StepReported", report, "token").await
    })
}

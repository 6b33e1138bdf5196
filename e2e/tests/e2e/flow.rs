//! The main job: from a topic to a cited report.

use aegis_e2e::step::Step;
use std::collections::BTreeSet;

use aegis_contracts::envelope::EventEnvelope;
use aegis_contracts::ids::EventId;
use aegis_contracts::view::{Status, StepStatus, WorkflowView};
use aegis_e2e::agent::sha256;
use aegis_e2e::run::{Run, TOPIC};
use aegis_e2e::stack::{Stack, e2e};
use aegis_e2e::wait::{SOON, Seen, eventually};
use anyhow::{Context as _, Result};
use serde_json::json;

/// The events of a workflow that goes straight through, by version.
pub const STRAIGHT: [(u64, &str); 7] = [
    (1, "WorkflowStarted"),
    (2, "StepCompleted"),
    (3, "StepCompleted"),
    (3, "ApprovalRequested"),
    (4, "ApprovalGranted"),
    (5, "StepCompleted"),
    (5, "WorkflowCompleted"),
];

#[test]
fn a_topic_becomes_a_cited_report() -> Result<()> {
    e2e(async |stack| {
        stack.events().await?;
        let run = stack
            .start(json!({"topic": TOPIC, "tags": {"team": "crypto"}}))
            .await?;
        let waiting = run.reach(Status::AwaitingApproval).await?;
        assert_eq!(waiting.result, None);
        let approval = waiting.approval.context("no approval")?;
        assert_eq!((approval.revision, approval.required), (0, 1));
        let answer = run.decide(json!({"decision": "approve"})).await?;
        let approval: serde_json::Value = answer.read(200)?;
        assert_eq!(approval["decisions"][0]["decision"], "approve");
        let view = run.reach(Status::Completed).await?;
        is_complete(&run, &view).await?;
        told_in_order(&run).await?;
        published_once(stack, &run).await
    })
}

async fn is_complete(run: &Run, view: &WorkflowView) -> Result<()> {
    assert_eq!((view.topic.as_str(), view.version), (TOPIC, 5));
    assert_eq!(view.tags["team"], "crypto");
    let steps: Vec<_> = view
        .steps
        .iter()
        .map(|s| (s.step.clone(), s.status, s.attempt))
        .collect();
    assert_eq!(
        steps,
        Step::ALL.map(|step| (step.name(), StepStatus::Succeeded, 1))
    );
    let names: Vec<_> = view
        .artifacts
        .iter()
        .map(|artifact| artifact.name.as_str())
        .collect();
    assert_eq!(names, ["evidence.json", "analysis.json", "report.md"]);
    let link = view.result.as_ref().context("no link to the report")?;
    let report = run.stack.http.download(&link.url).await?;
    let report = &report.is(200)?.body;
    let artifact = &view.artifacts[2];
    assert_eq!(sha256(report.as_bytes()), artifact.sha256);
    assert_eq!(report.len() as u64, artifact.size);
    assert!(
        report.contains("## References") && report.contains("[1]"),
        "{report}"
    );
    for artifact in &view.artifacts {
        let file = run.artifact(&artifact.name).await?;
        assert_eq!(
            sha256(file.as_bytes()),
            artifact.sha256,
            "{}",
            artifact.name
        );
    }
    run.get("/artifacts/other.md")
        .await?
        .problem(404, "artifact_not_found")?;
    Ok(())
}

async fn told_in_order(run: &Run) -> Result<()> {
    let history = run.history().await?;
    let told: Vec<_> = history
        .iter()
        .map(|e| (e.version, e.kind.as_str()))
        .collect();
    assert_eq!(told, STRAIGHT);
    assert!(history.is_sorted_by_key(|event| event.occurred_at));
    let completed = history.iter().filter(|event| event.kind == "StepCompleted");
    let steps: Vec<_> = completed.map(|event| event.data["step"].clone()).collect();
    assert_eq!(steps, ["research", "analyze", "write"]);
    Ok(())
}

/// What history tells is what the bus carried, under ids that name version and place.
async fn published_once(stack: &'static Stack, run: &Run) -> Result<()> {
    let mut expected = BTreeSet::new();
    let mut last = (0, 0);
    for (version, kind) in STRAIGHT {
        let index = if version == last.0 { last.1 + 1 } else { 0 };
        last = (version, index);
        let id = EventId::derive(&run.id, version, index);
        expected.insert((version, id.to_string(), kind.to_owned()));
    }
    let inbox = stack.events().await?;
    let published = eventually("all events on the bus", SOON, async || {
        let mut seen = BTreeSet::new();
        for message in inbox.holding(run.id.as_str()).await? {
            let event: serde_json::Value = serde_json::from_str(&message.body)?;
            assert_eq!(event["source"], "aegis.workflow");
            let envelope: EventEnvelope = serde_json::from_value(event["detail"].clone())?;
            assert_eq!(event["detail-type"], envelope.body.detail_type());
            let kind = envelope.body.detail_type().to_owned();
            seen.insert((envelope.version, envelope.event_id.to_string(), kind));
        }
        Ok(if seen.len() < expected.len() {
            Seen::NotYet(format!("{seen:?}"))
        } else {
            Seen::Yes(seen)
        })
    });
    assert_eq!(published.await?, expected);
    Ok(())
}

#[test]
fn depth_changes_the_work() -> Result<()> {
    e2e(async |stack| {
        let amount = async |depth: &str| {
            let parameters = json!({"depth": depth});
            let run = stack
                .start(json!({"topic": TOPIC, "parameters": parameters}))
                .await?;
            run.reach(Status::AwaitingApproval).await?;
            let evidence: serde_json::Value =
                serde_json::from_str(&run.artifact("evidence.json").await?)?;
            assert_eq!(evidence["depth"], depth);
            anyhow::Ok(evidence["evidence"].as_array().map_or(0, Vec::len))
        };
        let (quick, thorough) = (amount("quick").await?, amount("comprehensive").await?);
        assert!(
            quick < thorough,
            "{quick} passages quickly, {thorough} comprehensively"
        );
        Ok(())
    })
}

#[test]
fn a_budget_that_is_exceeded_stops_the_workflow() -> Result<()> {
    e2e(async |stack| {
        let run = stack.plan();
        run.hold(Step::Research, 1).await?;
        let artifact = run.write_evidence(1).await?;
        run.start(&json!({"topic": TOPIC, "budget": {"max_cost_usd": 0.001}}))
            .await?;
        let token = run.token(Step::Research, 1).await?;
        let report = aegis_e2e::agent::success(Step::Research, 1, &[artifact]);
        run.report(&token, &report).await?.is(200)?;
        let view = run.reach(Status::Failed).await?;
        let failure = view.failure.context("no failure")?;
        assert_eq!(failure.code, "budget_exceeded");
        assert!(
            failure.message.contains("max_cost_usd"),
            "{}",
            failure.message
        );
        Ok(())
    })
}

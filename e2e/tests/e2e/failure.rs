//! Work that cannot succeed, and trying it again by hand.

use aegis_contracts::view::{Status, StepStatus, WorkflowAccepted};
use aegis_e2e::run::Run;
use aegis_e2e::stack::e2e;
use aegis_e2e::wait::{SOON, Seen, eventually};
use anyhow::{Context as _, Result};
use serde_json::json;

const NONSENSE: &str = "Zorblax flumination of quintessential gribbits";

#[test]
fn a_topic_that_no_source_knows_fails_for_good() -> Result<()> {
    e2e(async |stack| {
        let run = stack.start(json!({"topic": NONSENSE})).await?;
        let view = run.reach(Status::Failed).await?;
        let failure = view.failure.context("no failure")?;
        assert_eq!(
            (failure.code.as_str(), failure.at.as_str()),
            ("no_evidence", "research")
        );
        assert!(failure.message.contains("Zorblax"), "{}", failure.message);
        assert_eq!((failure.version, view.version), (2, 2));
        assert_eq!(
            (view.steps[0].status, view.steps[0].attempt),
            (StepStatus::Failed, 1)
        );
        assert_eq!(run.told().await?, ["WorkflowStarted", "WorkflowFailed"]);
        Ok(())
    })
}

#[test]
fn a_redrive_tries_again_once_per_failure() -> Result<()> {
    e2e(async |stack| {
        let run = stack.start(json!({"topic": NONSENSE})).await?;
        run.reach(Status::Failed).await?;
        run.redrive(&json!({"version": 1}))
            .await?
            .problem(409, "stale")?;
        run.calm().await;
        let redriven: WorkflowAccepted = run.redrive(&json!({"version": 2})).await?.read(202)?;
        assert_eq!(redriven.workflow_id, run.id);
        run.redrive(&json!({"version": 2})).await?.is(202)?;
        failed_at(&run, 4).await?;
        run.redrive(&json!({"version": 2})).await?.is(202)?;
        assert_eq!(
            run.view().await?.version,
            4,
            "the same redrive again changes nothing"
        );
        run.calm().await;
        run.redrive(&json!({})).await?.is(202)?;
        failed_at(&run, 6).await?;
        let view = run.view().await?;
        assert_eq!(
            (view.steps[0].status, view.steps[0].attempt),
            (StepStatus::Failed, 3)
        );
        let again = ["WorkflowRedriven", "WorkflowFailed"];
        let expected = [&["WorkflowStarted", "WorkflowFailed"][..], &again, &again].concat();
        assert_eq!(run.told().await?, expected);
        Ok(())
    })
}

async fn failed_at(run: &Run, version: u64) -> Result<()> {
    eventually("the next failure", SOON, async || {
        let view = run.view().await?;
        Ok(match view.failure {
            Some(failure) if view.version == version => {
                assert_eq!(
                    (failure.code.as_str(), failure.version),
                    ("no_evidence", version)
                );
                Seen::Yes(())
            }
            other => Seen::NotYet(format!("version {}, {other:?}", view.version)),
        })
    })
    .await
}

//! Reports of agents: once, again, late, and about what is not theirs.

use aegis_e2e::step::Step;
use std::collections::BTreeMap;

use aegis_contracts::artifact::ArtifactRef;
use aegis_contracts::callback::CallbackAnswer;
use aegis_contracts::view::{Status, StepStatus};
use aegis_e2e::agent::{failure, progress, success};
use aegis_e2e::run::{Run, TOPIC};
use aegis_e2e::stack::{Stack, e2e};
use anyhow::Result;
use futures::future::try_join_all;
use serde_json::json;

const STEP: Step = Step::Research;

/// A workflow whose researcher is the test.
async fn researched_by_hand(stack: &'static Stack) -> Result<(Run, String)> {
    let run = stack.plan();
    run.hold(STEP, 1).await?;
    run.start(&json!({"topic": TOPIC})).await?;
    let token = run.token(STEP, 1).await?;
    Ok((run, token))
}

#[test]
fn signs_of_life_show_in_the_workflow() -> Result<()> {
    e2e(async |stack| {
        let (run, token) = researched_by_hand(stack).await?;
        let answer: CallbackAnswer = run.report(&token, &progress(STEP, 1)).await?.read(200)?;
        assert!(answer.accepted);
        let view = run.view().await?;
        let step = &view.steps[0];
        assert_eq!(
            (view.status, step.status),
            (Status::Running, StepStatus::Running)
        );
        assert_eq!(
            step.progress.as_ref().and_then(|progress| progress.percent),
            Some(5)
        );
        assert_eq!(view.version, 1, "a sign of life is no transition");
        run.cancel(&json!({})).await?.is(202)?;
        Ok(())
    })
}

#[test]
fn a_result_counts_once_however_often_it_is_reported() -> Result<()> {
    e2e(async |stack| {
        let (run, token) = researched_by_hand(stack).await?;
        let artifact = run.write_evidence(1).await?;
        let report = success(STEP, 1, &[artifact]);
        let sent = (0..10).map(|_| run.report(&token, &report));
        let answers: Result<Vec<CallbackAnswer>> = try_join_all(sent)
            .await?
            .iter()
            .map(|answer| answer.read(200))
            .collect();
        let taken = answers?.iter().filter(|answer| answer.accepted).count();
        assert_eq!(taken, 1, "of ten reports of one result");
        run.reach(Status::AwaitingApproval).await?;
        let again: CallbackAnswer = run.report(&token, &report).await?.read(200)?;
        assert!(!again.accepted);
        assert_eq!(run.told().await?, BEFORE_APPROVAL);
        Ok(())
    })
}

const BEFORE_APPROVAL: [&str; 4] = [
    "WorkflowStarted",
    "StepCompleted",
    "StepCompleted",
    "ApprovalRequested",
];

#[test]
fn the_agent_and_its_double_lead_to_the_same() -> Result<()> {
    e2e(async |stack| {
        // Written before the agent begins: the first artifact stands, so both report the same.
        let run = stack.plan();
        let artifact = run.write_evidence(1).await?;
        run.start(&json!({"topic": TOPIC})).await?;
        let token = run.token(STEP, 1).await?;
        run.report(&token, &success(STEP, 1, std::slice::from_ref(&artifact)))
            .await?
            .is(200)?;
        let view = run.reach(Status::AwaitingApproval).await?;
        assert_eq!(view.artifacts[0], artifact);
        assert_eq!(run.told().await?, BEFORE_APPROVAL);
        Ok(())
    })
}

#[test]
fn what_comes_late_is_refused_as_superseded() -> Result<()> {
    e2e(async |stack| {
        let run = stack.start_awaiting(json!({})).await?;
        let before = run.view().await?;
        let token = run.token(STEP, 1).await?;
        for report in [progress(STEP, 1), failure(STEP, 1, "too_late", true)] {
            run.report(&token, &report)
                .await?
                .problem(409, "superseded")?;
        }
        run.cancel(&json!({})).await?.is(202)?;
        run.report(&token, &progress(STEP, 1))
            .await?
            .problem(409, "superseded")?;
        let after = run.view().await?;
        assert_eq!(
            (after.version, after.artifacts),
            (before.version + 1, before.artifacts)
        );
        Ok(())
    })
}

#[test]
fn an_attempt_that_was_never_asked_for_is_refused() -> Result<()> {
    e2e(async |stack| {
        let (run, _) = researched_by_hand(stack).await?;
        let token = run.token(STEP, 9).await?;
        run.report(&token, &progress(STEP, 9))
            .await?
            .problem(409, "unknown_attempt")?;
        run.cancel(&json!({})).await?.is(202)?;
        Ok(())
    })
}

#[test]
fn a_passing_failure_is_followed_by_a_new_attempt() -> Result<()> {
    e2e(async |stack| {
        let (run, token) = researched_by_hand(stack).await?;
        run.report(&token, &failure(STEP, 1, "bad_weather", true))
            .await?
            .is(200)?;
        let view = run.reach(Status::AwaitingApproval).await?;
        assert_eq!(
            (view.steps[0].attempt, view.steps[0].status),
            (2, StepStatus::Succeeded)
        );
        let retried = run.event("StepRetried").await?;
        assert_eq!(
            (&retried["code"], &retried["next_attempt"]),
            (&json!("bad_weather"), &json!(2))
        );
        run.report(&token, &progress(STEP, 1))
            .await?
            .problem(409, "superseded")?;
        Ok(())
    })
}

#[test]
fn artifacts_that_do_not_hold_are_refused() -> Result<()> {
    e2e(async |stack| {
        let (run, token) = researched_by_hand(stack).await?;
        let good = run.write_evidence(1).await?;
        let other = stack.plan();
        let foreign = other.write_evidence(1).await?;
        let changed = |change: fn(&mut ArtifactRef)| {
            let mut artifact = good.clone();
            change(&mut artifact);
            artifact
        };
        let cases = BTreeMap::from([
            ("another workflow's", foreign),
            ("another size", changed(|artifact| artifact.size += 1)),
            (
                "another hash",
                changed(|artifact| artifact.sha256 = "0".repeat(64)),
            ),
            (
                "not there",
                changed(|artifact| artifact.key.push_str(".bak")),
            ),
            (
                "out of the prefix",
                changed(|artifact| artifact.key = artifact.key.replace("/1/", "/1/../2/")),
            ),
        ]);
        for (what, artifact) in cases {
            let answer = run.report(&token, &success(STEP, 1, &[artifact])).await?;
            let problem = answer.problem(400, "artifact_mismatch");
            problem.map_err(|error| error.context(what))?;
        }
        assert_eq!(run.view().await?.status, Status::Running);
        run.report(&token, &success(STEP, 1, &[good]))
            .await?
            .is(200)?;
        run.reach(Status::AwaitingApproval).await?;
        Ok(())
    })
}

#[test]
fn reports_are_checked_like_requests() -> Result<()> {
    e2e(async |stack| {
        let run = stack.plan();
        let token = run.token(STEP, 1).await?;
        let mut strange = progress(STEP, 1);
        strange["summary"] = json!("does not belong here");
        for (report, word) in [
            (
                json!({"kind": "guess", "step": STEP.as_str(), "attempt": 1}),
                "kind",
            ),
            (
                json!({"kind": "progress", "step": "No Name", "attempt": 1, "message": "x"}),
                "step",
            ),
            (
                json!({"kind": "progress", "step": STEP.as_str(), "message": "x"}),
                "attempt",
            ),
            (success(STEP, 1, &[]), "artifacts"),
            (failure(STEP, 1, "Not A Code", true), "error.code"),
            (strange, "summary"),
        ] {
            let problem = run
                .report(&token, &report)
                .await?
                .problem(400, "invalid_request")?;
            assert!(
                problem.detail.contains(word),
                "{report}: {}",
                problem.detail
            );
        }
        run.report(&token, &progress(STEP, 1))
            .await?
            .problem(404, "workflow_not_found")?;
        Ok(())
    })
}

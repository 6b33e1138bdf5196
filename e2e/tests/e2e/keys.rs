//! The keys of callback tokens are rotated while agents are at work.

use aegis_contracts::flow::DEFAULT_FLOW;
use aegis_e2e::step::Step;
use std::time::Duration;

use aegis_contracts::view::Status;
use aegis_e2e::agent::{now, progress, success};
use aegis_e2e::run::TOPIC;
use aegis_e2e::stack::e2e;
use aegis_engine::token::{Claim, TokenKeys};
use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::json;

const STEP: Step = Step::Research;

#[test]
fn a_run_in_flight_outlives_a_rotation() -> Result<()> {
    e2e(async |stack| {
        let run = stack.plan();
        run.hold(STEP, 1).await?;
        run.start(&json!({"topic": TOPIC})).await?;
        let before = stack.keys().await?;

        let rotated = stack.aegis(&["keys", "rotate", "--json"]).await?;
        // A stack that was kept has been rotated before, and must not be again so soon.
        let fresh = before.previous.is_none();
        ensure!((rotated.code == Some(0)) == fresh, "{rotated:?}");
        let again = stack.aegis(&["keys", "rotate"]).await?;
        ensure!(again.code == Some(1), "rotated twice: {again:?}");
        ensure!(again.err.contains("--revoke"), "{again:?}");

        let keys = stack.keys().await?;
        let previous = keys.previous.clone().context("no previous key")?;
        if fresh {
            ensure!(previous == before.current, "another key was kept");
            ensure!(keys.current.kid != previous.kid, "the key is the same");
        }
        let listed = stack.aegis_json(&["keys", "list"]).await?;
        let states = [&listed[0], &listed[1]].map(|key| (key["kid"].clone(), key["state"].clone()));
        let expected = [
            (json!(keys.current.kid), json!("current")),
            (json!(previous.kid), json!("previous")),
        ];
        ensure!(states == expected, "{listed}");
        for secret in [&keys.current.secret, &previous.secret] {
            let told = [&rotated.out, &again.out, &listed.to_string()];
            ensure!(
                told.iter().all(|text| !text.contains(secret)),
                "a secret is shown"
            );
        }

        // The agent was given its token by the key of before.
        let old = TokenKeys {
            current: previous,
            previous: None,
        };
        let claim = Claim {
            workflow_id: run.id.clone(),
            flow: DEFAULT_FLOW.parse()?,
            of: STEP.attempt(1),
        };
        let token = old.sign(&claim, now().plus(Duration::from_secs(600)));
        let token = token.map_err(|error| anyhow!("{error}"))?;
        run.report(&token, &progress(STEP, 1)).await?.is(200)?;
        let evidence = run.write_evidence(1).await?;
        let report = success(STEP, 1, &[evidence]);
        run.report(&token, &report).await?.is(200)?;
        // Again, with a token of the new key: taken for what it is.
        let repeated = run.report(&run.token(STEP, 1).await?, &report).await?;
        let repeated: serde_json::Value = repeated.read(200)?;
        ensure!(repeated["accepted"] == false, "{repeated}");
        run.reach(Status::AwaitingApproval).await?;
        run.approve().await?;
        run.reach(Status::Completed).await?;
        Ok(())
    })
}

#[test]
fn terraform_never_saw_a_key() -> Result<()> {
    e2e(async |stack| {
        let run = stack.plan();
        run.hold(STEP, 1).await?;
        run.start(&json!({"topic": TOPIC})).await?;
        let keys = stack.keys().await?;
        let state = stack.folder.join("terraform").join("terraform.tfstate");
        let state = std::fs::read_to_string(&state).with_context(|| state.display().to_string())?;
        ensure!(
            state.contains("callback-token-keys"),
            "not the state of this stack"
        );
        let previous = keys.previous.as_ref().map(|key| &key.secret);
        for secret in [Some(&keys.current.secret), previous].into_iter().flatten() {
            ensure!(!state.contains(secret), "a key is in Terraform's state");
        }
        run.cancel(&json!({})).await?.is(202)?;
        Ok(())
    })
}

//! A load test that may not run says so before its first workflow.

use serde_json::{Value, json};

use crate::fake::Fake;
use crate::program::{Outcome, Program};
use crate::story::Scene;

/// `aegis loadtest` against the fake's stage file, changed.
async fn loaded(fake: &Fake, change: impl FnOnce(&mut Value)) -> Outcome {
    let program = Program::against(fake);
    let mut stage = fake.stage("none");
    change(&mut stage);
    std::fs::write(program.folder.path().join("stage.json"), stage.to_string()).unwrap();
    let outcome = program.run(&["loadtest", "smoke"]).await;
    assert_ne!(outcome.code, 0, "{}", outcome.err);
    assert!(fake.with(|seen| seen.started.is_empty()));
    outcome
}

#[tokio::test]
async fn a_stage_that_is_not_there_is_named_at_once() {
    let fake = Fake::start(Scene::Researching).await;
    let outcome = loaded(&fake, |stage| {
        stage["api_endpoint"] = json!("http://127.0.0.1:9/nothing");
    })
    .await;
    assert!(outcome.err.contains("127.0.0.1:9"), "{}", outcome.err);
}

#[tokio::test]
async fn who_may_not_read_learns_it_before_the_first_start() {
    let fake = Fake::start(Scene::Researching).await;
    fake.with(|seen| seen.forbidden = true);
    let outcome = loaded(&fake, |_| ()).await;
    let told = "the stage does not let us read workflows";
    assert!(outcome.err.contains(told), "{}", outcome.err);
    assert!(outcome.err.contains("forbidden") || outcome.err.contains("may not read"));
}

#[tokio::test]
async fn prod_is_loaded_only_by_who_says_so() {
    let fake = Fake::start(Scene::Researching).await;
    let prod = |stage: &mut Value| stage["outputs"]["environment"] = json!("prod");
    let outcome = loaded(&fake, prod).await;
    assert!(outcome.err.contains("--allow-prod"), "{}", outcome.err);
}

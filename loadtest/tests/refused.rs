//! A load test that may not run says so before its first workflow.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

// The small API of the command line's tests.
#[path = "../../cli/tests/client/fake.rs"]
mod fake;
#[path = "../../cli/tests/client/story.rs"]
#[expect(dead_code, reason = "its own tests use more of it")]
mod story;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::fake::Fake;
use crate::story::Scene;

/// What the program says against the fake's stage file, changed.
async fn loaded(fake: &Fake, change: impl FnOnce(&mut Value)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = fake.stage("none");
    change(&mut stage);
    let file = folder.path().join("stage.json");
    std::fs::write(&file, stage.to_string()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_aegis-loadtest"))
        .args(["smoke", "--stage"])
        .arg(&file)
        .output();
    let output = output.await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(fake.with(|seen| seen.started.is_empty()));
    said
}

#[tokio::test]
async fn a_stage_that_is_not_there_is_named_at_once() {
    let fake = Fake::start(Scene::Researching).await;
    let said = loaded(&fake, |stage| {
        stage["api_endpoint"] = json!("http://127.0.0.1:9/nothing");
    })
    .await;
    assert!(said.contains("127.0.0.1:9"), "{}", said);
}

#[tokio::test]
async fn who_may_not_read_learns_it_before_the_first_start() {
    let fake = Fake::start(Scene::Researching).await;
    fake.with(|seen| seen.forbidden = true);
    let said = loaded(&fake, |_| ()).await;
    let told = "the stage does not let us read workflows";
    assert!(said.contains(told), "{}", said);
    assert!(said.contains("forbidden") || said.contains("may not read"));
}

#[tokio::test]
async fn prod_is_loaded_only_by_who_says_so() {
    let fake = Fake::start(Scene::Researching).await;
    let prod = |stage: &mut Value| stage["outputs"]["environment"] = json!("prod");
    let said = loaded(&fake, prod).await;
    assert!(said.contains("--allow-prod"), "{}", said);
}

//! The journey with a scripted person, against the small API of the command-line tests.

#[path = "../../tests/client/fake.rs"]
mod fake;
#[path = "../../tests/client/story.rs"]
mod story;

use aegis_contracts::approval::{ApprovalView, DecisionKind, DecisionRequest};
use aegis_contracts::view::Status;
use anyhow::Result;

use self::fake::Fake;
use self::story::{Scene, WORKFLOW};
use super::decider::{Choice, Decider, wanted};
use super::journey::{Followed, Journey};
use super::screen::Screen;
use crate::client::session::Session;
use crate::context::Context;

/// Says one choice after the other; may let somebody else decide first.
struct Scripted {
    choices: Vec<Choice>,
    asked: usize,
    faster: Option<Fake>,
}

impl Decider for Scripted {
    const ASKS_AGAIN: bool = true;

    async fn decide(&mut self, _: &ApprovalView) -> Result<Choice> {
        if let Some(fake) = &self.faster {
            fake.with(|seen| seen.scene = Scene::Writing);
        }
        self.asked += 1;
        Ok(self.choices[self.asked - 1].clone())
    }
}

async fn travel(fake: &Fake, choices: Vec<Choice>, faster: bool) -> Result<Followed> {
    let folder = tempfile::tempdir().unwrap();
    let stage = folder.path().join("stage.json");
    std::fs::write(&stage, fake.stage("none").to_string()).unwrap();
    let context = Context {
        data: folder.path().to_owned(),
        stage: Some(stage),
        token_file: None,
        json: false,
    };
    let session = Session::open(&context).await?;
    let id = WORKFLOW.parse()?;
    let journey = Journey {
        session: &session,
        id: &id,
        approver: None,
        screen: Screen::new(false),
        decider: Scripted {
            choices,
            asked: 0,
            faster: faster.then(|| fake.clone()),
        },
    };
    journey.follow().await
}

fn changes(text: &str) -> Choice {
    Choice::Decide(DecisionRequest {
        comment: Some(text.to_owned()),
        ..wanted(DecisionKind::RequestChanges)
    })
}

fn approve() -> Choice {
    Choice::Decide(wanted(DecisionKind::Approve))
}

fn ended(followed: &Followed) -> Option<Status> {
    match followed {
        Followed::Ended(answer) => Some(answer.value.status),
        Followed::Waiting(_) | Followed::NobodyToAsk(_) | Followed::Refused(..) => None,
    }
}

#[tokio::test]
async fn goes_round_again_after_changes() {
    let fake = Fake::start(Scene::Researching).await;
    let choices = vec![changes("more"), changes("still more"), approve()];
    let followed = travel(&fake, choices, false).await.unwrap();
    assert_eq!(ended(&followed), Some(Status::Completed));
    let revisions: Vec<u64> = fake.with(|seen| {
        let revision = |decision: &serde_json::Value| decision["revision"].as_u64().unwrap();
        seen.decisions.iter().map(revision).collect()
    });
    assert_eq!(revisions, [0, 1, 2]);
    fake.with(|seen| assert_eq!(seen.decisions[1]["comment"], "still more"));
}

#[tokio::test]
async fn goes_on_where_somebody_else_was_faster() {
    let fake = Fake::start(Scene::Waiting(0)).await;
    let followed = travel(&fake, vec![approve()], true).await.unwrap();
    assert_eq!(ended(&followed), Some(Status::Completed));
    fake.with(|seen| assert!(seen.decisions.is_empty()));
}

#[tokio::test]
async fn a_refused_decision_is_asked_for_again() {
    let fake = Fake::start(Scene::Waiting(0)).await;
    fake.with(|seen| seen.refusals = 1);
    let followed = travel(&fake, vec![changes("x"), approve()], false)
        .await
        .unwrap();
    assert_eq!(ended(&followed), Some(Status::Completed));
}

#[tokio::test]
async fn nobody_is_asked_about_what_they_cannot_see() {
    let fake = Fake::start(Scene::Waiting(0)).await;
    fake.with(|seen| seen.findings_are_broken = true);
    let followed = travel(&fake, vec![approve()], false).await.unwrap();
    assert_eq!(ended(&followed), None);
    fake.with(|seen| assert!(seen.decisions.is_empty()));
}

#[tokio::test]
async fn later_leaves_it_waiting() {
    let fake = Fake::start(Scene::Waiting(0)).await;
    let followed = travel(&fake, vec![Choice::Later], false).await.unwrap();
    assert_eq!(ended(&followed), None);
}

#[tokio::test]
async fn a_failed_workflow_is_asked_nothing() {
    let fake = Fake::start(Scene::Failed).await;
    let followed = travel(&fake, Vec::new(), false).await.unwrap();
    assert_eq!(ended(&followed), Some(Status::Failed));
}

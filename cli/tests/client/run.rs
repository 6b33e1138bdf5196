//! `aegis run` from start to end, without a terminal.

use std::time::Duration;

use crate::fake::Fake;
use crate::program::{Outcome, Program};
use crate::story::{REPORT, Scene, WORKFLOW};

async fn at(scene: Scene) -> Program {
    Program::against(&Fake::start(scene).await)
}

#[tokio::test]
async fn approves_and_writes_the_report() {
    let program = at(Scene::Researching).await;
    let outcome = program
        .run(&["run", "A topic", "--approve", "--approver", "ann"])
        .await
        .expect(0);
    let path = format!("aegis-reports/{WORKFLOW}.md");
    assert_eq!(
        std::fs::read_to_string(program.folder.path().join(&path)).unwrap(),
        REPORT
    );
    assert!(outcome.out.contains(&path), "{}", outcome.out);
    for part in [
        "research    running     reading",
        "analyze     succeeded   3 findings",
        "Findings, revision 0",
        "1. First finding  sources agree",
        "- Claim 1. [e1]",
        "- Claim 6. [e2]",
        "| The passage e2 as it stands.",
        "1 of 2 approvals given",
        "- Nothing on costs.",
        "approved revision 0",
        "completed after 7.5 s, 10 tokens in, 5 out",
    ] {
        assert!(
            outcome.err.contains(part),
            "{part} is not in\n{}",
            outcome.err
        );
    }
    program.fake.with(|seen| {
        assert_eq!(seen.with_proof_at_s3, 0);
        assert_eq!(seen.decisions[0]["approver"], "ann");
        assert_eq!(seen.keys.len(), 1);
    });
}

#[tokio::test]
async fn an_approval_that_would_be_refused_is_told_before_the_start() {
    let program = at(Scene::Researching).await;
    let words = ["run", "A topic", "--approve", "--approvers", "ann,bob"];
    let outcome = program.run(&words).await.expect(1);
    assert!(
        outcome.err.contains("ann, bob") && outcome.err.contains("--approver"),
        "{}",
        outcome.err
    );
    program.fake.with(|seen| assert!(seen.keys.is_empty()));
    // The API sees who calls.
    let fake = Fake::start(Scene::Researching).await;
    let program = Program::with_authorization(&fake, "iam");
    program.run(&words).await.expect(0);
}

#[tokio::test]
async fn a_refused_approval_leads_on() {
    let program = at(Scene::Waiting(0)).await;
    program.fake.with(|seen| seen.refusals = 1);
    let words = ["run", "A topic", "--approve", "--approver", "eve", "--json"];
    let outcome = program.run(&words).await.expect(3);
    assert_eq!(outcome.json()["workflow_id"], WORKFLOW);
    for part in ["The decision was refused: ", "aegis approve wf_"] {
        assert!(outcome.err.contains(part), "{part}: {}", outcome.err);
    }
}

#[tokio::test]
async fn the_proof_for_the_api_is_not_shown_to_s3() {
    let fake = Fake::start(Scene::Researching).await;
    let program = Program::with_authorization(&fake, "iam");
    program
        .run(&["run", "A topic", "--approve", "-o", "r.md"])
        .await
        .expect(0);
    assert!(program.folder.path().join("r.md").exists());
    fake.with(|seen| assert_eq!((seen.with_proof_at_s3, seen.unsigned), (0, 0)));
}

#[tokio::test]
async fn json_is_the_last_view() {
    let program = at(Scene::Researching).await;
    let outcome = program
        .run(&["run", "A topic", "--approve", "--json"])
        .await
        .expect(0);
    assert_eq!(outcome.json()["status"], "completed");
}

#[tokio::test]
async fn without_a_terminal_it_says_how_to_go_on() {
    let program = at(Scene::Researching).await;
    let outcome = program.run(&["run", "A topic"]).await.expect(3);
    assert!(
        outcome.err.contains("Findings, revision 0"),
        "{}",
        outcome.err
    );
    for command in [
        format!("aegis findings {WORKFLOW} --revision 0 --stage stage.json"),
        format!("aegis approve {WORKFLOW} --revision 0 --stage stage.json"),
    ] {
        assert!(outcome.err.contains(&command), "{}", outcome.err);
    }
    program.fake.with(|seen| assert!(seen.decisions.is_empty()));
}

#[tokio::test]
async fn other_ends_have_a_reason_and_advice() {
    let outcome = at(Scene::Failed)
        .await
        .run(&["run", "A topic", "--approve"])
        .await
        .expect(1);
    assert!(
        outcome
            .err
            .contains("failed: the corpus has nothing on this topic (no_evidence), at research"),
        "{}",
        outcome.err
    );
    assert!(outcome.err.contains("aegis start"), "{}", outcome.err);
    // Once is enough.
    let told = outcome.err.matches("has nothing on this topic").count();
    assert_eq!(told, 1, "{}", outcome.err);
    let outcome = at(Scene::Rejected)
        .await
        .run(&["run", "A topic", "--approve"])
        .await
        .expect(1);
    assert!(
        outcome.err.contains("rejected by somebody: too thin"),
        "{}",
        outcome.err
    );
}

#[tokio::test]
async fn ctrl_c_leaves_the_workflow_running() {
    let program = at(Scene::Researching).await;
    program.fake.with(|seen| seen.troubles = 1_000);
    let child = program
        .command(&["run", "A topic", "--approve"])
        .spawn()
        .unwrap();
    // Its first look has come, so it listens for the signal too.
    while program.fake.with(|seen| seen.troubles == 1_000) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let id = child.id().unwrap().to_string();
    let killed = tokio::process::Command::new("kill")
        .args(["-INT", &id])
        .status()
        .await
        .unwrap();
    assert!(killed.success());
    let outcome = Outcome::of(child.wait_with_output().await.unwrap()).expect(130);
    assert!(
        outcome
            .err
            .contains(&format!("aegis watch {WORKFLOW} --stage stage.json")),
        "{}",
        outcome.err
    );
    assert!(
        outcome.err.contains("goes on without you"),
        "{}",
        outcome.err
    );
}

#[tokio::test]
async fn a_place_where_no_report_can_be_written_is_refused_before_the_start() {
    let program = at(Scene::Researching).await;
    std::fs::write(program.folder.path().join("file"), "").unwrap();
    std::fs::create_dir(program.folder.path().join("folder")).unwrap();
    for output in ["file/r.md", "folder", "/proc/r.md"] {
        let words = ["run", "A topic", "--approve", "-o", output];
        let outcome = program.run(&words).await.expect(1);
        let told = format!("error: the report could not be written to {output}");
        assert!(outcome.err.starts_with(&told), "{}", outcome.err);
    }
    program.fake.with(|seen| assert!(seen.started.is_empty()));
}

#[tokio::test]
async fn a_report_that_cannot_be_kept_is_still_to_be_had() {
    let program = at(Scene::Researching).await;
    let words = ["run", "A topic", "--approve", "-o", "/dev/full"];
    let outcome = program.run(&words).await.expect(4);
    for part in [
        "completed after 7.5 s",
        "cannot write /dev/full",
        "No space left",
    ] {
        assert!(outcome.err.contains(part), "{}", outcome.err);
    }
    let next = format!("aegis report {WORKFLOW} -o FILE --stage stage.json");
    assert!(outcome.err.contains(&next), "{}", outcome.err);
}

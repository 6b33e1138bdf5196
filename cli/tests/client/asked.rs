//! Questions at a terminal: only what was typed in answer to them counts.

use crate::fake::Fake;
use crate::hostile;
use crate::program::Program;
use crate::story::Scene;
use crate::terminal::AtTerminal;

const ENTER: &str = "\n";
const CTRL_C: &str = "\u{3}";
const CTRL_D: &str = "\u{4}";
const QUESTION: &str = "then Enter: ";

async fn run(early: &str) -> (Program, AtTerminal) {
    let program = Program::against(&Fake::start(Scene::Researching).await);
    let terminal = AtTerminal::start(&program.command(&["run", "A topic"]), early);
    (program, terminal)
}

#[tokio::test]
async fn enter_alone_approves_nothing() {
    let (program, mut terminal) = run("").await;
    terminal.until(QUESTION).await;
    for nothing in [ENTER, "yes\n", " \n"] {
        terminal.types(nothing);
        terminal.until(QUESTION).await;
    }
    program.fake.with(|seen| assert!(seen.decisions.is_empty()));
    terminal.types("a\n");
    let (seen, status) = terminal.end().await;
    assert!(status.success(), "{seen}");
    program.fake.with(|seen| {
        assert_eq!(seen.decisions.len(), 1);
        assert_eq!(seen.decisions[0]["decision"], "approve");
    });
}

#[tokio::test]
async fn what_was_typed_before_the_question_is_no_answer() {
    let (program, mut terminal) = run("a\na\n").await;
    terminal.until(QUESTION).await;
    terminal.types("l\n");
    let (seen, status) = terminal.end().await;
    assert_eq!(status.code(), Some(3), "{seen}");
    program.fake.with(|seen| assert!(seen.decisions.is_empty()));
}

#[tokio::test]
async fn ctrl_d_leaves_the_decision_for_later() {
    let (program, mut terminal) = run("").await;
    terminal.until(QUESTION).await;
    // First at the comment: back to the question.
    terminal.types("r\n");
    terminal.until("Why (may be left empty): ").await;
    terminal.types(CTRL_D);
    terminal.until(QUESTION).await;
    // A letter without Enter is no answer either, though Ctrl-D sends it.
    terminal.types("a");
    terminal.types(CTRL_D);
    terminal.types(CTRL_D);
    let (seen, status) = terminal.end().await;
    assert_eq!(status.code(), Some(3), "{seen}");
    assert!(seen.contains("waits for your decision"), "{seen}");
    program.fake.with(|seen| assert!(seen.decisions.is_empty()));
}

#[tokio::test]
async fn ctrl_c_at_a_question_says_how_to_go_on() {
    let (program, mut terminal) = run("").await;
    terminal.until(QUESTION).await;
    terminal.types(CTRL_C);
    let (seen, status) = terminal.end().await;
    assert_eq!(status.code(), Some(130), "{seen}");
    assert!(seen.contains("aegis watch wf_"), "{seen}");
    assert!(
        !seen.contains("\u{1b}[?25l"),
        "the cursor is hidden: {seen}"
    );
    program.fake.with(|seen| assert!(seen.decisions.is_empty()));
}

#[tokio::test]
async fn nothing_is_deleted_that_was_not_agreed_to() {
    for keys in [ENTER, CTRL_D, CTRL_C, "no\n"] {
        let stage = hostile::Stage::start(Scene::Failed, false).await;
        let folder = hostile::folder(&stage).await;
        let words = ["dlq", "drop", "intake", "--all"].map(str::to_owned);
        let mut terminal = AtTerminal::start(&hostile::command(&folder, &words), "y\n");
        terminal.until("[y/N] ").await;
        terminal.types(keys);
        let (seen, status) = terminal.end().await;
        assert!(!status.success(), "{keys:?}: {seen}");
        assert!(!seen.contains("deleted from"), "{keys:?}: {seen}");
        assert!(
            !seen.contains("\u{1b}[?25l"),
            "the cursor is hidden: {seen}"
        );
        assert_eq!(
            seen.contains("nothing was deleted"),
            keys != CTRL_C,
            "{seen}"
        );
    }
}

//! One test per verb, and what every verb does when the API says no.

use serde_json::json;

use crate::fake::Fake;
use crate::program::Program;
use crate::story::{REPORT, Scene, WORKFLOW};

async fn at(scene: Scene) -> Program {
    Program::against(&Fake::start(scene).await)
}

#[tokio::test]
async fn start_sends_the_options_and_the_key() {
    let program = at(Scene::Researching).await;
    let words = [
        "start",
        "A topic",
        "--depth",
        "quick",
        "--tag",
        "team=a",
        "--idempotency-key",
        "k1",
    ];
    let outcome = program.run(&words).await.expect(0);
    assert!(
        outcome
            .out
            .contains(&format!("aegis watch {WORKFLOW} --stage stage.json")),
        "{}",
        outcome.out
    );
    program.fake.with(|seen| {
        assert_eq!(seen.keys, ["k1"]);
        assert_eq!(seen.started[0]["parameters"]["depth"], "quick");
        assert_eq!(seen.started[0]["tags"], json!({"team": "a"}));
    });
    let outcome = program.run(&["start", "A topic", "--json"]).await.expect(0);
    assert_eq!(outcome.json()["workflow_id"], WORKFLOW);
}

#[tokio::test]
async fn a_problem_is_one_message_with_code_and_fields() {
    let program = at(Scene::Researching).await;
    let outcome = program.run(&["start", "?"]).await.expect(1);
    assert_eq!(
        outcome.err,
        "error: the request is not valid (invalid_field, 400)\n  topic: must contain at least one letter or digit\n"
    );
    let outcome = program
        .run(&["get", "wf_aaaaaaaaaaaaaaaaaaaaaaaaaa"])
        .await
        .expect(1);
    assert_eq!(
        outcome.err,
        "error: there is no such workflow (workflow_not_found, 404)\n  aegis list --stage stage.json\n"
    );
    let outcome = program.run(&["get", "nonsense"]).await.expect(2);
    assert!(
        outcome.err.contains("not the id of a workflow"),
        "{}",
        outcome.err
    );
}

#[tokio::test]
async fn get_shows_the_state_and_what_to_do() {
    let program = at(Scene::Waiting(1)).await;
    let outcome = program.run(&["get", WORKFLOW]).await.expect(0);
    for part in [
        "awaiting approval",
        "analyze   succeeded  attempt 2, revision 1  4 findings",
        "revision 1, changed 1 of at most 3 times; 0 of 1 approval given; anyone may decide until 2100-11-26 18:00:03 UTC",
        "aegis findings wf_",
        "aegis approve wf_abcdefghijklmnopqrstuvwxyz --revision 1",
        "aegis request-changes wf_abcdefghijklmnopqrstuvwxyz --revision 1 --drop N",
    ] {
        assert!(
            outcome.out.contains(part),
            "{part} is not in\n{}",
            outcome.out
        );
    }
    let outcome = program.run(&["get", WORKFLOW, "--json"]).await.expect(0);
    assert_eq!(outcome.json()["approval"]["revision"], 1);
}

#[tokio::test]
async fn a_refusal_leads_on() {
    let approve = &["approve", WORKFLOW][..];
    for (scene, words, code, told) in [
        (
            Scene::Waiting(0),
            approve,
            "decision_too_late",
            "aegis watch wf_",
        ),
        (
            Scene::Waiting(0),
            &["approval-link", WORKFLOW, "--approver", "ann"],
            "decision_too_late",
            "aegis watch wf_",
        ),
        (
            Scene::Completed,
            &["approval-link", WORKFLOW, "--approver", "ann"],
            "not_awaiting_approval",
            "aegis report wf_",
        ),
        (
            Scene::Waiting(0),
            approve,
            "not_an_approver",
            "may be decided on by ada, bob. Go on with",
        ),
        (
            Scene::Waiting(0),
            approve,
            "not_an_approver",
            "--revision 0 --approver NAME --stage",
        ),
        (
            Scene::Waiting(3),
            approve,
            "revisions_exhausted",
            "aegis reject wf_abcdefghijklmnopqrstuvwxyz --revision 3",
        ),
        (
            Scene::Completed,
            &["cancel", WORKFLOW],
            "already_ended",
            "The workflow is completed. Go on with\n  aegis report wf_",
        ),
        (
            Scene::Writing,
            &["redrive", WORKFLOW],
            "not_failed",
            "The workflow is running. Go on with\n  aegis watch wf_",
        ),
        (
            Scene::Failed,
            &["redrive", WORKFLOW],
            "near_expiry",
            "aegis start '…'",
        ),
        (
            Scene::Failed,
            &["redrive", WORKFLOW],
            "workflow_not_found",
            "aegis list",
        ),
    ] {
        let program = at(scene).await;
        program.fake.with(|seen| {
            seen.refuse_with = Some(code);
            seen.approvers = vec!["ada", "bob"];
        });
        let outcome = program.run(words).await.expect(1);
        assert!(
            outcome.err.contains(told),
            "{words:?} {code}:\n{}",
            outcome.err
        );
        let may_revise = outcome.err.contains("request-changes");
        assert!(!may_revise || scene != Scene::Waiting(3), "{}", outcome.err);
        let as_json = [words, &["--json"]].concat();
        let outcome = program.run(&as_json).await.expect(1);
        assert_eq!(outcome.json()["error"]["code"], code);
    }
    let outcome = at(Scene::Researching)
        .await
        .run(&["findings", WORKFLOW])
        .await;
    assert!(outcome.err.contains("aegis watch wf_"), "{}", outcome.err);
}

#[tokio::test]
async fn commands_name_the_approver_where_the_api_does_not_see_who_calls() {
    let fake = Fake::start(Scene::Waiting(0)).await;
    for (approvers, authorization, told) in [
        (vec![], "none", "--revision 0 --stage"),
        (
            vec!["Ada Lovelace"],
            "none",
            "--revision 0 --approver 'Ada Lovelace' --stage",
        ),
        (
            vec!["ada", "bob"],
            "none",
            "--revision 0 --approver NAME --stage",
        ),
        (vec!["ada"], "iam", "--revision 0 --stage"),
    ] {
        fake.with(|seen| seen.approvers = approvers);
        let program = Program::with_authorization(&fake, authorization);
        let outcome = program.run(&["get", WORKFLOW]).await.expect(0);
        for verb in ["approve", "reject"] {
            let line = format!("aegis {verb} {WORKFLOW} {told}");
            assert!(outcome.out.contains(&line), "{line}:\n{}", outcome.out);
        }
    }
}

#[tokio::test]
async fn silence_that_approves_is_announced_and_named() {
    let program = at(Scene::Waiting(0)).await;
    let expires = "if it is not settled by then, the workflow expires without a report";
    for words in [&["get", WORKFLOW][..], &["findings", WORKFLOW]] {
        let outcome = program.run(words).await.expect(0);
        assert!(outcome.out.contains(expires), "{}", outcome.out);
    }
    program.fake.with(|seen| seen.silence_approves = true);
    let outcome = program.run(&["get", WORKFLOW]).await.expect(0);
    assert!(outcome.out.contains("silence approves"), "{}", outcome.out);
    program.fake.with(|seen| seen.scene = Scene::Completed);
    let told = "approved by silence at 2026-11-26 18:00:03 UTC";
    for words in [&["get", WORKFLOW][..], &["watch", WORKFLOW]] {
        let outcome = program.run(words).await.expect(0);
        assert!(outcome.out.contains(told), "{}", outcome.out);
    }
}

#[tokio::test]
async fn watch_says_when_things_happened_before_it_looked() {
    let outcome = at(Scene::Completed)
        .await
        .run(&["watch", WORKFLOW])
        .await
        .expect(0);
    for line in [
        "2026-11-23 18:00:01 UTC  research    succeeded   12 passages",
        "2026-11-23 18:00:07 UTC  workflow    completed",
    ] {
        assert!(outcome.out.contains(line), "{line}:\n{}", outcome.out);
    }
}

#[tokio::test]
async fn get_says_that_a_workflow_is_stuck_and_where_to_look() {
    let program = at(Scene::Stuck).await;
    let outcome = program.run(&["get", WORKFLOW]).await.expect(0);
    for part in [
        "write     requested    stuck: not picked up in ",
        ", sent 3 times; sent again or given up after 2026-11-23 18:07:04",
        "aegis dlq show writer-dispatch",
    ] {
        assert!(
            outcome.out.contains(part),
            "{part} is not in\n{}",
            outcome.out
        );
    }
}

#[tokio::test]
async fn dlq_needs_to_be_told_which_queue_and_which_messages() {
    let program = at(Scene::Researching).await;
    let outcome = program.run(&["dlq", "redrive", "intake"]).await.expect(2);
    assert!(
        outcome.err.contains("--message <ID>|--all"),
        "{}",
        outcome.err
    );
    let outcome = program.run(&["dlq", "show", "intake"]).await.expect(1);
    assert!(outcome.err.contains("`dlq_urls`"), "{}", outcome.err);
}

#[tokio::test]
async fn list_follows_the_pages() {
    let program = at(Scene::Researching).await;
    let outcome = program
        .run(&["list", "-n", "120", "--status", "failed", "--json"])
        .await
        .expect(0);
    let page = outcome.json();
    assert_eq!(page["workflows"].as_array().unwrap().len(), 120);
    assert_eq!(page["workflows"][119]["topic"], "topic 119");
    assert_eq!(page["workflows"][0]["status"], "failed");
    assert_eq!(page["next_cursor"], "120");
    let outcome = program.run(&["list", "--all", "--json"]).await.expect(0);
    assert_eq!(outcome.json()["workflows"].as_array().unwrap().len(), 250);
    let outcome = program.run(&["list", "-n", "2"]).await.expect(0);
    assert_eq!(outcome.out.lines().count(), 3, "{}", outcome.out);
    assert!(
        outcome
            .out
            .contains("completed  2026-11-23 18:00:00 UTC  topic 1"),
        "{}",
        outcome.out
    );
    program.run(&["list", "--status", "lost"]).await.expect(2);
    program.run(&["list", "-n", "0"]).await.expect(2);
}

#[tokio::test]
async fn watch_tells_each_change_once() {
    let program = at(Scene::Researching).await;
    let watched = program
        .command(&["watch", WORKFLOW, "--json"])
        .spawn()
        .unwrap();
    wait_for_approval(&program).await;
    program
        .run(&["approve", WORKFLOW, "--approver", "ann"])
        .await
        .expect(0);
    let output = watched.wait_with_output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    // Whether it is seen writing depends on who looks first: `approve` looks too.
    let seen: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["at"].to_string())
        .filter(|at| at != "\"write\"")
        .collect();
    let expected = ["\"research\"", "\"analyze\"", "\"findings\"", "null"];
    assert_eq!(seen, expected);
    assert!(output.status.success());
    program.fake.with(|seen| {
        assert_eq!(
            seen.decisions[0],
            json!({"decision": "approve", "approver": "ann"})
        )
    });
}

async fn wait_for_approval(program: &Program) {
    while !program
        .fake
        .with(|seen| matches!(seen.scene, Scene::Waiting(_)) && seen.looks > 3)
    {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn watch_ends_with_the_reason() {
    let program = at(Scene::Failed).await;
    program.fake.with(|seen| seen.troubles = 2);
    let outcome = program.run(&["watch", WORKFLOW]).await.expect(1);
    assert!(
        outcome
            .out
            .contains("failed: the corpus has nothing on this topic (no_evidence), at research"),
        "{}",
        outcome.out
    );
    let next = "aegis start '…' --sources '…' --stage stage.json";
    assert!(outcome.out.contains(next), "{}", outcome.out);
    assert!(!outcome.out.contains("redrive"), "{}", outcome.out);
}

#[tokio::test]
async fn decisions_name_the_revision() {
    let program = at(Scene::Waiting(1)).await;
    let outcome = program
        .run(&["approve", WORKFLOW, "--revision", "0"])
        .await
        .expect(1);
    assert!(
        outcome
            .err
            .contains("waiting is revision 1 (stale_revision, 409)"),
        "{}",
        outcome.err
    );
    // Who names none has seen the first at most, and is told what to look at.
    let outcome = program.run(&["approve", WORKFLOW]).await.expect(1);
    for part in [
        "stale_revision",
        "aegis findings wf_abcdefghijklmnopqrstuvwxyz --revision 1 --stage stage.json",
        "aegis approve wf_abcdefghijklmnopqrstuvwxyz --revision 1 --stage stage.json",
    ] {
        assert!(outcome.err.contains(part), "{part}: {}", outcome.err);
    }
    program.fake.with(|seen| assert!(seen.decisions.is_empty()));
    program.run(&["request-changes", WORKFLOW]).await.expect(2);
    let words = ["request-changes", WORKFLOW, "--drop", "one"];
    let outcome = program.run(&words).await.expect(2);
    assert!(
        outcome.err.contains("the number of a finding, like 2"),
        "{}",
        outcome.err
    );
    program.fake.with(|seen| assert!(seen.decisions.is_empty()));
    let words = [
        "request-changes",
        WORKFLOW,
        "--revision",
        "1",
        "-m",
        "more on costs",
    ];
    let outcome = program.run(&words).await.expect(0);
    assert!(
        outcome.out.contains("asked for changes to revision 1"),
        "{}",
        outcome.out
    );
    program.fake.with(|seen| seen.scene = Scene::Analyzing(2));
    let outcome = program.run(&["reject", WORKFLOW]).await.expect(1);
    assert!(
        outcome.err.contains("not_awaiting_approval") && outcome.err.contains("aegis watch wf_"),
        "{}",
        outcome.err
    );
}

#[tokio::test]
async fn findings_are_shown_whole_and_as_one_looked_at() {
    let program = at(Scene::Waiting(1)).await;
    let outcome = program.run(&["findings", WORKFLOW]).await.expect(0);
    let mut parts = vec![
        "Findings, revision 1".to_owned(),
        "Three things were found.".to_owned(),
        "1. First finding  sources agree".to_owned(),
        "[e1] Title of e1, Section 2 (corpus:builtin/a.md)".to_owned(),
        "- Nothing on costs.".to_owned(),
        "- s3://papers/scan.pdf: holds no text".to_owned(),
        "1 of 2 approvals given; until 2100-11-26 18:00:03".to_owned(),
        "- ann, approve by link, 2026-11-23 18:00:04 UTC: fine".to_owned(),
        "may still decide: bob".to_owned(),
        format!("aegis approve {WORKFLOW} --revision 1 --approver NAME --stage stage.json"),
    ];
    parts.extend((1..=6).map(|number| format!("- Claim {number}. [e")));
    for part in parts {
        assert!(
            outcome.out.contains(&part),
            "{part} is not in\n{}",
            outcome.out
        );
    }
    let old = ["findings", WORKFLOW, "--revision", "0"];
    let outcome = program.run(&old).await.expect(0);
    assert!(
        outcome.out.contains("Findings, revision 0"),
        "{}",
        outcome.out
    );
    assert!(!outcome.out.contains("aegis approve"), "{}", outcome.out);
    let outcome = program
        .run(&["findings", WORKFLOW, "--json"])
        .await
        .expect(0);
    assert_eq!(
        outcome.json()["findings"][0]["claims"][5]["text"],
        "Claim 6."
    );
    let large = ["findings", WORKFLOW, "--revision", "7"];
    let outcome = program.run(&large).await.expect(1);
    assert!(
        outcome.err.contains("analysis.json: https://s3.example/"),
        "{}",
        outcome.err
    );
    let outcome = at(Scene::Researching)
        .await
        .run(&["findings", WORKFLOW])
        .await
        .expect(1);
    assert!(outcome.err.contains("not_analyzed"), "{}", outcome.err);
}

#[tokio::test]
async fn report_is_printed_or_written() {
    let program = at(Scene::Completed).await;
    let outcome = program.run(&["report", WORKFLOW]).await.expect(0);
    assert_eq!(outcome.out, REPORT);
    program
        .run(&["report", WORKFLOW, "-o", "deep/r.md"])
        .await
        .expect(0);
    assert_eq!(
        std::fs::read_to_string(program.folder.path().join("deep/r.md")).unwrap(),
        REPORT
    );
    let outcome = program.run(&["report", WORKFLOW, "--json"]).await.expect(0);
    assert!(
        outcome.json()["url"]
            .as_str()
            .unwrap()
            .contains("/s3/report.md")
    );
    let outcome = at(Scene::Writing)
        .await
        .run(&["report", WORKFLOW])
        .await
        .expect(1);
    assert!(
        outcome.err.contains("has no result: it is running"),
        "{}",
        outcome.err
    );
}

#[tokio::test]
async fn history_is_a_timeline() {
    let program = at(Scene::Failed).await;
    let outcome = program.run(&["history", WORKFLOW]).await.expect(0);
    assert_eq!(
        outcome.out,
        "2026-11-23 18:00:00 UTC           v1  WorkflowStarted  report by ann\n\
         2026-11-23 18:00:01 UTC  +1.0 s   v2  StepCompleted    research 1: 12 passages\n\
         2026-11-23 18:00:01 UTC  +0 ms    v3  StepCompleted    analyze 1: 3 findings\n\
         2026-11-23 18:00:01 UTC  +0 ms    v4  StepCompleted    analyze 2: 4 findings\n\
         2026-11-23 18:00:01 UTC  +0 ms    v5  StepCompleted    write 1: 900 words\n\
         2026-11-23 18:00:01 UTC  +500 ms  v6  WorkflowFailed   at research: nothing (no_evidence)\n"
    );
}

#[tokio::test]
async fn cancel_and_redrive_are_sent() {
    let program = at(Scene::Researching).await;
    let outcome = program
        .run(&["cancel", WORKFLOW, "--reason", "enough"])
        .await
        .expect(0);
    assert_eq!(outcome.out, format!("{WORKFLOW}  cancelled\n"));
    let outcome = program
        .run(&["redrive", WORKFLOW, "--json"])
        .await
        .expect(0);
    assert_eq!(outcome.json()["status"], "running");
}

#[tokio::test]
async fn an_approval_link_is_printed_alone() {
    let program = at(Scene::Waiting(0)).await;
    let words = ["approval-link", WORKFLOW, "--approver", "ada@example.com"];
    let outcome = program.run(&words).await.expect(0);
    assert_eq!(
        outcome.out,
        "https://api.example/approval-links/v1.secret\n"
    );
    assert!(
        outcome
            .err
            .contains("For ada@example.com on revision 1, until"),
        "{}",
        outcome.err
    );
    let words = [&words[..], &["--json"]].concat();
    let outcome = program.run(&words).await.expect(0);
    assert_eq!(outcome.json()["approver"], "ada@example.com");
    program.run(&["approval-link", WORKFLOW]).await.expect(2);
}

#[tokio::test]
async fn requests_are_signed_where_the_stage_says_so() {
    let fake = Fake::start(Scene::Waiting(0)).await;
    let program = Program::with_authorization(&fake, "iam");
    program.run(&["get", WORKFLOW]).await.expect(0);
    program.run(&["approve", WORKFLOW]).await.expect(0);
    fake.with(|seen| assert_eq!(seen.unsigned, 0));
    Program::against(&fake)
        .run(&["get", WORKFLOW])
        .await
        .expect(0);
    fake.with(|seen| assert_eq!(seen.unsigned, 1));
}

#[tokio::test]
async fn a_missing_stage_is_one_sentence() {
    let program = at(Scene::Researching).await;
    std::fs::remove_file(program.folder.path().join("stage.json")).unwrap();
    let outcome = program.run(&["list"]).await.expect(1);
    assert!(
        outcome
            .err
            .starts_with("error: there is no stage file stage.json"),
        "{}",
        outcome.err
    );
}

#[tokio::test]
async fn a_stage_that_asks_for_tokens_gets_one() {
    let program = Program::with_authorization(&Fake::start(Scene::Waiting(0)).await, "jwt");
    let outcome = program.run(&["get", WORKFLOW]).await.expect(1);
    assert!(outcome.err.contains("AEGIS_TOKEN"), "{}", outcome.err);

    let mut get = program.command(&["get", WORKFLOW]);
    let output = get.env("AEGIS_TOKEN", "in.the.environment").output().await;
    crate::program::Outcome::of(output.unwrap()).expect(0);
    std::fs::write(program.folder.path().join("token"), "in.a.file\n").unwrap();
    let outcome = program
        .run(&["approve", WORKFLOW, "--token-file", "token"])
        .await
        .expect(0);
    assert!(!outcome.out.contains("in.a.file"), "{}", outcome.out);
    program.fake.with(|seen| {
        assert_eq!(seen.tokens.first().unwrap(), "in.the.environment");
        assert_eq!(seen.tokens.last().unwrap(), "in.a.file");
        assert_eq!(seen.decisions.len(), 1);
    });

    std::fs::write(program.folder.path().join("token"), "no token\n").unwrap();
    let words = ["get", WORKFLOW, "--token-file", "token"];
    let outcome = program.run(&words).await.expect(1);
    assert_eq!(outcome.err, "error: token does not hold a token\n");
}

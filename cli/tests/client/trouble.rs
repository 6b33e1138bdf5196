//! What every verb does when it cannot do or say something: errors as JSON, full disks, closed pipes, wrong words.

use std::fs::File;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::fake::Fake;
use crate::program::{Outcome, Program};
use crate::story::{REPORT, Scene, WORKFLOW};
use crate::terminal::AtTerminal;

async fn at(scene: Scene) -> Program {
    Program::against(&Fake::start(scene).await)
}

#[tokio::test]
async fn with_json_an_error_is_an_object_with_its_code() {
    let program = at(Scene::Researching).await;
    let missing = ["get", "wf_aaaaaaaaaaaaaaaaaaaaaaaaaa", "--json"];
    let outcome = program.run(&missing).await.expect(1);
    assert_eq!(
        outcome.json(),
        json!({"error": {"code": "workflow_not_found", "message": "there is no such workflow", "status": 404, "errors": []}})
    );
    assert_eq!(
        outcome.err,
        "error: there is no such workflow (workflow_not_found, 404)\n  aegis list --stage stage.json\n"
    );

    let outcome = program.run(&["start", "?", "--json"]).await.expect(1);
    let error = &outcome.json()["error"];
    assert_eq!(error["code"], "invalid_field");
    assert_eq!(error["errors"][0]["field"], "topic");

    for (words, code, exit) in [
        (vec!["list", "--status", "lost", "--json"], "usage", 2),
        (
            vec!["start", "t", "--idempotency-key", "a\nb", "--json"],
            "usage",
            1,
        ),
        (vec!["emit", "Nothing", "--json"], "invalid_event", 1),
        (
            vec!["list", "--json", "--stage", "absent.json"],
            "no_stage",
            1,
        ),
        (vec!["report", WORKFLOW, "--json"], "failed", 1),
    ] {
        // The last --stage counts, as clap has it.
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_aegis"));
        command
            .args(&words)
            .current_dir(program.folder.path())
            .env("CARGO_TERM_COLOR", "never");
        if !words.contains(&"--stage") {
            command.args(["--stage", "stage.json"]);
        }
        let outcome = Outcome::of(command.output().await.unwrap()).expect(exit);
        let told = outcome.json();
        assert_eq!(told["error"]["code"], code, "{words:?}: {told}");
        assert!(
            told["error"]["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
        assert!(
            outcome.err.starts_with("error: "),
            "{words:?}: {}",
            outcome.err
        );
    }

    let fake = &program.fake;
    let mut stage = fake.stage("none");
    stage["api_endpoint"] = json!("http://127.0.0.1:9/nothing");
    std::fs::write(program.folder.path().join("stage.json"), stage.to_string()).unwrap();
    let outcome = program.run(&["list", "--json"]).await.expect(1);
    assert_eq!(outcome.json()["error"]["code"], "no_answer");
}

#[tokio::test]
async fn a_full_disk_is_one_sentence() {
    let program = at(Scene::Completed).await;
    for words in [
        vec!["list"],
        vec!["list", "--json"],
        vec!["get", WORKFLOW],
        vec!["report", WORKFLOW],
        vec!["history", WORKFLOW],
        vec!["--help"],
    ] {
        let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
        let mut command = program.command(&words);
        let outcome = Outcome::of(
            command
                .stdout(full())
                .spawn()
                .unwrap()
                .wait_with_output()
                .await
                .unwrap(),
        )
        .expect(1);
        let told =
            "error: cannot write to standard output: No space left on device (os error 28)\n";
        assert_eq!(outcome.err, told, "{words:?}");
        // And nowhere to say it.
        let mut command = program.command(&words);
        let output = command
            .stdout(full())
            .stderr(full())
            .spawn()
            .unwrap()
            .wait_with_output()
            .await
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{words:?}");
    }
    // What cannot be said on standard error does not change how it ends.
    for (words, code) in [
        (vec!["get", WORKFLOW], 0),
        (vec!["get", "wf_aaaaaaaaaaaaaaaaaaaaaaaaaa"], 1),
        (vec!["approval-link", WORKFLOW, "--approver", "ann"], 0),
        (vec!["get", "nonsense"], 2),
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = program
            .command(&words)
            .stderr(full)
            .spawn()
            .unwrap()
            .wait_with_output()
            .await
            .unwrap();
        assert_eq!(output.status.code(), Some(code), "{words:?}");
    }
}

#[tokio::test]
async fn what_was_done_is_named_where_its_result_cannot_be_written() {
    let emit = [
        "emit",
        "WorkflowRequested",
        "--set",
        "topic=t",
        "--idempotency-key",
        "k-4711",
    ];
    for (scene, words, told) in [
        (
            Scene::Researching,
            &["start", "A topic"][..],
            "aegis watch wf_abcdefghijklmnopqrstuvwxyz --stage",
        ),
        (Scene::Researching, &emit, "k-4711"),
        (
            Scene::Waiting(0),
            &["approve", WORKFLOW],
            "aegis get wf_abcdefghijklmnopqrstuvwxyz",
        ),
        (
            Scene::Researching,
            &["cancel", WORKFLOW, "--reason", "enough"],
            "aegis get wf_",
        ),
        (Scene::Failed, &["redrive", WORKFLOW], "aegis watch wf_"),
        (
            Scene::Waiting(0),
            &["approval-link", WORKFLOW, "--approver", "ann"],
            "aegis approval-link wf_abcdefghijklmnopqrstuvwxyz --approver ann",
        ),
    ] {
        let as_json = [words, &["--json"]].concat();
        for words in [words, &as_json] {
            let full = File::options().write(true).open("/dev/full").unwrap();
            let program = at(scene).await;
            let child = program.command(words).stdout(full).spawn().unwrap();
            let outcome = Outcome::of(child.wait_with_output().await.unwrap()).expect(1);
            let error =
                "error: cannot write to standard output: No space left on device (os error 28)\n";
            assert!(outcome.err.contains(error), "{words:?}: {}", outcome.err);
            assert!(outcome.err.contains(told), "{words:?}: {}", outcome.err);

            // A shell's `>&-` leads here too: the runtime opens the null device in the place of what is closed.
            let null = File::options()
                .read(true)
                .write(true)
                .open("/dev/null")
                .unwrap();
            let program = at(scene).await;
            let child = program.command(words).stdout(null).spawn().unwrap();
            let outcome = Outcome::of(child.wait_with_output().await.unwrap()).expect(0);
            assert!(outcome.err.contains(told), "{words:?}: {}", outcome.err);

            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let program = at(scene).await;
            let child = program.command(words).stdout(writer).spawn().unwrap();
            let outcome = Outcome::of(child.wait_with_output().await.unwrap()).expect(141);
            assert!(!outcome.err.contains("error"), "{words:?}: {}", outcome.err);
            assert!(outcome.err.contains(told), "{words:?}: {}", outcome.err);
        }
    }
}

#[tokio::test]
async fn an_old_report_survives_a_full_disk() {
    let program = at(Scene::Completed).await;
    let path = program.folder.path().join("r.md");
    std::fs::write(&path, "the old report").unwrap();
    for verb in [&["report", WORKFLOW][..], &["run", "A topic", "--approve"]] {
        let mut words = vec![
            "-c",
            "trap '' XFSZ; ulimit -f 0; exec \"$@\"",
            "sh",
            env!("CARGO_BIN_EXE_aegis"),
        ];
        words.extend(verb);
        words.extend(["-o", "r.md", "--stage", "stage.json"]);
        let mut shell = tokio::process::Command::new("sh");
        let output = shell
            .args(&words)
            .current_dir(program.folder.path())
            .output()
            .await;
        let outcome = Outcome::of(output.unwrap());
        assert!(
            [1, 4].contains(&outcome.code),
            "{} {}",
            outcome.code,
            outcome.err
        );
        assert!(
            outcome.err.contains("cannot write r.md: File too large"),
            "{}",
            outcome.err
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "the old report");
        let left = std::fs::read_dir(program.folder.path()).unwrap().count();
        assert_eq!(left, 2, "beside stage.json and r.md something is left");
    }
}

#[tokio::test]
async fn a_report_can_go_to_standard_output_by_its_usual_name() {
    let program = at(Scene::Completed).await;
    for words in [
        &["report", WORKFLOW, "-o", "-"][..],
        &["run", "A topic", "--approve", "-o", "-"],
    ] {
        let outcome = program.run(words).await.expect(0);
        assert_eq!(outcome.out, REPORT, "{words:?}");
        let as_json = [words, &["--json"]].concat();
        let outcome = program.run(&as_json).await.expect(1);
        assert_eq!(outcome.json()["error"]["code"], "usage");
        assert!(!program.folder.path().join("-").exists());
    }
}

#[tokio::test]
async fn no_password_of_a_stage_is_printed() {
    let program = at(Scene::Completed).await;
    let mut stage = program.fake.stage("none");
    for address in [
        "http://ann:geheim@127.0.0.1:9/nothing",
        "ann:geheim@127.0.0.1",
        "http://ann:geheim@not a host/",
    ] {
        stage["api_endpoint"] = json!(address);
        std::fs::write(program.folder.path().join("stage.json"), stage.to_string()).unwrap();
        for words in [&["list"][..], &["list", "--json"]] {
            let outcome = program.run(words).await.expect(1);
            let told = outcome.out + &outcome.err;
            assert!(!told.contains("geheim") && !told.is_empty(), "{told}");
        }
    }
}

#[tokio::test]
async fn a_path_in_a_sentence_is_one_line() {
    let program = at(Scene::Completed).await;
    for words in [
        &["list", "--stage", "no\nstage.json"][..],
        &[
            "start",
            "t",
            "--stage",
            "stage.json",
            "--sources",
            "no\nsource.md",
        ],
        &[
            "report",
            WORKFLOW,
            "--stage",
            "stage.json",
            "-o",
            "/dev/null/no\nreport.md",
        ],
        &[
            "emit",
            "X",
            "--stage",
            "stage.json",
            "--detail",
            "@no\nfile.json",
        ],
        &["list", "--stage", "stage.json", "--token-file", "no\ntoken"],
    ] {
        let stage = program.fake.stage(match words.contains(&"--token-file") {
            true => "jwt",
            false => "none",
        });
        std::fs::write(program.folder.path().join("stage.json"), stage.to_string()).unwrap();
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_aegis"));
        command.args(words).current_dir(program.folder.path());
        let outcome = Outcome::of(command.output().await.unwrap()).expect(1);
        assert_eq!(outcome.err.lines().count(), 1, "{words:?}: {}", outcome.err);
        assert!(
            outcome.err.contains("no\\u{a}"),
            "{words:?}: {}",
            outcome.err
        );
    }
}

#[tokio::test]
async fn a_stage_without_services_has_no_logs() {
    for words in [&["logs"][..], &["logs", "intake"]] {
        let outcome = at(Scene::Completed).await.run(words).await.expect(1);
        assert!(outcome.err.contains("names no service"), "{}", outcome.err);
    }
}

#[tokio::test]
async fn a_decision_for_nobody_is_not_sent() {
    let program = at(Scene::Waiting(0)).await;
    let decide = |id: &str| {
        let id = format!("workflow_id={id}");
        [
            "emit",
            "ApprovalDecided",
            "--set",
            &id,
            "--set",
            "decision=approve",
        ]
        .map(str::to_owned)
    };
    let words = decide("wf_aaaaaaaaaaaaaaaaaaaaaaaaaa");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = program.run(&words).await.expect(1);
    assert!(
        outcome.err.contains("there is no such workflow"),
        "{}",
        outcome.err
    );
    assert!(
        outcome.err.contains("aegis list --stage"),
        "{}",
        outcome.err
    );
    program.fake.with(|seen| assert_eq!(seen.events.len(), 0));
    let words = decide(WORKFLOW);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = program.run(&words).await.expect(0);
    for next in [
        format!("aegis get {WORKFLOW}"),
        "aegis dlq show approval".to_owned(),
    ] {
        assert!(outcome.out.contains(&next), "{}", outcome.out);
    }
    program.fake.with(|seen| assert_eq!(seen.events.len(), 1));
}

#[tokio::test]
async fn help_fits_the_terminal() {
    let program = at(Scene::Researching).await;
    for words in [&["--help"][..], &["start", "--help"], &["-h"]] {
        let terminal = AtTerminal::start(&program.command(words), "");
        let (seen, status) = terminal.end().await;
        assert!(status.success(), "{seen}");
        let seen = console::strip_ansi_codes(&seen).replace('\r', "");
        let examples = seen.find("Examples:").unwrap_or(seen.len());
        for line in seen[..examples].lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        assert!(seen.lines().count() > 20, "{seen}");
    }
}

fn local(program: &Program, words: &[&str]) -> tokio::process::Command {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_aegis"));
    command
        .args(words)
        .current_dir(program.folder.path())
        .stderr(Stdio::piped());
    command
}

#[tokio::test]
async fn a_folder_that_cannot_be_looked_into_is_not_called_empty() {
    let program = at(Scene::Researching).await;
    let mut command = local(&program, &["list"]);
    // A file where a folder should be; who runs tests may be allowed to read everything.
    command.env("AEGIS_DATA", program.folder.path().join("stage.json"));
    let outcome = Outcome::of(command.output().await.unwrap()).expect(1);
    assert!(outcome.err.contains("cannot look into"), "{}", outcome.err);
    assert!(!outcome.err.contains("nothing has run"), "{}", outcome.err);
}

#[tokio::test]
async fn a_closed_pipe_is_quiet_everywhere() {
    let program = at(Scene::Completed).await;
    for words in [
        vec!["list"],
        vec!["get", WORKFLOW],
        vec!["get", WORKFLOW, "--json"],
        vec!["report", WORKFLOW],
        vec!["history", WORKFLOW],
        vec!["watch", WORKFLOW],
        vec!["get", "wf_aaaaaaaaaaaaaaaaaaaaaaaaaa", "--json"],
        vec!["--help"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = program.command(&words);
        let outcome = Outcome::of(
            command
                .stdout(writer)
                .spawn()
                .unwrap()
                .wait_with_output()
                .await
                .unwrap(),
        );
        assert_eq!(outcome.code, 141, "{words:?}: {}", outcome.err);
        let refused = outcome
            .err
            .starts_with("error: there is no such workflow (workflow_not_found, 404)\n");
        assert!(
            outcome.err.is_empty() || refused,
            "{words:?}: {}",
            outcome.err
        );
    }
}

#[tokio::test]
async fn what_cannot_stand_in_a_header_is_said_and_nothing_is_sent() {
    let program = at(Scene::Researching).await;
    for key in ["a\nb", "a\rb", "a\u{7f}b", "a\u{1b}[2J", "a\u{202e}b"] {
        let outcome = program
            .run(&["start", "t", "--idempotency-key", key])
            .await
            .expect(1);
        let told = "error: the idempotency key must not contain control or invisible characters";
        assert!(outcome.err.starts_with(told), "{}", outcome.err);
    }
    program.fake.with(|seen| assert!(seen.started.is_empty()));
}

#[tokio::test]
async fn an_event_that_nobody_would_act_on_is_not_sent() {
    let program = at(Scene::Researching).await;
    let emit = |words: &[&str]| {
        let words: Vec<String> = std::iter::once("emit")
            .chain(words.iter().copied())
            .map(str::to_owned)
            .collect();
        let program = &program;
        async move {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            program.run(&words).await
        }
    };
    for (words, told) in [
        (
            vec!["WorkflowRequestd", "--set", "topic=t"],
            "did you mean `WorkflowRequested`?",
        ),
        (vec!["WorkflowRequested"], "missing field `topic`"),
        (vec!["WorkflowRequested", "--set", "topc=t"], "topc"),
        (
            vec!["WorkflowRequested", "--set", "topic=t\u{202e}"],
            "U+202E",
        ),
        (
            vec!["ApprovalDecided", "--set", "workflow_id=x"],
            "decision",
        ),
        (
            vec![
                "WorkflowRequested",
                "--set",
                "topic=t",
                "--set",
                "approval.required=many",
            ],
            "approval.required",
        ),
    ] {
        let outcome = emit(&words).await.expect(1);
        assert!(outcome.err.contains("--force"), "{}", outcome.err);
        assert!(
            outcome.err.contains(told),
            "{told} is not in {}",
            outcome.err
        );
        assert!(outcome.out.is_empty(), "{}", outcome.out);
        program.fake.with(|seen| assert_eq!(seen.events.len(), 0));
    }
    emit(&["OrderPlaced", "--set", "x=1", "--force"])
        .await
        .expect(0);
    emit(&[
        "WorkflowRequested",
        "--set",
        "topic=2024",
        "--set",
        "tags.year=2024",
    ])
    .await
    .expect(0);
    std::fs::write(
        program.folder.path().join("bom.json"),
        "\u{feff}{\"topic\": \"Größe\"}",
    )
    .unwrap();
    emit(&["WorkflowRequested", "--detail", "@bom.json"])
        .await
        .expect(0);
    program.fake.with(|seen| {
        let details: Vec<&Value> = seen.events.iter().map(|event| &event["Detail"]).collect();
        let detail = |index: usize| -> Value {
            serde_json::from_str(details[index].as_str().unwrap()).unwrap()
        };
        assert_eq!(detail(0)["x"], 1);
        assert_eq!(
            (&detail(1)["topic"], &detail(1)["tags"]["year"]),
            (&json!("2024"), &json!("2024"))
        );
        assert_eq!(detail(2)["topic"], "Größe");
    });
}

#[tokio::test]
async fn without_credentials_it_says_what_to_set() {
    let program = at(Scene::Researching).await;
    let mut stage = program.fake.stage("none");
    for key in ["access_key_id", "secret_access_key"] {
        stage.as_object_mut().unwrap().remove(key);
    }
    stage["outputs"]["dlq_urls"] = json!({"intake": "http://127.0.0.1:9/1/dead"});
    stage["outputs"]["log_group_names"] = json!({"intake": "/group"});
    stage["outputs"]["token_keys_parameter"] = json!("/keys");
    std::fs::write(program.folder.path().join("stage.json"), stage.to_string()).unwrap();
    for words in [
        vec!["emit", "WorkflowRequested", "--set", "topic=t"],
        vec!["dlq", "list"],
        vec!["dlq", "show", "intake"],
        vec!["logs"],
        vec!["keys", "list"],
    ] {
        let words = [words.as_slice(), &["--json"]].concat();
        let mut command = program.command(&words);
        for variable in [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_PROFILE",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        ] {
            command.env_remove(variable);
        }
        command
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("HOME", program.folder.path());
        let outcome = Outcome::of(command.output().await.unwrap()).expect(1);
        assert!(
            outcome.err.contains("no AWS credentials were found"),
            "{words:?}: {}",
            outcome.err
        );
        assert_eq!(
            outcome.json()["error"]["code"],
            "no_credentials",
            "{words:?}"
        );
        assert!(
            outcome.err.contains("AWS_ACCESS_KEY_ID"),
            "{words:?}: {}",
            outcome.err
        );
        for sign in ["{", "Some(", "Error("] {
            assert!(!outcome.err.contains(sign), "{words:?}: {}", outcome.err);
        }
        assert_eq!(outcome.err.lines().count(), 1, "{}", outcome.err);
    }
}

#[tokio::test]
async fn deciding_again_says_how_things_stand() {
    let program = at(Scene::Waiting(0)).await;
    let outcome = program.run(&["approve", WORKFLOW]).await.expect(0);
    assert!(
        outcome.out.contains("approved revision 0\n"),
        "{}",
        outcome.out
    );
    assert!(
        outcome.out.contains(&format!("{WORKFLOW}  running\n")),
        "{}",
        outcome.out
    );
    // The API takes the same decision twice; the workflow has gone on meanwhile.
    program.fake.with(|seen| {
        seen.scene = Scene::Completed;
        seen.again = true;
    });
    let outcome = program
        .run(&["approve", WORKFLOW, "--revision", "0"])
        .await
        .expect(0);
    assert!(
        outcome.out.contains(&format!("{WORKFLOW}  completed\n")),
        "{}",
        outcome.out
    );
    assert!(outcome.out.contains("aegis report wf_"), "{}", outcome.out);
    assert!(!outcome.out.contains("goes on"), "{}", outcome.out);
}

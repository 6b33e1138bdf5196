//! What a newcomer types, with no server and with one.

use serde_json::Value;

use crate::program::{Client, Server, output};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_becomes_a_report_with_one_command() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let nothing = output(&data, &["list"]).await;
    assert_eq!(nothing.status.code(), Some(1));
    assert!(
        text(&nothing.stderr).contains("nothing has run in"),
        "{nothing:?}"
    );

    let topic = "Impact of quantum computing on cryptography";
    let run = output(&data, &["run", topic, "--approve"]).await;
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    let reports = std::fs::read_dir(folder.path().join("aegis-reports")).unwrap();
    let report = reports.last().unwrap().unwrap();
    assert!(
        std::fs::read_to_string(report.path())
            .unwrap()
            .starts_with("# Impact")
    );

    // Without a server the verb is one meanwhile.
    let list = output(&data, &["list", "--json"]).await;
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(list["workflows"][0]["status"], "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_goes_on_with_the_next_verb() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let started = output(&data, &["start", "quantum computing", "--json"]).await;
    let started: Value = serde_json::from_slice(&started.stdout).unwrap();
    let id = started["workflow_id"].as_str().unwrap();
    // Nobody is there who could decide.
    let again = ["run", "quantum computing", "--idempotency-key", "k"];
    let waits = output(&data, &again).await;
    assert_eq!(waits.status.code(), Some(3), "{waits:?}");
    let found = output(&data, &["findings", id]).await;
    assert_eq!(
        found.status.code(),
        Some(0),
        "the other went on too: {found:?}"
    );
    let approved = output(&data, &["approve", id]).await;
    assert_eq!(approved.status.code(), Some(0), "{approved:?}");
    let ended = output(&data, &["watch", id]).await;
    assert!(text(&ended.stdout).contains("completed"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_at_a_time_holds_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data).await;
    let second = output(&data, &["serve", "--json"]).await;
    assert_eq!(second.status.code(), Some(1), "{second:?}");
    let said: Value = serde_json::from_slice(&second.stdout).unwrap();
    assert_eq!(said["error"]["code"], "folder_held");
    let message = said["error"]["message"].as_str().unwrap();
    assert!(message.contains(&server.endpoint), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_server_at_work_goes_on_elsewhere_once_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data).await;
    let client = Client::of(&server);
    let wanted = serde_json::json!({"topic": "Impact of quantum computing on cryptography"});
    let (_, accepted) = client.post("/workflows", "k", &wanted).await;
    let id = accepted["workflow_id"].as_str().unwrap();
    client
        .wait_for(id, |view| view["status"] == "awaiting_approval")
        .await;
    let copy = folder.path().join("copy.aegis");
    let copy = copy.to_str().unwrap();
    let made = output(&data, &["backup", copy]).await;
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    let again = output(&data, &["backup", copy]).await;
    assert!(
        text(&again.stderr).contains("is there already"),
        "{again:?}"
    );
    server.kill().await;

    let other = folder.path().join("other");
    let restored = output(&other, &["restore", copy]).await;
    assert_eq!(restored.status.code(), Some(0), "{restored:?}");
    let again = output(&other, &["restore", copy]).await;
    assert!(
        text(&again.stderr).contains("is there already"),
        "{again:?}"
    );
    let approved = output(&other, &["approve", id]).await;
    assert_eq!(approved.status.code(), Some(0), "{approved:?}");
    assert!(
        text(&approved.stderr).contains("nothing moves"),
        "{approved:?}"
    );
    let get = output(&other, &["get", id, "--json"]).await;
    let view: Value = serde_json::from_slice(&get.stdout).unwrap();
    assert_eq!(
        (&view["status"], &view["at"]),
        (&"running".into(), &"write".into())
    );
    let ill = output(&other, &["doctor", "--json"]).await;
    assert_eq!(ill.status.code(), Some(1));
    assert!(text(&ill.stdout).contains("--resume"), "{ill:?}");

    let resumed = Server::start_with(&other, &["--resume"]).await;
    let client = Client::of(&resumed);
    client
        .wait_for(id, |view| view["status"] == "completed")
        .await;
    let well = output(&other, &["doctor"]).await;
    assert_eq!(well.status.code(), Some(0), "{well:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_names_what_is_ill_and_what_helps() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("aegis.db"), "no database ".repeat(200)).unwrap();
    let config = folder.path().join("agents.toml");
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    std::fs::write(
        &config,
        format!("[agents.reviewer]\nurl = \"http://{nobody}\"\n"),
    )
    .unwrap();
    let config = config.to_str().unwrap();
    let told = output(&data, &["doctor", "--config", config, "--json"]).await;
    assert_eq!(told.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let ill = told["checks"].as_array().unwrap().iter();
    let ill: Vec<&Value> = ill.filter(|check| check["well"] == false).collect();
    let what: Vec<&str> = ill
        .iter()
        .map(|check| check["what"].as_str().unwrap())
        .collect();
    assert_eq!(what, ["database", "agent reviewer"], "{told:#}");
    assert!(ill.iter().all(|check| check["remedy"].is_string()));
    let serve = output(&data, &["serve", "--json"]).await;
    let said: Value = serde_json::from_slice(&serve.stdout).unwrap();
    assert_eq!(said["error"]["code"], "database_unusable", "{said:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_systems_start_workflows_and_hear_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data).await;
    let emit = [
        "emit",
        "WorkflowRequested",
        "--set",
        "topic=quantum computing",
        "--json",
    ];
    let emitted = output(&data, &emit).await;
    assert_eq!(emitted.status.code(), Some(0), "{emitted:?}");
    let emitted: Value = serde_json::from_slice(&emitted.stdout).unwrap();
    let id = emitted["workflow_id"].as_str().unwrap();
    let client = Client::of(&server);
    client
        .wait_for(id, |view| view["status"] == "awaiting_approval")
        .await;
    let workflow = format!("workflow_id={id}");
    let decide = [
        "emit",
        "ApprovalDecided",
        "--set",
        &workflow,
        "--set",
        "decision=approve",
    ];
    let decided = output(&data, &decide).await;
    assert_eq!(decided.status.code(), Some(0), "{decided:?}");
    client
        .wait_for(id, |view| view["status"] == "completed")
        .await;
    let late = [
        "emit",
        "ApprovalDecided",
        "--set",
        &workflow,
        "--set",
        "decision=reject",
    ];
    let late = output(&data, &late).await;
    assert_eq!(
        late.status.code(),
        Some(1),
        "whoever sends is told at once: {late:?}"
    );

    let events = output(&data, &["events", "--json"]).await;
    let lines = text(&events.stdout);
    let events: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<&str> = events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds.first(), Some(&"WorkflowStarted"));
    assert_eq!(kinds.last(), Some(&"WorkflowCompleted"));
    let last = events.last().unwrap()["position"].to_string();
    let none = output(&data, &["events", "--json", "--after", &last]).await;
    assert_eq!(text(&none.stdout), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_come_at_once_find_one_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let starts = ["a", "b", "c", "d"].map(|key| {
        let words = [
            "start",
            "quantum computing",
            "--idempotency-key",
            key,
            "--json",
        ];
        let data = data.clone();
        async move { output(&data, &words).await }
    });
    for started in futures::future::join_all(starts).await {
        assert_eq!(started.status.code(), Some(0), "{started:?}");
    }
    let list = output(&data, &["list", "--json"]).await;
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(list["workflows"].as_array().unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_of_another_folder_is_not_taken_for_this_one_s() {
    let folder = tempfile::tempdir().unwrap();
    let (own, other) = (folder.path().join("own"), folder.path().join("other"));
    let server = Server::start(&own).await;
    let address = server.endpoint.trim_start_matches("http://").to_owned();
    let wanted = serde_json::json!({"topic": "quantum computing"});
    let (_, accepted) = Client::of(&server).post("/workflows", "k", &wanted).await;
    server.kill().await;
    let _other = Server::start_at(&other, &["--listen", &address]).await;
    let list = output(&own, &["list", "--json"]).await;
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(list["workflows"][0]["workflow_id"], accepted["workflow_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_not_mixed_with_what_an_older_database_left() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data).await;
    let copy = folder.path().join("copy.aegis");
    let copy = copy.to_str().unwrap();
    let made = output(&data, &["backup", copy]).await;
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    server.kill().await;
    std::fs::remove_file(data.join("aegis.db")).unwrap();
    let restored = output(&data, &["restore", copy]).await;
    assert_eq!(restored.status.code(), Some(1), "{restored:?}");
    assert!(
        text(&restored.stderr).contains("aegis.db-wal"),
        "{restored:?}"
    );
}

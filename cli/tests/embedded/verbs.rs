//! What a newcomer types, with no server and with one.

use serde_json::Value;

use crate::program::{Server, output};

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

//! `kill -9` at any moment, under load: nothing is lost, and nothing is done twice.
//!
//! `AEGIS_KILLS` says how often (50), `AEGIS_SEED` at which moments.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::program::{Client, Server};

const WORKFLOWS_AT_ONCE: usize = 6;
/// Milliseconds from a start until its end, at most. A workflow takes about as long.
const LONGEST_LIFE: u64 = 400;

fn number(variable: &str, usual: u64) -> u64 {
    let said = std::env::var(variable).ok();
    said.map_or(usual, |text| text.parse().unwrap())
}

/// From a topic to a report, across the ends of servers.
async fn live_through(client: &Client, key: String) -> String {
    let wanted = json!({"topic": "Impact of quantum computing on cryptography"});
    let (status, accepted) = client.post("/workflows", &key, &wanted).await;
    assert_eq!(status, 202, "{accepted}");
    let id = accepted["workflow_id"].as_str().unwrap().to_owned();
    let has_ended = |view: &Value| match view["status"].as_str() {
        Some(status) => !["running", "awaiting_approval"].contains(&status),
        None => panic!("{view:#}"),
    };
    let asked = |view: &Value| view["status"] == "awaiting_approval" || has_ended(view);
    client.wait_for(&id, asked).await;
    let decision = json!({"decision": "approve", "approver": "ada", "revision": 0});
    // Known already, where the answer to the first was lost.
    let (status, answer) = client
        .post(&format!("/approve/{id}"), &key, &decision)
        .await;
    assert_eq!(status, 200, "{answer}");
    let view = client.wait_for(&id, has_ended).await;
    assert_eq!(view["status"], "completed", "{view:#}");
    id
}

/// What the history of one workflow has to be, whatever happened meanwhile.
async fn judge(client: &Client, id: &str) {
    let (_, view) = client.get(&format!("/workflows/{id}")).await;
    for step in view["steps"].as_array().unwrap() {
        assert_eq!(
            step["attempt"], 1,
            "the end of a server is no life of an attempt: {view:#}"
        );
    }
    let (_, history) = client.get(&format!("/workflows/{id}/history")).await;
    let mut counted: BTreeMap<&str, u32> = BTreeMap::new();
    for event in history["events"].as_array().unwrap() {
        *counted.entry(event["type"].as_str().unwrap()).or_default() += 1;
    }
    let expected = [
        ("ApprovalGranted", 1),
        ("ApprovalRequested", 1),
        ("StepCompleted", 3),
        ("WorkflowCompleted", 1),
        ("WorkflowStarted", 1),
    ];
    assert_eq!(counted, BTreeMap::from(expected), "{history:#}");
    let report = client.text(view["result"]["url"].as_str().unwrap()).await;
    assert!(report.starts_with("# Impact"), "{report}");
}

/// Kills and starts servers until `kills` are dead, and returns the one that lives.
async fn killer(first: Server, data: &Path, kills: u64, seed: u64) -> Server {
    let mut chance = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let address = first.endpoint.trim_start_matches("http://").to_owned();
    let mut server = first;
    for _ in 0..kills {
        let life = chance.random_range(0..LONGEST_LIFE);
        tokio::time::sleep(Duration::from_millis(life)).await;
        server.kill().await;
        server = Server::start_at(data, &["--listen", &address]).await;
    }
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nothing_done_twice() {
    let (kills, seed) = (number("AEGIS_KILLS", 50), number("AEGIS_SEED", 7));
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let first = Server::start(&data).await;
    let client = Client::of(&first);
    let over = std::sync::atomic::AtomicBool::new(false);
    let load = async {
        let one = |lane: usize| {
            let (client, over) = (&client, &over);
            async move {
                let mut ids = Vec::new();
                while !over.load(std::sync::atomic::Ordering::Relaxed) {
                    ids.push(live_through(client, format!("{lane}-{}", ids.len())).await);
                }
                ids
            }
        };
        let lanes = futures::future::join_all((0..WORKFLOWS_AT_ONCE).map(one)).await;
        lanes.into_iter().flatten().collect::<Vec<String>>()
    };
    let killing = async {
        let server = killer(first, &data, kills, seed).await;
        over.store(true, std::sync::atomic::Ordering::Relaxed);
        server
    };
    let (ids, _server) = tokio::join!(load, killing);
    for id in &ids {
        judge(&client, id).await;
    }
    println!(
        "{kills} kills with seed {seed}: {} workflows completed",
        ids.len()
    );
    assert!(ids.len() >= WORKFLOWS_AT_ONCE);
}

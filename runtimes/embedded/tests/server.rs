//! A server as its clients see it: over HTTP, with the agents that ship.

#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::path::Path;

use aegis_embedded::{Configuration, Embedded, Options};
use aegis_workflow::Rules;
use serde_json::{Value, json};

async fn server(data: &Path) -> Embedded {
    let options = Options {
        data: data.to_owned(),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        configuration: Configuration::default(),
        flows: Vec::new(),
        rules: Rules::default(),
        resume: false,
    };
    Embedded::start(options).await.unwrap()
}

struct Client {
    base: String,
    http: reqwest::Client,
}

impl Client {
    fn of(server: &Embedded) -> Self {
        Self {
            base: server.description().api_endpoint.clone(),
            http: reqwest::Client::new(),
        }
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self
            .http
            .get(format!("{}{path}", self.base))
            .send()
            .await
            .unwrap();
        answer.json().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.base)).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Once the workflow has this status.
    async fn wait_for(&self, id: &str, status: &str) -> Value {
        let wait = async {
            loop {
                let view = self.get(&format!("/workflows/{id}")).await;
                if view["status"] == status {
                    return view;
                }
                assert_ne!(view["status"], "failed", "{view:#}");
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(120), wait)
            .await
            .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_becomes_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let client = Client::of(&server);
    let topic = json!({"topic": "Impact of quantum computing on cryptography"});
    let started = client.post("/workflows", topic).await;
    let id = started["workflow_id"].as_str().unwrap();
    let view = client.wait_for(id, "awaiting_approval").await;
    assert_eq!(view["at"], "findings");
    let decision = json!({"decision": "approve", "approver": "ada"});
    client.post(&format!("/approve/{id}"), decision).await;
    let view = client.wait_for(id, "completed").await;
    let url = view["result"]["url"].as_str().unwrap();
    let report = client.http.get(url).send().await.unwrap();
    assert_eq!(report.headers()["x-content-type-options"], "nosniff");
    let report = report.text().await.unwrap();
    assert!(report.starts_with("# "), "{report}");
    server.stop().await;
}

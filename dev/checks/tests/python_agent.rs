//! `agents/python/agent.py` against the real services, over HTTP: claims, lives, stops and passing faults.
//!
//! State and bucket are in memory; the bucket takes what signed addresses say, and nothing else.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panic")]

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aegis_artifacts::Artifacts;
use aegis_callback::Callback;
use aegis_contracts::agent::AgentTask;
use aegis_contracts::artifact::{CLAIM, COMPLETION};
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::Status;
use aegis_engine::api::{ApiHandler, ApiRequest, Caller};
use aegis_engine::error::PortError;
use aegis_testkit::flow::attempt;
use aegis_testkit::harness::Harness;
use aegis_testkit::memory::MemoryArtifacts;
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

const SESSION: &str = "aegis-session-of-a-test-0000000000000000";
const OTHER: &str = "aegis-session-of-another-000000000000000";

/// The platform and the bucket at one address, and an agent that knows neither.
struct Stage {
    harness: Harness,
    url: String,
    agent: String,
    process: Child,
    /// While it is false, the bucket lets readers wait.
    readable: watch::Sender<bool>,
    client: reqwest::Client,
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Platform {
    artifacts: Artifacts,
    callback: Callback,
    bucket: Arc<MemoryArtifacts>,
    readable: watch::Receiver<bool>,
    url: String,
}

impl Platform {
    async fn answer(&self, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
        if let Some(key) = uri.path().strip_prefix("/bucket/") {
            return self.of_the_bucket(&method, key, &headers, &body).await;
        }
        let parts: Vec<&str> = uri.path().split('/').skip(1).collect();
        let (route, named) = match parts[..] {
            ["callbacks", id] => ("", vec![("id", id)]),
            ["callbacks", id, "artifacts"] => ("/artifacts", vec![("id", id)]),
            ["callbacks", id, "artifacts", name] => {
                ("/artifacts/{name}", vec![("id", id), ("name", name)])
            }
            ["callbacks", id, "inputs", n] => ("/inputs/{n}", vec![("id", id), ("n", n)]),
            _ => return StatusCode::NOT_FOUND.into_response(),
        };
        let text = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let header = headers.iter().filter_map(|(name, value)| {
            let value = value.to_str().ok()?.to_owned();
            Some((name.as_str().to_owned(), value))
        });
        let request = ApiRequest {
            route: format!("{method} /callbacks/{{id}}{route}"),
            path: named.into_iter().map(text).collect(),
            query: Vec::new(),
            headers: header.collect(),
            body: Ok(body.to_vec()),
            caller: Caller::Anonymous,
        };
        let answer = match route {
            "" => self.callback.respond(&request).await,
            _ => self.artifacts.respond(&request).await,
        };
        let bucket = format!("{}/bucket/", self.url);
        let body = answer.body.replace("memory:///", &bucket);
        (StatusCode::from_u16(answer.status).unwrap(), body).into_response()
    }

    async fn of_the_bucket(
        &self,
        method: &Method,
        key: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Response {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if header("authorization").is_some() {
            return (StatusCode::BAD_REQUEST, "two proofs").into_response();
        }
        if *method == Method::GET {
            let mut readable = self.readable.clone();
            readable.wait_for(|readable| *readable).await.unwrap();
            return match self.bucket.get(key) {
                Some(bytes) => bytes.into_response(),
                None => StatusCode::NOT_FOUND.into_response(),
            };
        }
        let signed = header("content-length") == Some(&body.len().to_string())
            && header("x-amz-checksum-sha256") == Some(&HEXLOWER.encode(&Sha256::digest(body)))
            && header("if-none-match") == Some("*")
            && header("content-type").is_some_and(|kind| kind.contains('/'));
        match (signed, signed && self.bucket.put_new(key, body)) {
            (false, _) => StatusCode::FORBIDDEN,
            (true, false) => StatusCode::PRECONDITION_FAILED,
            (true, true) => StatusCode::OK,
        }
        .into_response()
    }
}

impl Stage {
    /// The analyst's step is under way: it has an input.
    async fn new() -> Self {
        let harness = Harness::dispatched();
        harness.succeed();
        harness.dispatch();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (readable, waiting) = watch::channel(true);
        let bucket = harness.ports.artifacts.clone();
        let platform = Arc::new(Platform {
            artifacts: Artifacts {
                engine: harness.engine.clone(),
                bucket: bucket.clone(),
                keys: harness.ports.key_ring(false),
            },
            callback: Callback {
                engine: harness.engine.clone(),
                artifacts: bucket.clone(),
                keys: harness.ports.key_ring(false),
            },
            bucket,
            readable: waiting,
            url: url.clone(),
        });
        let router = Router::new().fallback(move |method, uri, headers, body| {
            let platform = Arc::clone(&platform);
            async move { platform.answer(method, uri, headers, body).await }
        });
        tokio::spawn(axum::serve(listener, router).into_future());
        // Free again at once, for the agent.
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
        let bind = free.unwrap().to_string();
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../agents/python/agent.py");
        let process = Command::new("python3")
            .arg(program)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("AGENT_BIND", &bind)
            .stdout(Stdio::null())
            .spawn();
        let stage = Self {
            harness,
            url,
            agent: format!("http://{bind}"),
            process: process.unwrap(),
            readable,
            client: reqwest::Client::builder()
                .timeout(Duration::from_secs(30))
                .build()
                .unwrap(),
        };
        stage
            .until("the agent to answer", async || {
                stage.ping().await == Some("Healthy".to_owned())
            })
            .await;
        stage
    }

    async fn until(&self, what: &str, mut there: impl AsyncFnMut() -> bool) {
        for _ in 0..500 {
            if there().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("waited for {what}");
    }

    async fn ping(&self) -> Option<String> {
        let ping = self.client.get(format!("{}/ping", self.agent)).send();
        let ping: Value = ping.await.ok()?.json().await.ok()?;
        ping["status"].as_str().map(str::to_owned)
    }

    async fn idle(&self) {
        self.until("the agent to be idle", async || {
            self.ping().await == Some("Healthy".to_owned())
        })
        .await;
    }

    async fn decided(&self) {
        self.until("the result to count", async || {
            self.harness.status() == Status::AwaitingApproval
        })
        .await;
    }

    fn task(&self) -> Value {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let hour = Duration::from_secs(3600);
        let deadline = Timestamp::UNIX_EPOCH.plus(since.unwrap()).plus(hour);
        let evidence = self.key("research", "evidence.json");
        let file = self.harness.ports.artifacts.get(&evidence).unwrap();
        let callback = format!("{}/callbacks/{}", self.url, self.harness.id);
        let task = json!({
            "schema_version": 1, "workflow_id": self.harness.id, "flow": "report", "step": "analyze",
            "attempt": 1, "revision": 0, "topic": "lattices", "writes": "analysis.json",
            "inputs": [{
                "step": "research", "name": "evidence.json", "key": evidence, "size": file.len(),
                "url": format!("{callback}/inputs/0"), "media_type": "application/json",
                "sha256": HEXLOWER.encode(&Sha256::digest(&file)),
            }],
            "output_prefix": self.key("analyze", ""),
            "artifacts": {"url": format!("{callback}/artifacts")},
            "callback": {"url": callback, "token": self.harness.token_for(&attempt("analyze", 1))},
            "deadline_at": deadline, "heartbeat_seconds": 300,
        });
        // As a dispatcher writes it.
        let read: AgentTask = serde_json::from_value(task).unwrap();
        serde_json::to_value(read).unwrap()
    }

    fn key(&self, step: &str, name: &str) -> String {
        format!("{}{name}", self.harness.prefix(&attempt(step, 1)))
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let key = self.key("analyze", name);
        assert!(self.harness.ports.artifacts.put_new(&key, bytes));
    }

    /// A file of the attempt.
    fn file(&self, name: &str) -> Option<Vec<u8>> {
        let key = self.key("analyze", name);
        self.harness.ports.artifacts.get(&key)
    }

    fn reported(&self) -> BTreeMap<String, String> {
        let workflow = self.harness.workflow();
        let result = workflow.result_of(&"analyze".parse().unwrap(), None);
        let artifacts = aegis_workflow::artifact_refs(&workflow).into_iter();
        assert!(result.is_some());
        artifacts.map(|one| (one.name, one.sha256)).collect()
    }

    async fn invoke(&self, session: &str) -> (u16, Value) {
        let sent = self
            .client
            .post(format!("{}/invocations", self.agent))
            .header("X-Amzn-Bedrock-AgentCore-Runtime-Session-Id", session)
            .json(&self.task())
            .send()
            .await
            .unwrap();
        (sent.status().as_u16(), sent.json().await.unwrap())
    }

    async fn begun(&self) {
        let accepted = json!({"status": "accepted"});
        assert_eq!(self.invoke(SESSION).await, (200, accepted));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_is_claimed_done_recorded_and_reported() {
    let stage = Stage::new().await;
    stage.begun().await;
    stage.decided().await;
    let analysis = String::from_utf8(stage.file("analysis.json").unwrap()).unwrap();
    assert!(analysis.starts_with("# lattices\n\n- `evidence.json` of `research` has "));
    let claim: Value = serde_json::from_slice(&stage.file(CLAIM).unwrap()).unwrap();
    assert_eq!(claim["session"], SESSION);
    stage.idle().await;
    // It counts no more: nothing of it is begun again.
    assert_eq!(stage.invoke(SESSION).await.0, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_whose_report_was_lost_is_reported_again() {
    let stage = Stage::new().await;
    let record = serde_json::to_vec(&stage.harness.completion()).unwrap();
    stage.put(
        CLAIM,
        json!({"session": OTHER, "invocation": "1"})
            .to_string()
            .as_bytes(),
    );
    stage.put(COMPLETION, &record);
    let completed = json!({"status": "already_completed"});
    assert_eq!(stage.invoke(SESSION).await, (200, completed));
    stage.decided().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_claim_of_another_session_is_left_alone() {
    let stage = Stage::new().await;
    stage.put(
        CLAIM,
        json!({"session": OTHER, "invocation": "1"})
            .to_string()
            .as_bytes(),
    );
    let (status, problem) = stage.invoke(SESSION).await;
    assert_eq!(
        (status, &problem["code"]),
        (409, &json!("claimed_elsewhere"))
    );
    assert_eq!(stage.file("analysis.json"), None);
    assert_eq!(stage.ping().await, Some("Healthy".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_life_goes_on_and_what_the_first_one_put_stays() {
    let stage = Stage::new().await;
    stage.put(
        CLAIM,
        json!({"session": SESSION, "invocation": "1"})
            .to_string()
            .as_bytes(),
    );
    stage.put("analysis.json", b"first");
    stage.begun().await;
    stage.decided().await;
    assert_eq!(stage.file("analysis.json").unwrap(), b"first");
    let first = HEXLOWER.encode(&Sha256::digest(b"first"));
    assert_eq!(stage.reported()["analysis.json"], first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_at_work_is_not_begun_twice_and_can_be_stopped() {
    let stage = Stage::new().await;
    stage.readable.send_replace(false);
    stage.begun().await;
    let running = json!({"status": "already_running"});
    assert_eq!(stage.invoke(SESSION).await, (200, running));
    assert_eq!(stage.ping().await, Some("HealthyBusy".to_owned()));
    let stop = async |session: &str| {
        let url = format!("{}/invocations/{session}", stage.agent);
        stage.client.delete(url).send().await.unwrap().status()
    };
    assert_eq!(stop(OTHER).await, 404);
    assert_eq!(stop(SESSION).await, 200);
    stage.readable.send_replace(true);
    stage.idle().await;
    assert_eq!(stage.file("analysis.json"), None);
    assert_eq!(stage.file(COMPLETION), None);
    assert_eq!(stage.harness.status(), Status::Running);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superseded_attempt_stops() {
    let stage = Stage::new().await;
    stage.readable.send_replace(false);
    stage.begun().await;
    stage.harness.cancel();
    stage.readable.send_replace(true);
    stage.idle().await;
    assert_eq!(stage.file("analysis.json"), None);
    assert_eq!(stage.file(COMPLETION), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn passing_faults_are_waited_out() {
    let stage = Stage::new().await;
    let faults = &stage.harness.ports.faults;
    for operation in ["list", "presign_put", "presign", "facts", "commit"] {
        faults.fail_next(operation, PortError::Transient("away".to_owned()));
        faults.fail_next(operation, PortError::Throttled("busy".to_owned()));
    }
    stage.begun().await;
    stage.decided().await;
    assert!(stage.file(COMPLETION).is_some());
}

//! A whole agent in a test: its server on a free port of 127.0.0.1, storage in memory, and a platform that takes
//! callbacks and answers as it is told.
//!
//! Nothing here sleeps: tests wait for what they expect.
#![expect(clippy::unwrap_used, clippy::panic, reason = "serves tests only")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::agent::{AgentTask, CallbackTarget, InvocationStatus, Role};
use aegis_contracts::artifact::{ArtifactRef, attempt_prefix};
use aegis_contracts::callback::AgentReport;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::request::Parameters;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::agent::Agent;
use crate::health::Ping;
use crate::invocation::SESSION_HEADER;
use crate::publish::sha256_hex;
use crate::reporter::now;
use crate::server::Server;
use crate::store::ArtifactStore;

pub const SESSION: &str = "aegis-session-of-a-test-0000000000000000";
pub const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TOKEN: &str = "v1.k.0.test";
/// Nothing in these tests takes so long; a test that waits longer waits for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// A first attempt with the built-in corpus, an hour's time and no inputs.
pub fn task(role: Role, topic: &str, callback_url: &str) -> AgentTask {
    let workflow_id = WorkflowId::derive("test", topic);
    AgentTask {
        schema_version: SCHEMA_VERSION,
        output_prefix: attempt_prefix(&workflow_id, role, 1),
        workflow_id,
        role,
        attempt: 1,
        revision: 0,
        topic: topic.to_owned(),
        parameters: Parameters::default(),
        feedback: None,
        inputs: Vec::new(),
        callback: CallbackTarget {
            url: callback_url.to_owned(),
            token: TOKEN.to_owned(),
        },
        deadline_at: now().plus(Duration::from_secs(3600)),
        heartbeat_seconds: 300,
        traceparent: Some(TRACEPARENT.to_owned()),
    }
}

/// An input as the step before would have written it; `key` is where it was put.
pub fn input(name: &str, key: &str, bytes: &[u8]) -> ArtifactRef {
    ArtifactRef {
        name: name.to_owned(),
        key: key.to_owned(),
        size: bytes.len() as u64,
        media_type: "application/json".to_owned(),
        sha256: sha256_hex(bytes),
    }
}

/// How the platform answers one callback.
#[derive(Debug, Clone, Copy)]
pub enum Reply {
    Status(u16),
    /// Takes the report, and the answer never arrives.
    Lost,
}

/// A callback as it arrived.
#[derive(Debug, Clone)]
pub struct Arrived {
    pub report: AgentReport,
    pub traceparent: Option<String>,
}

#[derive(Default)]
struct Desk {
    planned: Mutex<VecDeque<Reply>>,
    always: Mutex<Option<Reply>>,
    arrived: watch::Sender<Vec<Arrived>>,
}

/// The platform's side of the callbacks. Answers 200 unless told otherwise.
pub struct FakePlatform {
    desk: Arc<Desk>,
    url: String,
}

impl FakePlatform {
    pub async fn start() -> Self {
        let desk = Arc::new(Desk::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/callbacks/x", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/callbacks/{id}", post(take))
            .with_state(desk.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { desk, url }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The next callbacks are answered so, one each.
    pub fn plan(&self, replies: &[Reply]) {
        self.desk.planned.lock().unwrap().extend(replies);
    }

    /// All callbacks without a plan are answered so.
    pub fn always(&self, reply: Option<Reply>) {
        *self.desk.always.lock().unwrap() = reply;
    }

    pub fn arrived(&self) -> Vec<Arrived> {
        self.desk.arrived.borrow().clone()
    }

    /// Results and failures, without progress.
    pub fn conclusions(&self) -> Vec<AgentReport> {
        conclusions(&self.desk.arrived.borrow())
    }

    /// Returns once so many results and failures have arrived.
    pub async fn conclusion(&self, count: usize) -> Vec<AgentReport> {
        self.until(|arrived| conclusions(arrived).len() >= count)
            .await;
        self.conclusions()
    }

    /// Returns once what has arrived is as wanted.
    pub async fn until(&self, wanted: impl Fn(&[Arrived]) -> bool) {
        let mut arrived = self.desk.arrived.subscribe();
        let waiting = arrived.wait_for(|arrived| wanted(arrived));
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!("never arrived; seen: {:#?}", self.arrived());
        }
    }
}

fn conclusions(arrived: &[Arrived]) -> Vec<AgentReport> {
    let reports = arrived.iter().map(|arrived| arrived.report.clone());
    reports
        .filter(|report| !matches!(report, AgentReport::Progress { .. }))
        .collect()
}

async fn take(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    Json(report): Json<AgentReport>,
) -> Response {
    let header = |name: &str| {
        headers
            .get(name)
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned)
    };
    assert_eq!(header("authorization"), Some(format!("Bearer {TOKEN}")));
    let arrived = Arrived {
        report,
        traceparent: header("traceparent"),
    };
    let planned = desk.planned.lock().unwrap().pop_front();
    let reply = planned.or(*desk.always.lock().unwrap());
    desk.arrived.send_modify(|all| all.push(arrived));
    match reply.unwrap_or(Reply::Status(200)) {
        Reply::Status(code) => StatusCode::from_u16(code).unwrap().into_response(),
        // Unwinding ends the connection without an answer.
        Reply::Lost => std::panic::resume_unwind(Box::new("lost on purpose")),
    }
}

/// A process of an agent, with a runtime of its own, so that it can die in the middle of anything.
pub struct AgentProcess {
    runtime: Option<Runtime>,
    base: String,
    http: reqwest::Client,
    interrupt: Box<dyn Fn() + Send + Sync>,
}

impl AgentProcess {
    pub fn start<A: Agent>(agent: A, store: Arc<dyn ArtifactStore>) -> Self {
        let runtime = Runtime::new().unwrap();
        let server = Server::new(agent, store).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = server.clone().router();
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router).await
        });
        Self {
            runtime: Some(runtime),
            base,
            http: reqwest::Client::new(),
            interrupt: Box::new(move || server.interrupt()),
        }
    }

    /// Invokes and expects to be taken.
    pub async fn invoke(&self, task: &AgentTask) -> InvocationStatus {
        let (status, body) = self.invoke_as(SESSION, task).await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_value(body["status"].clone()).unwrap()
    }

    pub async fn invoke_as(&self, session: &str, task: &AgentTask) -> (u16, serde_json::Value) {
        let request = self
            .http
            .post(format!("{}/invocations", self.base))
            .header(SESSION_HEADER, session)
            .json(task);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub async fn ping(&self) -> Ping {
        let response = self.http.get(format!("{}/ping", self.base)).send().await;
        response.unwrap().json().await.unwrap()
    }

    /// As SIGTERM does when work outlasts its grace.
    pub fn interrupt(&self) {
        (self.interrupt)();
    }

    /// As SIGKILL does.
    pub fn kill(mut self) {
        self.shut_down();
    }

    fn shut_down(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A runtime must not be dropped inside another one, so it is sent off.
impl Drop for AgentProcess {
    fn drop(&mut self) {
        self.shut_down();
    }
}

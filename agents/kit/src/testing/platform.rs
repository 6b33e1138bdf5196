//! The platform's side of the callbacks.
#![expect(clippy::unwrap_used, clippy::panic, reason = "serves tests only")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aegis_contracts::callback::AgentReport;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::TOKEN;

/// Nothing in these tests takes so long; a test that waits longer waits for ever.
const PATIENCE: Duration = Duration::from_secs(60);

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

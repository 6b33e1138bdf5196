//! The runtime's HTTP interface, as the AWS SDK for AgentCore calls it: served on this machine, or as a function behind a
//! stage's API, which Terraform deploys where `instant_agents` is set.
//! <https://docs.aws.amazon.com/bedrock-agentcore/latest/APIReference/API_InvokeAgentRuntime.html>
//!
//! Signatures are not checked: it holds no keys to check them with. On this machine it listens at this machine only.
//!
//! As a function it goes on with nothing once it has answered, so there the whole attempt is done before the answer: the
//! report comes before its dispatch is noted, which the platform takes, and latencies count into the dispatcher's call.
//! Whoever knows the API may call. What keeps strangers out is the task's token: before anything is written the callback
//! API is asked whether it takes a report, and no other API is.

use std::io;
use std::sync::Arc;

use aegis_agent_kit::health::Ping;
use aegis_agent_kit::invocation::{Invocation, SESSION_HEADER, accept};
use aegis_agent_kit::s3::S3Store;
use aegis_aws::client::connection::Connection;
use aegis_aws::client::objects::S3Objects;
use aegis_aws::lambda::Service;
use aegis_contracts::agent::InvocationAnswer;
use aegis_engine::api::{ApiHandler, ApiRequest, ApiResponse};
use anyhow::{Context as _, Result};
use async_trait::async_trait;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;

use super::completion::{Callbacks, Completion, Taken};
use super::conduct::Conduct;
use super::worker::{Refusal, Worker};

const SESSION: HeaderName = HeaderName::from_static("x-amzn-bedrock-agentcore-runtime-session-id");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
/// Far above any task.
const MAX_PAYLOAD: usize = 1024 * 1024;

pub fn router(worker: Arc<Worker>) -> Router {
    Router::new()
        .route("/ping", get(ping))
        .route("/runtimes/{arn}/invocations", post(invoke))
        .route("/runtimes/{arn}/stopruntimesession", post(stop))
        .layer(DefaultBodyLimit::max(MAX_PAYLOAD))
        .with_state(worker)
}

/// Serves until `until`.
///
/// # Errors
/// Where the listener breaks.
pub async fn serve(
    listener: TcpListener,
    worker: Arc<Worker>,
    until: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, router(worker))
        .with_graceful_shutdown(until)
        .await
}

async fn ping(State(worker): State<Arc<Worker>>) -> Json<Ping> {
    Json(worker.ping())
}

async fn invoke(State(worker): State<Arc<Worker>>, headers: HeaderMap, body: Bytes) -> Response {
    let invocation = match admitted(&headers, &body) {
        Ok(invocation) => invocation,
        Err(why) => return refused(StatusCode::BAD_REQUEST, "ValidationException", &why),
    };
    let Invocation { session, task, .. } = invocation;
    match worker.invoke(&session, task).await {
        Ok(status) => ([(SESSION, session)], Json(InvocationAnswer { status })).into_response(),
        Err(why @ Refusal::Throttled) => refused(
            StatusCode::TOO_MANY_REQUESTS,
            "ThrottlingException",
            &why.to_string(),
        ),
        Err(Refusal::Failed(why)) => {
            refused(StatusCode::FAILED_DEPENDENCY, "RuntimeClientError", &why)
        }
    }
}

/// A task says all that there is to know, so that one server can be all agents.
pub(super) fn admitted(headers: &HeaderMap, body: &[u8]) -> Result<Invocation, String> {
    accept(headers, body).map_err(|problem| problem.detail)
}

async fn stop(State(worker): State<Arc<Worker>>, headers: HeaderMap) -> Response {
    let session = headers.get(&SESSION).and_then(|value| value.to_str().ok());
    match session {
        Some(session) if worker.stop(session) => {
            ([(SESSION, session.to_owned())], Json(json!({}))).into_response()
        }
        Some(_) | None => refused(
            StatusCode::NOT_FOUND,
            "ResourceNotFoundException",
            "there is no such session",
        ),
    }
}

/// An error in the form in which the SDK recognises it.
fn refused(status: StatusCode, kind: &'static str, message: &str) -> Response {
    let kind = HeaderValue::from_static(kind);
    (
        status,
        [(ERROR_TYPE, kind)],
        Json(json!({"message": message})),
    )
        .into_response()
}

pub struct Function {
    worker: Arc<Worker>,
    completion: Arc<dyn Completion>,
}

impl Function {
    pub fn new(worker: Arc<Worker>, completion: Arc<dyn Completion>) -> Self {
        Self { worker, completion }
    }

    async fn invoke(&self, request: &ApiRequest) -> ApiResponse {
        let mut headers = HeaderMap::new();
        if let Some(Ok(session)) = request.header(SESSION_HEADER).map(str::parse) {
            headers.insert(SESSION_HEADER, session);
        }
        let body = match request.body() {
            Ok(body) => body,
            Err(problem) => return problem.into(),
        };
        let Invocation { session, task, .. } = match admitted(&headers, body) {
            Ok(invocation) => invocation,
            Err(why) => return refusal(400, "ValidationException", &why),
        };
        if let Taken::NoLongerWanted(why) | Taken::Failed(why) = self.completion.alive(&task).await
        {
            return refusal(403, "AccessDeniedException", &why);
        }
        match self.worker.perform(&session, task).await {
            Ok(status) => ApiResponse::json(200, &InvocationAnswer { status })
                .with_header(SESSION_HEADER, session),
            Err(why @ Refusal::Throttled) => refusal(429, "ThrottlingException", &why.to_string()),
            Err(Refusal::Failed(why)) => refusal(424, "RuntimeClientError", &why),
        }
    }
}

#[async_trait]
impl ApiHandler for Function {
    async fn respond(&self, request: &ApiRequest) -> ApiResponse {
        let path = request.path.get("path").map_or("", String::as_str);
        match path.rsplit('/').next() {
            Some("invocations") => self.invoke(request).await,
            // Whatever was begun here has ended.
            Some("stopruntimesession") => {
                refusal(404, "ResourceNotFoundException", "there is no such session")
            }
            Some(_) | None => refusal(404, "ResourceNotFoundException", "there is no such path"),
        }
    }
}

fn refusal(status: u16, kind: &str, message: &str) -> ApiResponse {
    ApiResponse::json(status, &json!({"message": message}))
        .with_header("x-amzn-errortype", kind.to_owned())
}

/// From `ARTIFACT_BUCKET`, `CALLBACK_API_URL`, and `AGENT_LATENCY` where they are not instant.
///
/// # Errors
/// What is missing or cannot be read.
pub async fn from_environment() -> Result<Service> {
    let variable =
        |name: &'static str| std::env::var(name).with_context(|| format!("{name} is missing"));
    let bucket = variable("ARTIFACT_BUCKET")?;
    let callbacks = Callbacks::new()?.only_below(&variable("CALLBACK_API_URL")?);
    let mut conduct = Conduct::default();
    if let Ok(latency) = variable("AGENT_LATENCY") {
        conduct.latency = latency.parse().map_err(anyhow::Error::msg)?;
    }
    let config = Connection::default().load().await;
    let store = Arc::new(S3Store::new(S3Objects::new(&config, bucket)));
    let completion: Arc<dyn Completion> = Arc::new(callbacks);
    let worker = Worker::new(store, conduct, Arc::clone(&completion));
    Ok(Service {
        api: Some(Arc::new(Function::new(worker, completion))),
        ..Service::default()
    })
}

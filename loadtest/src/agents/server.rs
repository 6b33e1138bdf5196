//! The runtime's HTTP interface, as the AWS SDK for AgentCore calls it.
//! <https://docs.aws.amazon.com/bedrock-agentcore/latest/APIReference/API_InvokeAgentRuntime.html>
//!
//! Signatures are not checked: it holds no keys to check them with, and listens at this machine only, or trusts
//! whoever reports where it may report.

use std::io;
use std::sync::Arc;

use aegis_agent_kit::health::Ping;
use aegis_agent_kit::invocation::{Invocation, accept};
use aegis_contracts::agent::InvocationAnswer;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;

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

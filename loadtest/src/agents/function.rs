//! The same agents as a function behind a stage's API, which Terraform deploys where `instant_agents` is set.
//!
//! A function goes on with nothing once it has answered, so here the whole attempt is done before the answer: the report
//! comes before its dispatch is noted, which the platform takes, and latencies count into the dispatcher's call.
//!
//! A dispatcher signs for AgentCore, which an API cannot check, so whoever knows the API may call. What keeps
//! strangers out is the task's token: before anything is written the callback API is asked whether it takes a report, and no
//! other API is.

use std::sync::Arc;

use aegis_agent_kit::invocation::{Invocation, SESSION_HEADER};
use aegis_agent_kit::s3::S3Store;
use aegis_aws::client::connection::Connection;
use aegis_aws::client::objects::S3Objects;
use aegis_aws::lambda::Service;
use aegis_contracts::agent::InvocationAnswer;
use aegis_engine::api::{ApiHandler, ApiRequest, ApiResponse};
use anyhow::{Context as _, Result};
use async_trait::async_trait;
use axum::http::HeaderMap;
use serde_json::json;

use super::completion::{Callbacks, Completion, Taken};
use super::conduct::Conduct;
use super::server::admitted;
use super::worker::{Refusal, Worker};

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
            Err(why) => return refused(400, "ValidationException", &why),
        };
        if let Taken::NoLongerWanted(why) | Taken::Failed(why) = self.completion.alive(&task).await
        {
            return refused(403, "AccessDeniedException", &why);
        }
        match self.worker.perform(&session, task).await {
            Ok(status) => ApiResponse::json(200, &InvocationAnswer { status })
                .with_header(SESSION_HEADER, session),
            Err(why @ Refusal::Throttled) => refused(429, "ThrottlingException", &why.to_string()),
            Err(Refusal::Failed(why)) => refused(424, "RuntimeClientError", &why),
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
                refused(404, "ResourceNotFoundException", "there is no such session")
            }
            Some(_) | None => refused(404, "ResourceNotFoundException", "there is no such path"),
        }
    }
}

fn refused(status: u16, kind: &str, message: &str) -> ApiResponse {
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

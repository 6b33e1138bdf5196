//! The same instant agents for all: they report to whoever handed the task out, and to the timeline.

use std::sync::Arc;

use aegis_agent_kit::s3::S3Store;
use aegis_aws::client::objects::S3Objects;
use aegis_contracts::agent::{AgentTask, Role};
use aegis_contracts::artifact::CompletionRecord;
use aegis_contracts::ids::{SessionId, WorkflowId};
use aegis_loadtest::agents::{Callbacks, Completion, Conduct, Taken, Worker, router};
use anyhow::Result;
use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::calls::Calls;
use super::timeline::{Timeline, What};

/// Stands in the task's callback where Step Functions handed it out.
const STEP_FUNCTIONS: &str = "https://states.";

const LARGEST_TASK: usize = 1024 * 1024;

struct Reports {
    aegis: Callbacks,
    calls: Calls,
    timeline: Arc<Timeline>,
}

#[async_trait]
impl Completion for Reports {
    async fn succeeded(&self, task: &AgentTask, record: &CompletionRecord) -> Taken {
        let (id, role) = (&task.workflow_id, task.role);
        self.timeline.note(id, What::Worked(role), "");
        let taken = if task.callback.url.starts_with(STEP_FUNCTIONS) {
            let output = json!({"artifact": record.artifacts.first(), "summary": record.summary});
            match self.calls.succeed(&task.callback.token, &output).await {
                Ok(()) => Taken::Yes,
                Err(error) => Taken::Failed(format!("{error:#}")),
            }
        } else {
            self.aegis.succeeded(task, record).await
        };
        if taken == Taken::Yes {
            self.timeline.note(id, What::Taken(role), "");
        }
        taken
    }
}

#[derive(Clone)]
struct Pushed {
    worker: Arc<Worker>,
    timeline: Arc<Timeline>,
}

/// What SNS posts: <https://docs.aws.amazon.com/sns/latest/dg/http-subscription-confirmation-json.html>
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Push {
    r#type: String,
    message: String,
    #[serde(rename = "SubscribeURL")]
    subscribe_url: Option<String>,
}

/// Serves agents and pushed tokens at `listener` until the handle is aborted.
///
/// # Errors
/// Where the client for callbacks cannot be set up.
pub fn serve(
    listener: TcpListener,
    objects: S3Objects,
    calls: Calls,
    timeline: Arc<Timeline>,
) -> Result<JoinHandle<()>> {
    let reports = Reports {
        aegis: Callbacks::new()?,
        calls,
        timeline: timeline.clone(),
    };
    let store = Arc::new(S3Store::new(objects));
    let worker = Worker::new(store, Conduct::default(), Arc::new(reports));
    let pushed = Router::new()
        .route("/pushed", post(take))
        .with_state(Pushed {
            worker: worker.clone(),
            timeline: timeline.clone(),
        });
    let app = router(worker)
        .layer(from_fn_with_state(timeline, note_invocation))
        .merge(pushed);
    Ok(tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, app).await {
            errln!("the agents' server broke: {error}");
        }
    }))
}

/// What of a task says whose it is.
#[derive(Deserialize)]
struct Whose {
    workflow_id: WorkflowId,
    role: Role,
}

async fn note_invocation(
    State(timeline): State<Arc<Timeline>>,
    request: Request,
    next: Next,
) -> Response {
    let (head, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, LARGEST_TASK).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    if let Ok(whose) = serde_json::from_slice::<Whose>(&bytes) {
        timeline.note(&whose.workflow_id, What::Invoked(whose.role), "");
    }
    next.run(Request::from_parts(head, Body::from(bytes))).await
}

/// SNS sends text, whatever its type is called.
async fn take(
    State(pushed): State<Pushed>,
    body: String,
) -> Result<StatusCode, (StatusCode, String)> {
    let bad = |error: String| (StatusCode::BAD_REQUEST, error);
    let push: Push = serde_json::from_str(&body).map_err(|error| bad(error.to_string()))?;
    if push.r#type == "SubscriptionConfirmation" {
        let url = push
            .subscribe_url
            .ok_or_else(|| bad("no SubscribeURL".to_owned()))?;
        reqwest::get(url)
            .await
            .map_err(|error| bad(error.to_string()))?;
        return Ok(StatusCode::OK);
    }
    let Json(message): Json<Value> =
        Json(serde_json::from_str(&push.message).map_err(|error| bad(error.to_string()))?);
    if let (Some(token), Some(id)) = (message["approve"].as_str(), message["workflow_id"].as_str())
    {
        let id: WorkflowId = id.parse().map_err(|_| bad(format!("no id: {id}")))?;
        pushed.timeline.note(&id, What::Asked, token);
        return Ok(StatusCode::OK);
    }
    let task: AgentTask =
        serde_json::from_value(message).map_err(|error| bad(error.to_string()))?;
    pushed
        .timeline
        .note(&task.workflow_id, What::Invoked(task.role), "");
    let session = SessionId::derive(&task.workflow_id, task.role, task.attempt).runtime_session();
    let begun = pushed.worker.invoke(&session, task).await;
    begun
        .map(|_| StatusCode::OK)
        .map_err(|refusal| (StatusCode::SERVICE_UNAVAILABLE, refusal.to_string()))
}

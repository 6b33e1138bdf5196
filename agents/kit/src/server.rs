//! The AgentCore runtime contract over HTTP: `POST /invocations` and `GET /ping`.
//!
//! Beside it `POST /sessions/{session}/stop`, for a host that runs many sessions in one process, as the one on a laptop
//! does. In AWS each session has a container, whose end it is, and nobody can call this route from outside.
//!
//! An invocation is answered once the attempt is claimed, which takes two calls to storage; the work then goes on in the background.
//! It is busy from before the claim to the last report, and idle again where the claim fails.
//! Storage that fails before the claim is 503: nothing has begun, the dispatcher tries again.
//! <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-http-protocol-contract.html>

use std::sync::Arc;

use aegis_contracts::agent::{AgentTask, InvocationAnswer, InvocationStatus};
use aegis_contracts::callback::AgentError;
use aegis_contracts::problem::{Code, Problem};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode, header};
use tokio::sync::watch;
use tracing::Instrument;

use crate::agent::{Agent, WorkError};
use crate::attempt::{self, Owed, Surroundings};
use crate::claim::{self, Begun, Claim, MAX_LIVES};
use crate::health::Ping;
use crate::invocation::{self, Invocation};
use crate::reporter::{self, Reporter, now};
use crate::sessions::{Found, Running, Sessions};
use crate::store::ArtifactStore;
use crate::telemetry;

/// What a server holds for its whole life.
pub struct Server<A> {
    agent: Arc<A>,
    store: Arc<dyn ArtifactStore>,
    http: reqwest::Client,
    sessions: Sessions,
    ending: watch::Sender<bool>,
}

impl<A: Agent> Server<A> {
    /// # Errors
    /// Where the client for callbacks cannot be set up.
    pub fn new(agent: A, store: Arc<dyn ArtifactStore>) -> Result<Arc<Self>, reqwest::Error> {
        Ok(Self::with(agent, store, reporter::http_client()?))
    }

    /// In the process of the platform that it reports to.
    ///
    /// # Errors
    /// Where the client for callbacks cannot be set up.
    pub fn built_in(agent: A, store: Arc<dyn ArtifactStore>) -> Result<Arc<Self>, reqwest::Error> {
        Ok(Self::with(agent, store, reporter::local_client()?))
    }

    fn with(agent: A, store: Arc<dyn ArtifactStore>, http: reqwest::Client) -> Arc<Self> {
        Arc::new(Self {
            agent: Arc::new(agent),
            store,
            http,
            sessions: Sessions::default(),
            ending: watch::Sender::new(false),
        })
    }

    pub fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/invocations", post(invoke::<A>))
            .route("/ping", get(ping::<A>))
            .route("/sessions/{session}/stop", post(stop::<A>))
            .with_state(self)
    }

    /// `POST /invocations`, for a host that runs the agent in its own process.
    ///
    /// # Errors
    /// The problem that the request would be answered with.
    pub async fn invoke(
        &self,
        session: String,
        task: AgentTask,
    ) -> Result<InvocationStatus, Box<Problem>> {
        begin(self, Invocation::new(session, task)?).await
    }

    /// Whether there was such a session, which ends now.
    pub fn stop(&self, session: &str) -> bool {
        self.sessions.stop(session)
    }

    /// Returns once no attempt is at work.
    pub async fn idle(&self) {
        self.sessions.idle().await;
    }

    /// Tells all attempts at work to report that they were interrupted.
    pub fn interrupt(&self) {
        self.ending.send_replace(true);
    }
}

async fn ping<A: Agent>(State(server): State<Arc<Server<A>>>) -> Json<Ping> {
    Json(server.sessions.ping())
}

async fn stop<A: Agent>(
    State(server): State<Arc<Server<A>>>,
    Path(session): Path<String>,
) -> StatusCode {
    if server.stop(&session) {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::NOT_FOUND
    }
}

async fn invoke<A: Agent>(
    State(server): State<Arc<Server<A>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = match invocation::accept(&headers, &body) {
        Ok(invocation) => begin(&server, invocation).await,
        Err(problem) => Err(problem),
    };
    match answer {
        Ok(status) => Json(InvocationAnswer { status }).into_response(),
        Err(problem) => refuse(&problem),
    }
}

fn refuse(problem: &Problem) -> Response {
    tracing::warn!(
        code = problem.code,
        detail = problem.detail,
        "invocation refused"
    );
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, kind, Json(problem)).into_response()
}

async fn begin<A: Agent>(
    server: &Server<A>,
    invocation: Invocation,
) -> Result<InvocationStatus, Box<Problem>> {
    if *server.ending.borrow() {
        return Err(Box::new(Problem::new(
            Code::Ending,
            "the agent's process is about to end",
        )));
    }
    let span = telemetry::work_span(&invocation.task);
    let Invocation {
        session,
        task,
        callback,
    } = invocation;
    let (held, owed) = match server.sessions.enter(&task.output_prefix, &session) {
        Found::Running => return Ok(InvocationStatus::AlreadyRunning),
        Found::Failed(held, error) => (held, Owed::Failure(error)),
        Found::Free(held) => {
            let owed = claim_attempt(server, &task, session);
            (held, owed.instrument(span.clone()).await?)
        }
    };
    let status = match owed {
        Owed::Work => InvocationStatus::Accepted,
        Owed::Success(_) | Owed::Failure(_) => InvocationStatus::AlreadyCompleted,
    };
    let reporter = Reporter::new(server.http.clone(), callback, &task);
    start(server, task, owed, reporter, held, span);
    Ok(status)
}

async fn claim_attempt<A: Agent>(
    server: &Server<A>,
    task: &AgentTask,
    session: String,
) -> Result<Owed, Box<Problem>> {
    let claim = Claim {
        session,
        invocation: uuid::Uuid::new_v4().to_string(),
        at: Some(now()),
    };
    match claim::begin(server.store.as_ref(), task, &claim).await {
        Ok(Begun::Work { life }) => {
            tracing::info!(life, "attempt claimed");
            Ok(Owed::Work)
        }
        Ok(Begun::Completed(record)) => Ok(Owed::Success(record)),
        Ok(Begun::WornOut) => Ok(Owed::Failure(worn_out())),
        Ok(Begun::Foreign { session }) => {
            let detail = format!("the attempt is claimed by the session `{session}`");
            Err(Box::new(Problem::new(Code::ClaimedElsewhere, detail)))
        }
        Err(error) => Err(Box::new(Problem::new(
            Code::StorageUnavailable,
            error.to_string(),
        ))),
    }
}

fn worn_out() -> AgentError {
    let message = format!("the agent's process ended {MAX_LIVES} times during this attempt");
    WorkError::transient("agent_died", message).report()
}

fn start<A: Agent>(
    server: &Server<A>,
    task: AgentTask,
    owed: Owed,
    reporter: Reporter,
    held: Running,
    span: tracing::Span,
) {
    let around = Surroundings {
        agent: server.agent.clone(),
        store: server.store.clone(),
        ending: server.ending.subscribe(),
    };
    let attempt = attempt::run(around, Arc::new(task), owed, reporter, held);
    tokio::spawn(attempt.instrument(span));
}

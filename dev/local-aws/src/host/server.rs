//! The runtime's HTTP interface, as the AWS SDK calls it, and the credentials endpoint.
//!
//! One process serves all of an agent's sessions here, where AWS gives each session a machine of
//! its own. So a session is stopped by telling the agent's process, which drops the work at its next
//! pause; a machine would end in the middle of a computation too. An agent that somebody else runs is told by
//! `DELETE /invocations/{session}`, which it need not serve.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aegis_contracts::text::visible_json;
use aws_config::SdkConfig;
use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;

use crate::host::credentials::Lender;
use crate::host::plan::Plan;

const SESSION: HeaderName = HeaderName::from_static("x-amzn-bedrock-agentcore-runtime-session-id");
const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
/// <https://docs.aws.amazon.com/bedrock-agentcore/latest/APIReference/API_InvokeAgentRuntime.html>
const MAX_PAYLOAD: usize = 100 * 1024 * 1024;
const SESSION_LENGTH: std::ops::RangeInclusive<usize> = 33..=256;
/// An agent answers at once and works in the background.
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);
/// In the scope of a signature made for the runtime.
const SIGNED_FOR: &str = "/bedrock-agentcore/aws4_request";

struct Host {
    /// By runtime ARN.
    agents: HashMap<String, Served>,
    /// By the agent's name.
    lenders: HashMap<String, Lender>,
    config: SdkConfig,
    client: reqwest::Client,
}

/// Where an agent listens.
#[derive(Clone)]
struct Served {
    /// Base URL.
    url: String,
    /// It is a program of ours, which this host runs.
    ours: bool,
}

type Shared = State<Arc<Host>>;

pub fn router(plan: Arc<Plan>, config: SdkConfig) -> Router {
    let agents = plan.agents.iter();
    let host = Host {
        agents: agents
            .clone()
            .map(|agent| {
                let (url, ours) = (agent.url.clone(), agent.program.is_some());
                (agent.runtime_arn.clone(), Served { url, ours })
            })
            .collect(),
        lenders: agents
            .map(|agent| (agent.name.clone(), Lender::new(agent)))
            .collect(),
        config,
        client: reqwest::Client::new(),
    };
    Router::new()
        .route(
            "/ping",
            get(|| async { Json(json!({"status": "Healthy"})) }),
        )
        .route("/runtimes/{arn}/invocations", post(invoke))
        .route("/runtimes/{arn}/stopruntimesession", post(stop_session))
        .route("/credentials/{agent}", get(credentials))
        .layer(DefaultBodyLimit::max(MAX_PAYLOAD))
        .with_state(Arc::new(host))
}

async fn invoke(
    State(host): Shared,
    Path(arn): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (agent, session) = match admit(&host, &arn, &headers) {
        Ok(admitted) => admitted,
        Err(refusal) => return *refusal,
    };
    note("InvokeAgentRuntime", &arn, &query, &headers, b"");
    match forward(agent_request(&host, &agent.url, &session, &headers, body)).await {
        Ok((status, kind, body)) if status.is_success() => {
            ([(header::CONTENT_TYPE, kind), (SESSION, session)], body).into_response()
        }
        // AWS reports an agent's own failure as the client's. The status is in the message; what the agent said is not.
        Ok((status, _, body)) => {
            errln!(
                "an agent answered {status}: {}",
                String::from_utf8_lossy(&body)
            );
            let message = format!(
                "Received error ({}) from runtime. Please check your CloudWatch logs for more information.",
                status.as_u16()
            );
            refuse(
                StatusCode::FAILED_DEPENDENCY,
                "RuntimeClientError",
                &message,
            )
        }
        Err(error) => {
            let message = format!("the agent does not answer: {error}");
            refuse(
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalServerException",
                &message,
            )
        }
    }
}

fn agent_request(
    host: &Host,
    url: &str,
    session: &HeaderValue,
    headers: &HeaderMap,
    body: Bytes,
) -> reqwest::RequestBuilder {
    let mut request = host
        .client
        .post(format!("{url}/invocations"))
        .timeout(ANSWER_PATIENCE)
        .header(SESSION, session)
        .body(body);
    for name in [header::CONTENT_TYPE, HeaderName::from_static("traceparent")] {
        if let Some(value) = headers.get(&name) {
            request = request.header(name, value);
        }
    }
    request
}

async fn forward(
    request: reqwest::RequestBuilder,
) -> Result<(StatusCode, HeaderValue, Bytes), reqwest::Error> {
    let answer = request.send().await?;
    let status = answer.status();
    let json = HeaderValue::from_static("application/json");
    let kind = answer
        .headers()
        .get(header::CONTENT_TYPE)
        .cloned()
        .unwrap_or(json);
    Ok((status, kind, answer.bytes().await?))
}

async fn stop_session(
    State(host): Shared,
    Path(arn): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (agent, session) = match admit(&host, &arn, &headers) {
        Ok(admitted) => admitted,
        Err(refusal) => return *refusal,
    };
    note("StopRuntimeSession", &arn, &query, &headers, &body);
    let name = session
        .to_str()
        .ok()
        .filter(|name| plain(name))
        .unwrap_or("-");
    errln!("session {name}: asked to stop");
    let url = &agent.url;
    let told = if agent.ours {
        host.client.post(format!("{url}/sessions/{name}/stop"))
    } else {
        host.client.delete(format!("{url}/invocations/{name}"))
    };
    match told.timeout(ANSWER_PATIENCE).send().await {
        Ok(answer) if answer.status().is_success() => {
            ([(SESSION, session)], Json(json!({}))).into_response()
        }
        // An agent that does not answer has no session either.
        Ok(_) | Err(_) => {
            let message = format!("there is no session {name}");
            let kind = "ResourceNotFoundException";
            refuse(StatusCode::NOT_FOUND, kind, &message)
        }
    }
}

/// The request as it was sent, but for its credentials. Of an invocation without its body: a task holds a token. The
/// emulator keeps such a record of its own calls; tests hold both against what AWS takes.
fn note(
    operation: &str,
    arn: &str,
    query: &HashMap<String, String>,
    headers: &HeaderMap,
    body: &[u8],
) {
    let secret = |name: &HeaderName| name == header::AUTHORIZATION || name == SECURITY_TOKEN;
    let shown = headers.iter().filter(|(name, _)| !secret(name));
    let shown: HashMap<&str, &str> = shown
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    let request = json!({
        "service": "bedrock-agentcore",
        "operation": operation,
        "wire": {
            "uri": {"agentRuntimeArn": arn},
            "querystring": query,
            "header": shown,
            "body": String::from_utf8_lossy(body),
        },
    });
    errln!("request {}", visible_json(&request.to_string()));
}

/// Can stand in a path as it is, as those of aegis can.
fn plain(session: &str) -> bool {
    session
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

async fn credentials(
    State(host): Shared,
    Path(agent): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(lender) = host.lenders.get(&agent) else {
        return plain_error(
            StatusCode::NOT_FOUND,
            "NoSuchAgent",
            "there is no such agent",
        );
    };
    let shown = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if !lender.knows(shown) {
        return plain_error(
            StatusCode::FORBIDDEN,
            "AccessDenied",
            "the token is another's",
        );
    }
    match lender.lend(&host.config).await {
        Ok(credentials) => Json(credentials).into_response(),
        Err(error) => {
            errln!("credentials of {agent}: {error}");
            plain_error(
                StatusCode::SERVICE_UNAVAILABLE,
                "AssumeRoleFailed",
                &error.to_string(),
            )
        }
    }
}

/// The agent and the session, if the request is one that AWS would let through.
fn admit(
    host: &Host,
    arn: &str,
    headers: &HeaderMap,
) -> Result<(Served, HeaderValue), Box<Response>> {
    let signature = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if !signature.is_some_and(|signature| signature.contains(SIGNED_FOR)) {
        let message = "the request is not signed for bedrock-agentcore";
        return Err(Box::new(refuse(
            StatusCode::FORBIDDEN,
            "AccessDeniedException",
            message,
        )));
    }
    let Some(agent) = host.agents.get(arn) else {
        let message = format!("there is no runtime {arn}");
        return Err(Box::new(refuse(
            StatusCode::NOT_FOUND,
            "ResourceNotFoundException",
            &message,
        )));
    };
    let session = headers
        .get(&SESSION)
        .filter(|session| SESSION_LENGTH.contains(&session.len()));
    let Some(session) = session else {
        let message = "a session id of 33 to 256 characters is needed";
        return Err(Box::new(refuse(
            StatusCode::BAD_REQUEST,
            "ValidationException",
            message,
        )));
    };
    Ok((agent.clone(), session.clone()))
}

/// An error in the form in which the SDK recognises it.
fn refuse(status: StatusCode, kind: &'static str, message: &str) -> Response {
    let kind = HeaderValue::from_static(kind);
    (
        status,
        [(ERROR_TYPE, kind)],
        Json(json!({"message": message})),
    )
        .into_response()
}

fn plain_error(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({"code": code, "message": message}))).into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use axum::http::{Method, Uri};

    use super::*;
    use crate::host::plan::Agent;

    const ARN: &str = "arn:of-an-agent";
    const SESSION_ID: &str = "a-session-of-thirty-three-letters";

    async fn serve(router: Router) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, router).into_future());
        url
    }

    /// What the agent was asked for, and what became of the request to stop its session.
    async fn stopped(ours: bool, answer: StatusCode) -> (Vec<String>, StatusCode) {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&asked);
        let url = serve(
            Router::new().fallback(async move |method: Method, uri: Uri| {
                seen.lock().unwrap().push(format!("{method} {uri}"));
                answer
            }),
        )
        .await;
        let agent = Agent {
            name: "reviewer".to_owned(),
            program: ours.then(|| "agent".into()),
            url,
            runtime_arn: ARN.to_owned(),
            role_arn: String::new(),
            environment: Default::default(),
            credentials_token: String::new(),
            log: "log".into(),
        };
        let plan = Plan {
            bind: String::new(),
            region: "us-east-1".to_owned(),
            aws_endpoint_url: String::new(),
            access_key_id: String::new(),
            secret_access_key: String::new(),
            agents: vec![agent],
        };
        let host = serve(router(Arc::new(plan), SdkConfig::builder().build())).await;
        let sent = reqwest::Client::new()
            .post(format!("{host}/runtimes/{ARN}/stopruntimesession"))
            .header(header::AUTHORIZATION, format!("x{SIGNED_FOR}"))
            .header(SESSION, SESSION_ID)
            .send();
        let status = sent.await.unwrap().status();
        let asked = asked.lock().unwrap().clone();
        (asked, status)
    }

    #[tokio::test]
    async fn an_agent_by_url_is_asked_to_stop_and_need_not() {
        let delete = [format!("DELETE /invocations/{SESSION_ID}")];
        let (asked, status) = stopped(false, StatusCode::NO_CONTENT).await;
        assert_eq!((asked.as_slice(), status), (&delete[..], StatusCode::OK));
        // As AWS says of a session that has ended, which is no error to those who stop it.
        let (asked, status) = stopped(false, StatusCode::NOT_FOUND).await;
        assert_eq!(asked, delete);
        assert_eq!(status, StatusCode::NOT_FOUND);
        let (asked, _) = stopped(true, StatusCode::NO_CONTENT).await;
        assert_eq!(asked, [format!("POST /sessions/{SESSION_ID}/stop")]);
    }
}

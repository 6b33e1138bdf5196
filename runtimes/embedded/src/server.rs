//! HTTP: the API with the services' own handlers, objects by signed links, health and measurements.
//!
//! No web page of somebody else may act here: a request whose `Host` is not this server's, or whose `Origin` is another
//! one's, is refused before anything else of it is looked at.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aegis_agent_kit::store::Put;
use aegis_contracts::openapi::{Route, routes};
use aegis_contracts::problem::{Code, Problem};
use aegis_contracts::transfer::{FileToPut, MAX_ARTIFACT_SIZE};
use aegis_engine::api::{ApiHandler, ApiRequest, ApiResponse, Caller, NO_ROUTE, problem_of};
use aegis_engine::headers;
use aegis_engine::trace::continue_from;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use data_encoding::HEXLOWER;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use metrics::counter;
use metrics_exporter_prometheus::PrometheusHandle;
use percent_encoding::percent_decode_str;
use serde_json::json;
use tokio::sync::Semaphore;
use tracing::Instrument;

use crate::database::{Database, Written};
use crate::events::{self, Takers};
use crate::objects::{self, Objects, Shown};

/// Bytes of a body, as API Gateway takes them; the handlers take less.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const MAX_BODY: usize = 10 * 1024 * 1024;
/// A body takes no longer to come, or its place is another's.
const LONGEST_BODY: Duration = Duration::from_secs(30);
/// With less on the disk nothing new is begun.
const LEAST_ROOM: u64 = 32 * 1024 * 1024;
/// Requests that are worked on at once.
const AT_ONCE: usize = 1024;

/// Who answers what.
pub struct Handlers {
    pub intake: Arc<dyn ApiHandler>,
    pub approval: Arc<dyn ApiHandler>,
    pub callback: Arc<dyn ApiHandler>,
    pub artifacts: Arc<dyn ApiHandler>,
}

impl Handlers {
    fn of(&self, path: &str) -> &Arc<dyn ApiHandler> {
        match service_of(path) {
            aegis_callback::SERVICE => &self.callback,
            aegis_artifacts::SERVICE => &self.artifacts,
            aegis_approval::SERVICE => &self.approval,
            _ => &self.intake,
        }
    }
}

/// Who answers a path. As Terraform has it; a test compares the two.
fn service_of(path: &str) -> &'static str {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match parts[..] {
        ["callbacks", _] => aegis_callback::SERVICE,
        ["callbacks", ..] => aegis_artifacts::SERVICE,
        ["approve" | "approval-links", ..] => aegis_approval::SERVICE,
        ["workflows", _, "review" | "approval-links"] => aegis_approval::SERVICE,
        _ => aegis_intake::SERVICE,
    }
}

pub struct Site {
    pub handlers: Handlers,
    pub takers: Takers,
    pub database: Arc<Database>,
    pub objects: Arc<Objects>,
    pub metrics: PrometheusHandle,
    pub address: SocketAddr,
    /// Its disk is the one that may be full.
    pub data: PathBuf,
    /// Of the database.
    pub id: String,
    pub room: Room,
}

/// For as many requests as are worked on at once.
pub struct Room(Semaphore);

impl Default for Room {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl Site {
    /// What was started needs room to go on and to end.
    fn is_full(&self) -> bool {
        let room = rustix::fs::statvfs(&self.data);
        room.is_ok_and(|room| room.f_bavail.saturating_mul(room.f_frsize) < LEAST_ROOM)
    }

    pub fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/health", get(healthy))
            .route("/metrics", get(measured))
            .route("/events", get(events::tell).post(events::take))
            .route(
                &format!("{}{{*key}}", objects::PATH),
                get(read_object).put(put_object),
            )
            .fallback(api)
            .layer(axum::middleware::from_fn_with_state(self.clone(), guarded))
            .with_state(self)
    }
}

type Shared = State<Arc<Site>>;

/// Lets through what is meant for this server, and no more at once than it can do.
async fn guarded(State(site): Shared, request: Request, next: axum::middleware::Next) -> Response {
    if let Err(problem) = admit(site.address, request.headers()) {
        return answer(problem.into());
    }
    let Ok(_place) = site.room.0.try_acquire() else {
        let problem = Problem::new(
            Code::Throttled,
            "too many requests at the moment; try again",
        );
        return answer(problem.into());
    };
    next.run(request).await
}

fn admit(own: SocketAddr, headers: &HeaderMap) -> Result<(), Box<Problem>> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let host = text(header::HOST).unwrap_or_default();
    let port = own.port();
    let names = [
        own.to_string(),
        format!("localhost:{port}"),
        format!("127.0.0.1:{port}"),
        format!("[::1]:{port}"),
    ];
    if !names.iter().any(|name| name.eq_ignore_ascii_case(host)) {
        let detail = format!("this server answers for {}", names[0]);
        return Err(Box::new(Problem::new(Code::HostNotAllowed, detail)));
    }
    let foreign = |origin: &str| {
        origin
            .strip_prefix("http://")
            .is_none_or(|from| !from.eq_ignore_ascii_case(host))
    };
    if headers.contains_key(header::ORIGIN) && text(header::ORIGIN).is_none_or(foreign) {
        let detail = "requests of other web pages are not taken";
        return Err(Box::new(Problem::new(Code::OriginNotAllowed, detail)));
    }
    Ok(())
}

async fn healthy(State(site): Shared) -> Json<serde_json::Value> {
    Json(json!({"status": "ok", "id": site.id}))
}

async fn measured(State(site): Shared) -> impl IntoResponse {
    let Written {
        transactions,
        writes,
    } = site.database.written();
    counter!("aegis_database_transactions").absolute(transactions);
    counter!("aegis_database_writes").absolute(writes);
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (kind, site.metrics.render())
}

async fn api(State(site): Shared, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let (route, path) = matched(&head.method, head.uri.path());
    let handler = match route {
        Some(route) => site.handlers.of(route.path),
        None => &site.handlers.intake,
    };
    let route = route.map_or_else(
        || NO_ROUTE.to_owned(),
        |route| format!("{} {}", route.method, route.path),
    );
    if ["POST /workflows", "POST /sources"].contains(&route.as_str()) && site.is_full() {
        let detail = "the disk has too little room for more; `aegis doctor` says how much";
        return answer(Problem::new(Code::DiskFull, detail).into());
    }
    let read = tokio::time::timeout(LONGEST_BODY, to_bytes(body, MAX_BODY)).await;
    let body = match read {
        Ok(Ok(body)) => body,
        Ok(Err(_)) | Err(_) => {
            let detail =
                format!("the body could not be read in time, or has more than {MAX_BODY} bytes");
            return answer(Problem::new(Code::BodyTooLarge, detail).into());
        }
    };
    let given = head.headers.iter();
    let given =
        given.map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())));
    let request = ApiRequest {
        path,
        query: query(head.uri.query().unwrap_or_default()),
        headers: headers::joined(given),
        body: Ok(body.into()),
        caller: Caller::Anonymous,
        route,
    };
    let span = tracing::info_span!(
        "request",
        otel.name = %request.route,
        otel.kind = "server",
        workflow_id = request.path.get("id").map(String::as_str),
    );
    continue_from(&span, request.header("traceparent"));
    let sizes = request.headers.iter();
    let fits = headers::check(sizes.map(|(name, value)| name.len() + value.len()));
    let response = async {
        match fits {
            Ok(()) => handler.respond(&request).await,
            Err(problem) => problem.into(),
        }
    };
    answer(response.instrument(span).await)
}

/// The route that takes this path, and what its names stand for. None: what the path is.
fn matched(method: &Method, path: &str) -> (Option<&'static Route>, BTreeMap<String, String>) {
    let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let found = routes()
        .iter()
        .filter(|route| route.method == method.as_str());
    let mut found = found.filter_map(|route| Some((route, route.names_in(path)?)));
    match found.next() {
        Some((route, names)) => {
            let names = names.into_iter();
            let names = names.map(|(name, given)| (name.to_owned(), decoded(given)));
            (Some(route), names.collect())
        }
        None => (None, BTreeMap::from([("path".to_owned(), decoded(path))])),
    }
}

fn query(raw: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(raw.as_bytes())
        .into_owned()
        .collect()
}

pub(crate) fn answer(response: ApiResponse) -> Response {
    let mut answer = Response::new(Body::from(response.body));
    *answer.status_mut() =
        StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in response.headers {
        match HeaderValue::from_str(&value) {
            Ok(value) => {
                answer
                    .headers_mut()
                    .insert(HeaderName::from_static(name), value);
            }
            Err(error) => tracing::error!(name, %error, "header left out"),
        }
    }
    answer
}

/// What a request to a link shows.
struct Presented {
    key: String,
    expires: String,
    signature: String,
}

impl Presented {
    fn of(request: &http::Uri) -> Self {
        let key = request
            .path()
            .strip_prefix(objects::PATH)
            .unwrap_or_default();
        let query = query(request.query().unwrap_or_default());
        let named = |wanted: &str| {
            let mut found = query.iter().filter(|(name, _)| name == wanted);
            found
                .next()
                .map(|(_, value)| value.clone())
                .unwrap_or_default()
        };
        Self {
            key: percent_decode_str(key).decode_utf8_lossy().into_owned(),
            expires: named("expires"),
            signature: named("signature"),
        }
    }

    fn shown(&self) -> Shown<'_> {
        Shown {
            key: &self.key,
            expires: &self.expires,
            signature: &self.signature,
        }
    }
}

fn no_link() -> Response {
    let detail = "the link is not good for this request, or its time is over";
    answer(Problem::new(Code::InvalidLink, detail).into())
}

/// A browser shows text and keeps the rest; whatever it is, it may do nothing.
async fn read_object(State(site): Shared, uri: http::Uri) -> Response {
    let link = Presented::of(&uri);
    if site.objects.may_read(link.shown()).is_err() {
        return no_link();
    }
    let object = match site.objects.get(&link.key).await {
        Ok(Some(object)) => object,
        Ok(None) => {
            let problem = Problem::new(Code::ArtifactNotFound, "there is no such object");
            return answer(problem.into());
        }
        Err(error) => return answer(problem_of(&error).into()),
    };
    let essence = object
        .media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    let text = matches!(essence, "text/plain" | "text/markdown" | "application/json");
    let place = if text { "inline" } else { "attachment" };
    let mut answer = Response::new(Body::from(object.bytes));
    let kind = HeaderValue::from_str(&object.media_type);
    let octets = HeaderValue::from_static("application/octet-stream");
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind.unwrap_or(octets));
    for (name, value) in [
        (header::CONTENT_DISPOSITION, place),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        ),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "private, no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

async fn put_object(State(site): Shared, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let link = Presented::of(&head.uri);
    let Some(said) = announced(&head.headers) else {
        return no_link();
    };
    // Before anything of the body is read: whoever has no link gets no memory.
    if site.objects.may_put(link.shown(), &said).is_err() {
        return no_link();
    }
    let limit = usize::try_from(said.size.min(MAX_ARTIFACT_SIZE)).unwrap_or(usize::MAX);
    let read = tokio::time::timeout(LONGEST_BODY, to_bytes(body, limit)).await;
    let Ok(Ok(bytes)) = read else {
        let detail = format!("no body of {limit} bytes could be read in time");
        return answer(Problem::new(Code::BodyTooLarge, detail).into());
    };
    if !objects::are(&said, &bytes) {
        let detail = "the bytes are others than the link is for";
        return answer(Problem::new(Code::InvalidBody, detail).into());
    }
    match site
        .objects
        .put(&link.key, bytes.into(), &said.media_type)
        .await
    {
        Ok(Put::Written) => StatusCode::OK.into_response(),
        Ok(Put::Exists) => {
            let detail = "a file lies under this name, and stays";
            answer(Problem::new(Code::ObjectExists, detail).into())
        }
        Err(error) => answer(problem_of(&error).into()),
    }
}

/// What the headers say of the bytes that come. Each of them is signed.
fn announced(headers: &HeaderMap) -> Option<FileToPut> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    if text("if-none-match") != Some("*") {
        return None;
    }
    let digest = BASE64_STANDARD
        .decode(text("x-amz-checksum-sha256")?)
        .ok()?;
    Some(FileToPut {
        size: text("content-length")?.parse().ok()?,
        sha256: HEXLOWER.encode(&digest),
        media_type: text("content-type")?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 7070);

    fn admitted(host: &str, origin: Option<&str>) -> Result<(), u16> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        admit(OWN, &headers).map_err(|problem| problem.status)
    }

    #[test]
    fn no_web_page_of_somebody_else_gets_in() {
        for host in ["127.0.0.1:7070", "localhost:7070", "LOCALHOST:7070"] {
            assert_eq!(admitted(host, None), Ok(()), "{host}");
            assert_eq!(admitted(host, Some(&format!("http://{host}"))), Ok(()));
            for origin in [
                "http://evil.example",
                "null",
                "https://localhost:7070",
                "http://localhost:7071",
            ] {
                assert_eq!(admitted(host, Some(origin)), Err(403), "{origin}");
            }
        }
        // A name of theirs that leads to this machine.
        for host in ["evil.example:7070", "127.0.0.1", "127.0.0.1:80", ""] {
            assert_eq!(admitted(host, None), Err(421), "{host}");
        }
    }

    #[test]
    fn who_answers_is_who_answers_on_aws() {
        let api = include_str!("../../../terraform/api.tf");
        for route in routes() {
            let quoted = format!("\"{} {}\" ", route.method, route.path);
            let line = api
                .lines()
                .find(|line| line.trim().starts_with(&quoted))
                .unwrap();
            // `= { service = "approval", …` or `= "approval"`.
            let service = line
                .trim()
                .trim_start_matches(&quoted)
                .split('"')
                .nth(1)
                .unwrap();
            assert_eq!(service_of(route.path), service, "{line}");
        }
    }

    #[test]
    fn paths_lead_to_their_routes() {
        let found = |method, path| {
            let (route, names) = matched(&method, path);
            (route.map(|route| route.path), names)
        };
        let (route, names) = found(Method::GET, "/workflows/wf_a/artifacts/a%20b.md");
        assert_eq!(route, Some("/workflows/{id}/artifacts/{name}"));
        assert_eq!(
            (names["id"].as_str(), names["name"].as_str()),
            ("wf_a", "a b.md")
        );
        assert_eq!(found(Method::PUT, "/workflows").0, None);
        assert_eq!(found(Method::GET, "/workflows/").0, None);
        assert_eq!(found(Method::GET, "/x%2Fy").1["path"], "/x/y");
    }
}

//! A small API that follows the contracts: one workflow that moves on with each look at it, and
//! waits for a decision where the real one would.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::story::{self, Scene, WORKFLOW};

/// The path of a local endpoint has a `$` in it.
const BASE: &str = "/_aws/execute-api/abc/$default";

/// What the API was asked, and where its workflow stands.
#[derive(Default)]
pub struct Seen {
    pub started: Vec<Value>,
    pub keys: Vec<String>,
    pub decisions: Vec<Value>,
    pub unsigned: usize,
    /// Bearer tokens that were shown.
    pub tokens: Vec<String>,
    pub with_proof_at_s3: usize,
    pub looks: usize,
    /// Answer so many requests with 503 first.
    pub troubles: usize,
    /// Refuse so many decisions first.
    pub refusals: usize,
    /// The analysis in the bucket is not the one that was reported.
    pub findings_are_broken: bool,
    /// Take decisions whatever the scene, as the API does of one that it has.
    pub again: bool,
    /// Who may decide.
    pub approvers: Vec<&'static str>,
    /// Nobody decides, and that approves.
    pub silence_approves: bool,
    /// Refuse every change, with this code.
    pub refuse_with: Option<&'static str>,
    /// Entries that were put on the bus.
    pub events: Vec<Value>,
    /// Files that were uploaded, by name.
    pub uploaded: BTreeMap<String, String>,
    /// Refuse so many uploads first, with this status.
    pub refuse_uploads: Option<(usize, u16)>,
    /// Answer reads with 403.
    pub forbidden: bool,
    pub scene: Scene,
}

#[derive(Clone)]
pub struct Fake {
    pub endpoint: String,
    pub seen: Arc<Mutex<Seen>>,
}

type Shared = State<Fake>;

impl Fake {
    /// Serves on a free port until the test ends.
    pub async fn start(scene: Scene) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let seen = Seen {
            scene,
            ..Seen::default()
        };
        let fake = Self {
            endpoint: origin,
            seen: Arc::new(Mutex::new(seen)),
        };
        let api = Router::new()
            .route("/workflows", post(start).get(list))
            .route("/sources", post(sources))
            .route("/workflows/{id}", get(look))
            .route("/workflows/{id}/history", get(history))
            .route("/workflows/{id}/review", get(review))
            .route("/workflows/{id}/artifacts/{name}", get(artifact))
            .route("/workflows/{id}/cancel", post(cancel))
            .route("/workflows/{id}/redrive", post(redrive))
            .route("/workflows/{id}/approval-links", post(approval_link))
            .route("/approve/{id}", post(approve));
        let s3 = Router::new()
            .route("/{name}", get(object))
            .route("/sources/{*name}", put(upload));
        let app = Router::new()
            .nest(BASE, api)
            .nest("/s3", s3)
            .route("/", post(put_events))
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        fake
    }

    pub fn stage(&self, authorization: &str) -> Value {
        json!({
            "api_endpoint": format!("{}{BASE}", self.endpoint),
            "aws_endpoint_url": self.endpoint,
            "region": "us-east-1",
            "access_key_id": "id",
            "secret_access_key": "secret",
            "api_authorization": authorization,
            "outputs": {"artifact_bucket_name": "bucket", "event_bus_name": "bus"},
        })
    }

    pub fn with<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.lock().unwrap())
    }

    fn refusal(&self) -> Option<Response> {
        let code = self.with(|seen| seen.refuse_with)?;
        Some(problem(StatusCode::CONFLICT, code, "no", json!({})))
    }

    fn note(&self, headers: &HeaderMap) {
        let signed = headers
            .get(header::AUTHORIZATION)
            .is_some_and(|value| value.as_bytes().starts_with(b"AWS4-HMAC-SHA256"));
        let bearer = headers.get(header::AUTHORIZATION);
        let bearer = bearer.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        self.with(|seen| {
            seen.unsigned += usize::from(!signed);
            seen.tokens.extend(bearer.map(str::to_owned));
        });
    }
}

fn json_body(status: StatusCode, body: &Value) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}

fn problem(status: StatusCode, code: &str, detail: &str, more: Value) -> Response {
    let mut body = json!({"type": "about:blank", "title": "t", "status": status.as_u16(), "detail": detail, "code": code});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json_body(status, &body)
}

fn accepted(status: &str) -> Response {
    let links = json!({"self": "a", "history": "b", "approve": "c", "cancel": "d", "redrive": "e"});
    json_body(
        StatusCode::ACCEPTED,
        &json!({"workflow_id": WORKFLOW, "flow": "report", "status": status, "links": links}),
    )
}

async fn start(State(fake): Shared, headers: HeaderMap, body: Bytes) -> Response {
    fake.note(&headers);
    let body: Value = serde_json::from_slice(&body).unwrap();
    let key = headers
        .get("idempotency-key")
        .map(|key| key.to_str().unwrap().to_owned());
    if body["topic"] == "?" {
        let errors = json!({"errors": [{"field": "topic", "reason": "must contain at least one letter or digit"}]});
        return problem(
            StatusCode::BAD_REQUEST,
            "invalid_field",
            "the request is not valid",
            errors,
        );
    }
    fake.with(|seen| {
        seen.started.push(body);
        seen.keys.extend(key);
    });
    accepted("running")
}

async fn sources(State(fake): Shared, headers: HeaderMap, body: Bytes) -> Response {
    fake.note(&headers);
    let body: Value = serde_json::from_slice(&body).unwrap();
    let there = fake.with(|seen| seen.uploaded.clone());
    let files = body["files"].as_object().unwrap();
    assert!(files.len() <= 25, "{}", files.len());
    let missing = files.iter().filter(|(name, _)| !there.contains_key(*name));
    let upload = |(name, file): (&String, &Value)| {
        let upload = json!({
            "method": "PUT",
            "url": format!("{}/s3/sources/{name}?proof", fake.endpoint),
            "headers": {"content-length": file["size"].to_string(), "x-sha256": file["sha256"]},
            "expires_at": "2100-11-26T18:00:03.000Z",
        });
        (name.clone(), upload)
    };
    let uploads: serde_json::Map<String, Value> = missing.map(upload).collect();
    let uri = format!(
        "s3://bucket/sources/caller/{}/",
        body["set"].as_str().unwrap()
    );
    json_body(StatusCode::OK, &json!({"uri": uri, "uploads": uploads}))
}

async fn upload(
    State(fake): Shared,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let has_proof = headers.contains_key(header::AUTHORIZATION);
    let digest = HEXLOWER.encode(&Sha256::digest(&body));
    assert_eq!(headers["x-sha256"], digest.as_str());
    let text = String::from_utf8(body.to_vec()).unwrap();
    fake.with(|seen| {
        seen.with_proof_at_s3 += usize::from(has_proof);
        if let Some((left @ 1.., status)) = &mut seen.refuse_uploads {
            *left -= 1;
            let error = "<Error><Code>X</Code><Message>not now</Message></Error>";
            return (StatusCode::from_u16(*status).unwrap(), error).into_response();
        }
        match seen.uploaded.insert(name, text) {
            None => StatusCode::OK.into_response(),
            Some(_) => StatusCode::PRECONDITION_FAILED.into_response(),
        }
    })
}

async fn look(State(fake): Shared, Path(id): Path<String>, headers: HeaderMap) -> Response {
    fake.note(&headers);
    if id != WORKFLOW {
        return problem(
            StatusCode::NOT_FOUND,
            "workflow_not_found",
            "there is no such workflow",
            json!({}),
        );
    }
    fake.with(|seen| {
        if seen.troubles > 0 {
            seen.troubles -= 1;
            return (StatusCode::SERVICE_UNAVAILABLE, "busy").into_response();
        }
        seen.looks += 1;
        let mut view = story::view(seen.scene, &fake.endpoint);
        if view["approval"].is_object() {
            view["approval"]["approvers"] = json!(seen.approvers);
            if seen.silence_approves {
                view["approval"]["on_timeout"] = json!("approve");
            }
        } else if seen.silence_approves {
            view["approval"] = story::approval(0, None);
            view["approval"]["settled"] =
                json!({"outcome": "approved", "at": "2026-11-26T18:00:03.000Z"});
        }
        seen.scene = seen.scene.next();
        json_body(StatusCode::OK, &view)
    })
}

async fn approve(State(fake): Shared, headers: HeaderMap, body: Bytes) -> Response {
    fake.note(&headers);
    let body: Value = serde_json::from_slice(&body).unwrap();
    if let Some(refusal) = fake.refusal() {
        return refusal;
    }
    fake.with(|seen| {
        if seen.refusals > 0 {
            seen.refusals -= 1;
            let detail = "no further revision is allowed";
            return problem(
                StatusCode::CONFLICT,
                "revisions_exhausted",
                detail,
                json!({}),
            );
        }
        if seen.again {
            return json_body(StatusCode::OK, &story::approval(0, Some(&body)));
        }
        let Scene::Waiting(revision) = seen.scene else {
            return problem(
                StatusCode::CONFLICT,
                "not_awaiting_approval",
                "nothing waits",
                json!({}),
            );
        };
        // Who names none means the first one.
        if body["revision"].as_u64().unwrap_or(0) != u64::from(revision) {
            let more = json!({"current_revision": revision});
            return problem(
                StatusCode::CONFLICT,
                "stale_revision",
                "waiting is revision 1",
                more,
            );
        }
        seen.scene = match body["decision"].as_str().unwrap() {
            "approve" => Scene::Writing,
            "reject" => Scene::Rejected,
            _ => Scene::Analyzing(revision + 1),
        };
        let answer = story::approval(revision, Some(&body));
        seen.decisions.push(body);
        json_body(StatusCode::OK, &answer)
    })
}

async fn artifact(State(fake): Shared, Path((_, name)): Path<(String, String)>) -> Response {
    let location = format!("{}/s3/{name}?X-Amz-Signature=proof", fake.endpoint);
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

async fn object(State(fake): Shared, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let has_proof = headers.contains_key(header::AUTHORIZATION);
    fake.with(|seen| seen.with_proof_at_s3 += usize::from(has_proof));
    match name.as_str() {
        "report.md" => story::REPORT.into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Of revision 7 the findings are too large.
async fn review(
    State(fake): Shared,
    Query(query): Query<std::collections::HashMap<String, String>>,
) -> Response {
    let (scene, broken) = fake.with(|seen| (seen.scene, seen.findings_are_broken));
    if broken {
        let detail =
            "the findings cannot be shown: `analysis.json` is not what its agent should write";
        return problem(
            StatusCode::CONFLICT,
            "artifact_unreadable",
            detail,
            json!({}),
        );
    }
    let asked = query.get("revision").map(|text| text.parse().unwrap());
    match (asked, scene) {
        (Some(7), _) => {
            let more = json!({"links": [{"name": "analysis.json", "url": "https://s3.example/analysis.json",
                "expires_at": "2026-11-23T19:00:00.000Z"}]});
            let detail = "the findings are too large to be shown here";
            problem(StatusCode::CONFLICT, "artifact_too_large", detail, more)
        }
        (asked, Scene::Waiting(waiting)) => {
            let revision = asked.unwrap_or(waiting);
            json_body(StatusCode::OK, &story::review(scene, revision))
        }
        (_, Scene::Researching) => {
            let detail = "nobody was asked about revision 0: the workflow is running";
            problem(StatusCode::CONFLICT, "not_analyzed", detail, json!({}))
        }
        (asked, _) => json_body(StatusCode::OK, &story::review(scene, asked.unwrap_or(0))),
    }
}

/// The bus, as far as `emit` knows it.
async fn put_events(State(fake): Shared, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap();
    let entries = body["Entries"].as_array().unwrap().clone();
    fake.with(|seen| seen.events.extend(entries));
    json_body(
        StatusCode::OK,
        &json!({"FailedEntryCount": 0, "Entries": [{"EventId": "e1"}]}),
    )
}

async fn history() -> Response {
    json_body(StatusCode::OK, &story::history())
}

async fn cancel(State(fake): Shared, body: Bytes) -> Response {
    if let Some(refusal) = fake.refusal() {
        return refusal;
    }
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body, json!({"reason": "enough"}));
    accepted("cancelled")
}

async fn approval_link(State(fake): Shared, body: Bytes) -> Response {
    if let Some(refusal) = fake.refusal() {
        return refusal;
    }
    let body: Value = serde_json::from_slice(&body).unwrap();
    let link = json!({"url": "https://api.example/approval-links/v1.secret", "approver": body["approver"],
        "approval": "findings", "revision": 1, "expires_at": "2026-11-23T18:00:00.000Z"});
    json_body(StatusCode::CREATED, &link)
}

async fn redrive(State(fake): Shared) -> Response {
    fake.refusal().unwrap_or_else(|| accepted("running"))
}

/// 250 workflows, at most 100 at a time.
async fn list(
    State(fake): Shared,
    Query(query): Query<std::collections::HashMap<String, String>>,
) -> Response {
    if fake.with(|seen| seen.forbidden) {
        let problem = json!({"type": "about:blank", "title": "Forbidden", "status": 403,
            "code": "forbidden", "detail": "you may not read workflows"});
        return json_body(StatusCode::FORBIDDEN, &problem);
    }
    let limit: usize = query["limit"].parse().unwrap();
    let from: usize = query
        .get("cursor")
        .map_or(0, |cursor| cursor.parse().unwrap());
    let to = (from + limit.min(100)).min(250);
    let workflows: Vec<Value> = (from..to)
        .map(|number| {
            let status = query.get("status").map_or("completed", String::as_str);
            json!({"workflow_id": WORKFLOW, "flow": "report", "status": status, "topic": format!("topic {number}"), "created_at": "2026-11-23T18:00:00.000Z"})
        })
        .collect();
    let next = (to < 250).then(|| to.to_string());
    json_body(
        StatusCode::OK,
        &json!({"workflows": workflows, "next_cursor": next}),
    )
}

//! The requests and events of one workflow's clients: its start at the moment it is due, its decisions, its redrives.
//!
//! Latency is measured from the moment a request was due, not from when it went out: what the generator or an earlier
//! failure delayed counts as well, so a stage that stalls cannot hide it. How late the generator itself was is kept apart.

use std::time::Duration;

use aegis_client::api::Ask;
use aegis_contracts::approval::ApprovalView;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::request::RedriveBody;
use aegis_contracts::view::{WorkflowAccepted, WorkflowView};
use futures::future::join_all;
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use super::book::{Book, Decision, Entry};
use crate::scenario::{Arrival, Kind};
use crate::target::Target;

/// A client gives up so long after the request was due.
const PATIENCE: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What became of one start.
#[derive(Debug)]
pub struct Started {
    pub number: usize,
    pub kind: Kind,
    /// From the beginning of the run.
    pub due: Duration,
    /// How late the first request went out.
    pub late: Duration,
    /// Of each accepted request, from when it was due.
    pub took: Vec<Duration>,
    /// Tries that failed and were repeated.
    pub failed: u32,
    pub id: Option<WorkflowId>,
    /// Why it was not accepted, or what was wrong with the answers.
    pub wrong: Option<String>,
}

impl Started {
    fn take(&mut self, sent: Sent<WorkflowId>) {
        self.failed += sent.failed;
        match (sent.outcome, &self.id) {
            (Ok(id), Some(first)) if id != *first => {
                self.wrong = Some(format!("one request made two workflows: {first} and {id}"));
            }
            (Ok(id), _) => {
                self.id = Some(id);
                self.took.push(sent.took);
            }
            (Err(why), _) => self.wrong = Some(format!("not accepted: {why}")),
        }
    }
}

/// One request's answer.
struct Sent<T> {
    outcome: Result<T, String>,
    took: Duration,
    failed: u32,
}

impl<T> Sent<T> {
    fn map<U>(self, change: impl FnOnce(T) -> U) -> Sent<U> {
        Sent {
            outcome: self.outcome.map(change),
            took: self.took,
            failed: self.failed,
        }
    }
}

pub(super) async fn start_when_due(
    target: &Target,
    book: &Book,
    number: usize,
    arrival: Arrival,
    began: Instant,
) -> Started {
    let due = began + arrival.due;
    sleep_until(due).await;
    let kind = arrival.kind;
    let mut started = Started {
        number,
        kind,
        due: arrival.due,
        late: due.elapsed(),
        took: Vec::new(),
        failed: 0,
        id: None,
        wrong: None,
    };
    let key = uuid::Uuid::new_v4().to_string();
    let body = json!({
        "flow": book.asked.flow,
        "topic": target.topic(number),
        "parameters": book.asked.parameters,
        "tags": {"load-test": target.mark},
    });
    let requests = (0..kind.times()).map(|_| start(target, kind, &key, body.clone(), due));
    for sent in join_all(requests).await {
        started.take(sent);
    }
    if let Some(id) = &started.id {
        book.accepted(id, kind, &key);
        if let Some(after) = arrival.cancelled_after {
            sleep(after).await;
            if let Some(entry) = book.take_up(id) {
                decide(target, book, id, &entry).await;
            }
        }
    }
    started
}

async fn start(
    target: &Target,
    kind: Kind,
    key: &str,
    mut body: Value,
    due: Instant,
) -> Sent<WorkflowId> {
    if !kind.is_by_event() {
        let sent = post(target, "/workflows", key, &body, due).await;
        return sent.map(|accepted: WorkflowAccepted| accepted.workflow_id);
    }
    body["idempotency_key"] = json!(key);
    let Some(account) = &target.account else {
        return Sent {
            outcome: Err("the stage file does not tell the account".to_owned()),
            took: due.elapsed(),
            failed: 0,
        };
    };
    let principal = format!("{account}:{}", target.source);
    let sent = put(target, "WorkflowRequested", &body, due).await;
    sent.map(|()| WorkflowId::derive(&principal, key))
}

/// Sends what decides or cancels, and notes what became of it.
pub(super) async fn decide(target: &Target, book: &Book, id: &WorkflowId, entry: &Entry) {
    let due = Instant::now();
    let requests = (0..entry.kind.times()).map(|_| decision(target, id, entry, due));
    let mut decisions = Vec::new();
    for sent in join_all(requests).await {
        match sent.outcome {
            Ok(()) => decisions.push(Decision {
                took: sent.took,
                failed: sent.failed,
            }),
            // The second of two at once, or a list that is behind: the next look shows whether it still waits.
            Err(why) => tracing::info!(workflow_id = %id, why, "decision not taken"),
        }
    }
    book.decided(id, &decisions);
    if decisions.is_empty() && entry.kind.revisions() > 0 {
        // A change that was asked for, of which only the answer was lost, is not asked for again.
        if let Ok(view) = target.api.workflow(id).await {
            book.is_at_revision(id, view.value.revision);
        }
    }
}

async fn decision(target: &Target, id: &WorkflowId, entry: &Entry, due: Instant) -> Sent<()> {
    let decision = match (entry.kind, entry.decided) {
        (Kind::Cancel, _) => {
            let path = format!("/workflows/{id}/cancel");
            let body = json!({"reason": "load test"});
            let sent = post(target, &path, &entry.key, &body, due).await;
            return sent.map(|_: WorkflowAccepted| ());
        }
        (Kind::Reject, _) => "reject",
        (Kind::Revise, 0) => "request_changes",
        _ => "approve",
    };
    if entry.kind.is_by_event() {
        let detail = json!({
            "idempotency_key": format!("{}-approve-{}", entry.key, entry.decided),
            "workflow_id": id,
            "decision": decision,
            "revision": entry.decided,
        });
        return put(target, "ApprovalDecided", &detail, due).await;
    }
    let body = json!({
        "decision": decision,
        "revision": entry.decided,
        "comment": "Say more on lattices.",
    });
    let sent = post(target, &format!("/approve/{id}"), &entry.key, &body, due).await;
    sent.map(|_: ApprovalView| ())
}

/// Whether it was taken is seen at the next look.
pub(super) async fn redrive(target: &Target, failed: &WorkflowView) {
    let id = &failed.workflow_id;
    let version = failed.failure.as_ref().map(|failure| failure.version);
    let (path, body) = (
        format!("/workflows/{id}/redrive"),
        json!(RedriveBody { version }),
    );
    let key = format!("redrive-{}", failed.version);
    let sent = post::<WorkflowAccepted>(target, &path, &key, &body, Instant::now()).await;
    if let Err(why) = sent.outcome {
        tracing::info!(workflow_id = %id, why, "not redriven");
    }
}

/// Sends until there is an answer that counts, as a client would that wants its workflow: with the same idempotency key.
async fn post<T: DeserializeOwned>(
    target: &Target,
    path: &str,
    key: &str,
    body: &Value,
    due: Instant,
) -> Sent<T> {
    let ask = Ask {
        method: Method::POST,
        path,
        idempotency_key: Some(key),
        body: Some(body.to_string()),
    };
    persistently(
        due,
        || target.api.attempt::<T>(&ask),
        |error| error.is_transient(),
    )
    .await
}

/// The same for an event.
async fn put(target: &Target, kind: &str, detail: &Value, due: Instant) -> Sent<()> {
    let detail = detail.to_string();
    let put = || target.bus.put(&target.source, kind, &detail);
    persistently(due, put, |_| true).await.map(|_| ())
}

async fn persistently<T, E: std::fmt::Display, F: Future<Output = Result<T, E>>>(
    due: Instant,
    mut send: impl FnMut() -> F,
    is_transient: impl Fn(&E) -> bool,
) -> Sent<T> {
    let mut failed = 0;
    let mut pause = FIRST_PAUSE;
    loop {
        let answer = send().await;
        let took = due.elapsed();
        match answer {
            Err(error) if is_transient(&error) && took < PATIENCE => failed += 1,
            answer => {
                let outcome = answer.map_err(|error| error.to_string());
                return Sent {
                    outcome,
                    took,
                    failed,
                };
            }
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

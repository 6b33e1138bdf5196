//! One workflow's start, at the moment it is due.
//!
//! Latency is measured from that moment, not from when the request went out: what the generator or an earlier failure
//! delayed counts as well, so a stage that stalls cannot hide it. How late the generator itself was is kept apart.

use std::time::Duration;

use aegis_client::api::Ask;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::WorkflowAccepted;
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use super::book::Book;
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

/// One request's answer.
pub(super) struct Sent<T> {
    pub outcome: Result<T, String>,
    pub took: Duration,
    pub failed: u32,
}

pub(super) async fn when_due(
    target: &Target,
    book: &Book,
    number: usize,
    arrival: Arrival,
    began: Instant,
) -> Started {
    let due = began + arrival.due;
    sleep_until(due).await;
    let late = due.elapsed();
    let key = uuid::Uuid::new_v4().to_string();
    let body = json!({
        "topic": target.topic(number),
        "parameters": {"depth": "quick"},
        "tags": {"load-test": target.mark},
    });
    let sent = match arrival.kind {
        Kind::Event => vec![by_event(target, &key, body, due).await],
        kind => {
            let text = body.to_string();
            let requests = (0..kind.times()).map(|_| by_request(target, &key, &text, due));
            join_all(requests).await
        }
    };
    let mut started = Started {
        number,
        kind: arrival.kind,
        due: arrival.due,
        late,
        took: Vec::new(),
        failed: 0,
        id: None,
        wrong: None,
    };
    for one in sent {
        started.take(one);
    }
    if let Some(id) = &started.id {
        book.accepted(id, arrival.kind, &key);
    }
    started
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

async fn by_request(target: &Target, key: &str, body: &str, due: Instant) -> Sent<WorkflowId> {
    let ask = Ask {
        method: Method::POST,
        path: "/workflows",
        idempotency_key: Some(key),
        body: Some(body.to_owned()),
    };
    let sent = persistently(target, &ask, due).await;
    Sent {
        outcome: sent
            .outcome
            .map(|accepted: WorkflowAccepted| accepted.workflow_id),
        took: sent.took,
        failed: sent.failed,
    }
}

async fn by_event(target: &Target, key: &str, mut detail: Value, due: Instant) -> Sent<WorkflowId> {
    detail["idempotency_key"] = json!(key);
    let detail = detail.to_string();
    let put = target.bus.put(&target.source, "WorkflowRequested", &detail);
    let outcome = match (put.await, &target.account) {
        (Ok(_), Some(account)) => Ok(WorkflowId::derive(
            &format!("{account}:{}", target.source),
            key,
        )),
        (Ok(_), None) => Err("the stage file does not tell the account".to_owned()),
        (Err(error), _) => Err(error.to_string()),
    };
    Sent {
        outcome,
        took: due.elapsed(),
        failed: 0,
    }
}

/// Sends until there is an answer that counts, as a client would that wants its workflow: with the same idempotency key.
pub(super) async fn persistently<T: serde::de::DeserializeOwned>(
    target: &Target,
    ask: &Ask<'_>,
    due: Instant,
) -> Sent<T> {
    let mut failed = 0;
    let mut pause = FIRST_PAUSE;
    loop {
        let answer = target.api.attempt::<T>(ask).await;
        let took = due.elapsed();
        match answer {
            Err(error) if error.is_transient() && took < PATIENCE => failed += 1,
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

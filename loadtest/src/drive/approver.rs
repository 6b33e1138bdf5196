//! Decides what waits for a decision. One look at a list shows a hundred that wait, where asking each workflow would
//! load the stage with questions that no real client asks.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use aegis_client::api::Ask;
use aegis_contracts::approval::ApprovalView;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::Status;
use futures::future::join_all;
use reqwest::Method;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::book::{Book, Decision, Entry};
use super::start::persistently;
use crate::list;
use crate::scenario::{Approval, Kind};
use crate::target::Target;

const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
/// A look must not be most of what the stage does.
const SHARE: u32 = 4;

/// Never returns.
pub(super) async fn decide_what_waits(
    target: Arc<Target>,
    book: Arc<Book>,
    approval: Approval,
    since: Timestamp,
) {
    let mut deciding = tokio::task::JoinSet::new();
    loop {
        let looked = Instant::now();
        let waiting = list::since(&target.api, Some(Status::AwaitingApproval), since).await;
        match waiting {
            Ok(rows) => {
                let ids: HashSet<_> = rows.into_iter().map(|row| row.workflow_id).collect();
                for id in ids {
                    if let Some(entry) = book.take_up(&id) {
                        let (target, book) = (Arc::clone(&target), Arc::clone(&book));
                        deciding.spawn(async move {
                            decide(&target, &book, &id, &entry, approval).await;
                        });
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "cannot see what waits"),
        }
        while deciding.try_join_next().is_some() {}
        sleep(SHORTEST_PAUSE.max(looked.elapsed() * SHARE)).await;
    }
}

async fn decide(target: &Target, book: &Book, id: &WorkflowId, entry: &Entry, approval: Approval) {
    let after = match entry.kind {
        Kind::Late => approval.late_after,
        _ => approval.after,
    };
    sleep(after).await;
    let due = Instant::now();
    let decisions = match entry.kind {
        Kind::Event => by_event(target, id, entry, due).await,
        _ => by_request(target, id, entry, due).await,
    };
    book.decided(id, &decisions);
}

async fn by_event(target: &Target, id: &WorkflowId, entry: &Entry, due: Instant) -> Vec<Decision> {
    let detail = json!({
        "idempotency_key": format!("{}-{}", entry.key, entry.decided),
        "workflow_id": id,
        "decision": "approve",
        "revision": 0,
    })
    .to_string();
    let put = target.bus.put(&target.source, "ApprovalDecided", &detail);
    match put.await {
        Ok(_) => vec![taken(entry, due, 0)],
        Err(error) => {
            tracing::warn!(workflow_id = %id, %error, "decision not put on the bus");
            Vec::new()
        }
    }
}

async fn by_request(
    target: &Target,
    id: &WorkflowId,
    entry: &Entry,
    due: Instant,
) -> Vec<Decision> {
    let decision = match (entry.kind, entry.decided) {
        (Kind::Reject, _) => "reject",
        (Kind::Revise, 0) => "request_changes",
        _ => "approve",
    };
    let path = format!("/approve/{id}");
    let body = json!({
        "decision": decision,
        "revision": entry.decided,
        "comment": "Say more on lattices.",
    });
    let ask = Ask {
        method: Method::POST,
        path: &path,
        idempotency_key: Some(&entry.key),
        body: Some(body.to_string()),
    };
    let requests = (0..entry.kind.times()).map(|_| persistently(target, &ask, due));
    let mut decisions = Vec::new();
    for sent in join_all(requests).await {
        let outcome: Result<ApprovalView, String> = sent.outcome;
        match outcome {
            Ok(_) => decisions.push(Decision {
                kind: entry.kind,
                took: sent.took,
                failed: sent.failed,
            }),
            // The second of two at once, or a list that is behind: the next look shows whether it still waits.
            Err(why) => tracing::info!(workflow_id = %id, why, "decision not taken"),
        }
    }
    decisions
}

fn taken(entry: &Entry, due: Instant, failed: u32) -> Decision {
    Decision {
        kind: entry.kind,
        took: due.elapsed(),
        failed,
    }
}

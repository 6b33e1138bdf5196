//! The clients of a run: they start what is due, decide what waits, and see what has ended.
//!
//! - `requests`: the requests and events of one workflow's clients
//! - `book`: what the clients know in common
//!
//! They judge nothing: that is the oracle's.

mod book;
mod requests;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use aegis_agent_kit::reporter::now;
use aegis_client::failure::ApiError;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::Status;
use futures::{StreamExt as _, stream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

pub use book::{Asked, Book, Decision, Seen};
pub use requests::Started;

use crate::scenario::{Approval, Arrival, Scenario};
use crate::target::Target;

/// What the clients saw.
#[derive(Debug)]
pub struct Driven {
    /// In the order of their numbers.
    pub started: Vec<Started>,
    pub decisions: Vec<Decision>,
    /// Accepted, and not seen to end in time.
    pub unfinished: Vec<WorkflowId>,
    /// When the first was due.
    pub began: Timestamp,
    pub took: Duration,
}

/// Long enough for all tasks to be asleep when the first is due.
const LEAD: Duration = Duration::from_millis(200);

pub async fn all(
    target: &Arc<Target>,
    plan: &[Arrival],
    scenario: &Scenario,
    book: &Arc<Book>,
) -> Driven {
    let began = Instant::now() + LEAD;
    let began_at = now().plus(LEAD);
    let mut approver = JoinSet::new();
    approver.spawn(decide_what_waits(
        Arc::clone(target),
        Arc::clone(book),
        scenario.approval,
        began_at,
    ));
    let mut starting = JoinSet::new();
    for (number, arrival) in plan.iter().copied().enumerate() {
        let (target, book) = (Arc::clone(target), Arc::clone(book));
        starting.spawn(async move {
            requests::start_when_due(&target, &book, number, arrival, began).await
        });
    }
    let mut started = starting.join_all().await;
    started.sort_by_key(|one| one.number);
    let last = plan.last().map_or(Duration::ZERO, |arrival| arrival.due);
    let until = began + last + scenario.patience;
    let unfinished = wait_for_the_end(target, book, began_at, until).await;
    approver.shutdown().await;
    Driven {
        started,
        decisions: book.decisions(),
        unfinished,
        began: began_at,
        took: began.elapsed(),
    }
}

const SHORTEST_PAUSE_OF_APPROVER: Duration = Duration::from_millis(250);
/// A look must not be most of what the stage does.
const SHARE: u32 = 4;

/// Decides what waits for a decision, and never returns. One look at a list shows a hundred that wait, where asking each
/// workflow would load the stage with questions that no real client asks.
async fn decide_what_waits(
    target: Arc<Target>,
    book: Arc<Book>,
    approval: Approval,
    since: Timestamp,
) {
    let mut deciding = JoinSet::new();
    loop {
        let looked = Instant::now();
        match target.list(Some(Status::AwaitingApproval), since).await {
            Ok(rows) => {
                let ids: HashSet<_> = rows.into_iter().map(|row| row.workflow_id).collect();
                for id in ids {
                    if let Some(entry) = book.take_up(&id) {
                        let (target, book) = (Arc::clone(&target), Arc::clone(&book));
                        deciding.spawn(async move {
                            sleep(approval.of(entry.kind)).await;
                            requests::decide(&target, &book, &id, &entry).await;
                        });
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "cannot see what waits"),
        }
        while deciding.try_join_next().is_some() {}
        sleep(SHORTEST_PAUSE_OF_APPROVER.max(looked.elapsed() * SHARE)).await;
    }
}

const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
const AT_ONCE: usize = 8;
const LIVE: [Status; 2] = [Status::Running, Status::AwaitingApproval];

/// Those that have not ended by `until`. Lists tell which are under way; only those that are in none are asked for.
async fn wait_for_the_end(
    target: &Target,
    book: &Book,
    since: Timestamp,
    until: Instant,
) -> Vec<WorkflowId> {
    loop {
        let looked = Instant::now();
        let left = book.under_way();
        if left.is_empty() || looked > until {
            return left;
        }
        match live(target, since).await {
            Ok(live) => {
                let gone = left.into_iter().filter(|id| !live.contains(id));
                let asked = gone.map(|id| async move { look_at(target, book, &id).await });
                stream::iter(asked)
                    .buffer_unordered(AT_ONCE)
                    .collect::<()>()
                    .await;
            }
            Err(error) => tracing::warn!(%error, "cannot see what is under way"),
        }
        sleep(SHORTEST_PAUSE.max(looked.elapsed())).await;
    }
}

async fn live(target: &Target, since: Timestamp) -> Result<HashSet<WorkflowId>, ApiError> {
    let mut ids = HashSet::new();
    for status in LIVE {
        let rows = target.list(Some(status), since).await?;
        ids.extend(rows.into_iter().map(|row| row.workflow_id));
    }
    Ok(ids)
}

/// Notes an end. A failed workflow is redriven where the scenario says so.
async fn look_at(target: &Target, book: &Book, id: &WorkflowId) {
    let Ok(view) = target.api.workflow(id).await else {
        return;
    };
    let view = view.value;
    if view.status == Status::Failed && book.may_redrive(id) {
        requests::redrive(target, &view).await;
    } else if view.status.is_terminal() {
        book.ended(id);
    }
}

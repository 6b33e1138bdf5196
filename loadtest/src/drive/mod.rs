//! The clients of a run: they start what is due, decide what waits, and see what has ended.
//!
//! - `start`: one workflow's start, at the moment it is due
//! - `approver`: looks at what waits for a decision, as a person's inbox would
//! - `ending`: waits until everything has ended
//! - `book`: what they know in common
//!
//! They judge nothing: that is the oracle's.

mod approver;
mod book;
mod ending;
mod start;

use std::sync::Arc;
use std::time::Duration;

use aegis_agent_kit::reporter::now;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub use book::{Book, Decision, Seen};
pub use start::Started;

use crate::scenario::{Approval, Arrival};
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
    approval: Approval,
    patience: Duration,
    book: &Arc<Book>,
) -> Driven {
    let began = Instant::now() + LEAD;
    let began_at = now().plus(LEAD);
    let mut approver = JoinSet::new();
    approver.spawn(approver::decide_what_waits(
        Arc::clone(target),
        Arc::clone(book),
        approval,
        began_at,
    ));
    let mut starting = JoinSet::new();
    for (number, arrival) in plan.iter().copied().enumerate() {
        let (target, book) = (Arc::clone(target), Arc::clone(book));
        starting
            .spawn(async move { start::when_due(&target, &book, number, arrival, began).await });
    }
    let mut started = starting.join_all().await;
    started.sort_by_key(|one| one.number);
    let last = plan.last().map_or(Duration::ZERO, |arrival| arrival.due);
    let unfinished = ending::wait(target, book, began_at, began + last + patience).await;
    approver.shutdown().await;
    Driven {
        started,
        decisions: book.decisions(),
        unfinished,
        began: began_at,
        took: began.elapsed(),
    }
}

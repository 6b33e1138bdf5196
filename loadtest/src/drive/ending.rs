//! Waits until everything that was accepted has ended.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use aegis_client::failure::ApiError;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::Status;
use futures::{StreamExt as _, stream};
use tokio::time::{Instant, sleep};

use super::book::Book;
use crate::list;
use crate::target::Target;

const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
const AT_ONCE: usize = 8;
const LIVE: [Status; 4] = [
    Status::Researching,
    Status::Analyzing,
    Status::AwaitingApproval,
    Status::Writing,
];

/// Those that have not ended by `until`. Lists tell which are under way; only those that are in none are asked for.
pub(super) async fn wait(
    target: &Arc<Target>,
    book: &Arc<Book>,
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
                let asked = gone.map(|id| async move {
                    let view = target.api.workflow(&id).await;
                    if view.is_ok_and(|view| view.value.status.is_terminal()) {
                        book.ended(&id);
                    }
                });
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
        let rows = list::since(&target.api, Some(status), since).await?;
        ids.extend(rows.into_iter().map(|row| row.workflow_id));
    }
    Ok(ids)
}

//! Lists of workflows, as far back as a run goes.

use std::time::Duration;

use aegis_client::api::{Api, Ask};
use aegis_client::failure::ApiError;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::{Status, WorkflowPage, WorkflowSummary};
use reqwest::Method;

/// Clocks of stage and generator may differ by so much.
const SLACK: Duration = Duration::from_secs(120);

/// Those that were created since, newest first.
///
/// # Errors
/// Where a page is refused.
pub async fn since(
    api: &Api,
    status: Option<Status>,
    since: Timestamp,
) -> Result<Vec<WorkflowSummary>, ApiError> {
    let status = status.map_or(String::new(), |status| {
        format!("&status={}", status.as_str())
    });
    let mut rows = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/workflows?limit=100{status}{cursor}");
        let ask = Ask {
            method: Method::GET,
            path: &path,
            idempotency_key: None,
            body: None,
        };
        let page: WorkflowPage = api.attempt(&ask).await?;
        let older = |row: &WorkflowSummary| row.created_at.plus(SLACK) < since;
        let at_the_end = page.workflows.iter().any(older);
        rows.extend(page.workflows.into_iter().filter(|row| !older(row)));
        match page.next_cursor {
            Some(next) if !at_the_end => cursor = format!("&cursor={next}"),
            _ => return Ok(rows),
        }
    }
}

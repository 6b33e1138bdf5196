//! The list of workflows: newest first, page by page.

use aegis_contracts::view::{Status, WorkflowPage, WorkflowSummary};
use aegis_e2e::run::TOPIC;
use aegis_e2e::stack::{Stack, e2e};
use anyhow::{Result, bail};
use serde_json::json;

/// Pages until all of `ids` were seen.
async fn walk(stack: &Stack, query: &str, ids: &[String]) -> Result<Vec<WorkflowSummary>> {
    let mut rows: Vec<WorkflowSummary> = Vec::new();
    let mut cursor = String::new();
    for _ in 0..500 {
        let path = format!("/workflows?limit=2{query}{cursor}");
        let page: WorkflowPage = stack.http.get(&path).await?.read(200)?;
        assert!(page.workflows.len() <= 2);
        rows.extend(page.workflows);
        let seen = |id: &String| rows.iter().any(|row| row.workflow_id.as_str() == id);
        let Some(next) = page.next_cursor.filter(|_| !ids.iter().all(seen)) else {
            return Ok(rows);
        };
        cursor = format!("&cursor={next}");
    }
    bail!("the list has no end")
}

#[test]
fn pages_follow_each_other_newest_first() -> Result<()> {
    e2e(async |stack| {
        let mut ids = Vec::new();
        for _ in 0..5 {
            let run = stack.start(json!({"topic": TOPIC})).await?;
            // What has ended keeps its place while other tests go on.
            run.cancel(&json!({})).await?.is(202)?;
            ids.push(run.id.to_string());
        }
        for query in ["", "&status=cancelled"] {
            let rows = walk(stack, query, &ids).await?;
            let newest_first = rows.is_sorted_by(|a, b| {
                (b.created_at, b.workflow_id.as_str()) < (a.created_at, a.workflow_id.as_str())
            });
            assert!(newest_first, "not newest first, or twice: {rows:?}");
            let ours = rows.iter().map(|row| row.workflow_id.to_string());
            let ours: Vec<_> = ours.filter(|id| ids.contains(id)).collect();
            assert_eq!(ours, ids.iter().rev().cloned().collect::<Vec<_>>());
        }
        Ok(())
    })
}

#[test]
fn a_list_can_be_of_one_status() -> Result<()> {
    e2e(async |stack| {
        let run = stack.start_awaiting(json!({})).await?;
        let has = async |status: Status| {
            let path = format!("/workflows?limit=100&status={}", status.as_str());
            let page: WorkflowPage = stack.http.get(&path).await?.read(200)?;
            assert!(page.workflows.iter().all(|row| row.status == status));
            let row = page
                .workflows
                .into_iter()
                .find(|row| row.workflow_id == run.id);
            anyhow::Ok(row.map(|row| row.topic))
        };
        assert_eq!(has(Status::AwaitingApproval).await?.as_deref(), Some(TOPIC));
        assert_eq!(has(Status::Running).await?, None);
        run.cancel(&json!({})).await?.is(202)?;
        assert_eq!(has(Status::AwaitingApproval).await?, None);
        assert_eq!(has(Status::Cancelled).await?.as_deref(), Some(TOPIC));
        Ok(())
    })
}

#[test]
fn bad_queries_are_refused() -> Result<()> {
    e2e(async |stack| {
        let queries = [
            "limit=0",
            "limit=101",
            "limit=-1",
            "limit=many",
            "status=asleep",
            "cursor=x",
            "cursor=AAAA",
            "cursor=%F0%9F%98%80",
        ];
        for query in queries {
            let answer = stack.http.get(&format!("/workflows?{query}")).await?;
            let problem = answer.problem(400, "invalid_query")?;
            let name = query.split('=').next().unwrap_or_default();
            assert!(problem.detail.contains(name), "{query}: {}", problem.detail);
        }
        Ok(())
    })
}

//! The same request again, and another one in its place.

use std::collections::BTreeSet;

use aegis_contracts::view::{Status, WorkflowAccepted};
use aegis_e2e::run::TOPIC;
use aegis_e2e::stack::e2e;
use anyhow::Result;
use futures::future::try_join_all;
use serde_json::json;

#[test]
fn twenty_equal_requests_at_once_open_one_workflow() -> Result<()> {
    e2e(async |stack| {
        let run = stack.plan();
        run.calm().await;
        let request = json!({"topic": TOPIC, "parameters": {"depth": "quick"}});
        let answers = try_join_all((0..20).map(|_| run.post_start(&request))).await?;
        for answer in answers {
            let accepted: WorkflowAccepted = answer.read(202)?;
            assert_eq!(accepted.workflow_id, run.id);
        }
        let view = run.reach(Status::AwaitingApproval).await?;
        assert_eq!(view.version, 3);
        run.event("WorkflowStarted").await?;
        run.post_start(&request).await?.is(202)?;
        assert_eq!(run.view().await?.version, 3);
        Ok(())
    })
}

#[test]
fn what_a_request_means_counts_and_not_how_it_is_written() -> Result<()> {
    e2e(async |stack| {
        let run = stack.start(json!({"topic": TOPIC})).await?;
        let spelled_out =
            json!({"parameters": {}, "approval": {}, "topic": TOPIC, "flow": "report"});
        run.post_start(&spelled_out).await?.is(202)?;
        run.cancel(&json!({})).await?;
        Ok(())
    })
}

#[test]
fn another_request_under_the_same_key_is_a_conflict() -> Result<()> {
    e2e(async |stack| {
        let run = stack.start(json!({"topic": TOPIC})).await?;
        for other in [
            json!({"topic": "Heat pumps"}),
            json!({"topic": TOPIC, "parameters": {"depth": "quick"}}),
            json!({"topic": TOPIC, "approval": {"required": 2}}),
            json!({"topic": TOPIC, "tags": {"a": "b"}}),
        ] {
            run.post_start(&other)
                .await?
                .problem(409, "idempotency_conflict")?;
        }
        let view = run.view().await?;
        assert_eq!((view.topic.as_str(), view.tags.len()), (TOPIC, 0));
        run.cancel(&json!({})).await?;
        Ok(())
    })
}

#[test]
fn without_a_key_every_request_is_a_new_one() -> Result<()> {
    e2e(async |stack| {
        let calm = aegis_e2e::processes::undisturbed().await;
        let mut ids = BTreeSet::new();
        for _ in 0..3 {
            let answer = stack
                .http
                .post("/workflows", &[], &json!({"topic": TOPIC}))
                .await?;
            let accepted: WorkflowAccepted = answer.read(202)?;
            let cancel = stack.http.path_of(&accepted.links.cancel)?;
            let cancelled = stack.http.post(cancel, &[], &json!({})).await?;
            cancelled.is(202)?;
            ids.insert(accepted.workflow_id);
        }
        drop(calm);
        assert_eq!(ids.len(), 3);
        Ok(())
    })
}

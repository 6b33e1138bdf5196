//! Dead letters, as an operator finds, mends and drops them with `aegis dlq`.

use aegis_aws::client::queues::send;
use aegis_contracts::view::Status;
use aegis_e2e::agent::success;
use aegis_e2e::run::TOPIC;
use aegis_e2e::stack::{Stack, e2e};
use aegis_e2e::step::Step;
use aegis_e2e::wait::{SOON, Seen, eventually};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

const CRM: &str = "partner.crm";

/// The first letter of `queue` that `wanted` takes, once `dlq show` tells of it.
pub(crate) async fn shown(
    stack: &Stack,
    queue: &str,
    wanted: impl Fn(&Value) -> bool,
) -> Result<Value> {
    eventually(&format!("a dead letter of {queue}"), SOON, async || {
        let words = ["dlq", "show", queue, "--body", "--limit", "1000"];
        let seen = stack.aegis_json(&words).await?;
        let mut found = seen["messages"].as_array().into_iter().flatten();
        let found = found.find(|letter| wanted(letter)).cloned();
        Ok(found.map_or_else(|| Seen::NotYet("none such".to_owned()), Seen::Yes))
    })
    .await
}

fn holds(letter: &Value, text: &str) -> bool {
    letter["body"].as_str().unwrap_or_default().contains(text)
}

pub(crate) fn id_of(letter: &Value) -> Result<&str> {
    letter["message_id"].as_str().context("no message id")
}

/// Repeated while another test has the letter in its hands.
pub(crate) async fn moved(stack: &Stack, words: &[&str]) -> Result<()> {
    eventually(&format!("{words:?}"), SOON, async || {
        let outcome = stack.aegis(words).await?;
        Ok(match outcome.code {
            Some(0) => Seen::Yes(()),
            _ => Seen::NotYet(format!("{outcome:?}")),
        })
    })
    .await
}

/// Lies nowhere in the queue, hidden or not: no look finds it for longer than any reader hides it.
async fn gone(stack: &Stack, queue: &str, text: &str) -> Result<()> {
    let mut missed = 0;
    eventually(&format!("{text} to be gone"), SOON, async || {
        let words = ["dlq", "show", queue, "--body", "--limit", "1000"];
        let seen = stack.aegis_json(&words).await?;
        let found = seen["messages"].as_array().into_iter().flatten();
        let there = found.filter(|letter| holds(letter, text)).count();
        missed = if there == 0 { missed + 1 } else { 0 };
        Ok(if missed > 10 {
            Seen::Yes(())
        } else {
            Seen::NotYet(format!("{there} there, missed {missed} times"))
        })
    })
    .await
}

#[test]
fn an_invalid_event_is_shown_with_its_reason_and_dropped() -> Result<()> {
    e2e(async |stack| {
        let mark = uuid::Uuid::new_v4().to_string();
        let detail = json!({"topic": TOPIC, "mark": mark});
        stack.emit(CRM, "WorkflowRequested", &detail).await?;
        let letter = shown(stack, "intake", |letter| holds(letter, &mark)).await?;
        assert_eq!(letter["kind"], "event WorkflowRequested");
        let reason = letter["reason"].as_str().context("no reason")?;
        assert!(reason.contains("idempotency_key"), "{reason}");
        assert!(letter["age_seconds"].as_u64().is_some_and(|age| age < 600));
        let listed = stack.aegis_json(&["dlq", "list"]).await?;
        let rows = listed.as_array().context("no rows")?;
        assert_eq!(rows.len(), 9, "{listed}");
        let intake = rows.iter().find(|row| row["queue"] == "intake");
        let intake = intake.context("no row of intake")?;
        let count =
            intake["waiting"].as_u64().unwrap_or(0) + intake["hidden"].as_u64().unwrap_or(0);
        assert!(count > 0, "{listed}");
        let id = id_of(&letter)?;
        let refused = stack
            .aegis(&["dlq", "drop", "intake", "--message", id])
            .await?;
        assert_eq!(refused.code, Some(1));
        assert!(refused.err.contains("--yes"), "{refused:?}");
        shown(stack, "intake", |letter| holds(letter, &mark)).await?;
        moved(stack, &["dlq", "drop", "intake", "--message", id, "--yes"]).await?;
        gone(stack, "intake", &mark).await
    })
}

#[test]
fn a_decision_that_came_too_early_is_put_back_and_counts() -> Result<()> {
    e2e(async |stack| {
        let run = stack.plan();
        run.hold(Step::Research, 1).await?;
        let artifact = run.write_evidence(1).await?;
        run.start(&json!({"topic": TOPIC})).await?;
        let decision =
            json!({"idempotency_key": run.key, "workflow_id": run.id, "decision": "approve"});
        stack.emit(CRM, "ApprovalDecided", &decision).await?;
        let letter = shown(stack, "approval", |letter| {
            letter["workflow_id"] == run.id.as_str()
        })
        .await?;
        assert_eq!(letter["kind"], "event ApprovalDecided");
        let token = run.token(Step::Research, 1).await?;
        let report = success(Step::Research, 1, &[artifact]);
        run.report(&token, &report).await?.is(200)?;
        run.reach(Status::AwaitingApproval).await?;
        moved(
            stack,
            &["dlq", "redrive", "approval", "--message", id_of(&letter)?],
        )
        .await?;
        run.reach(Status::Completed).await?;
        gone(stack, "approval", run.id.as_str()).await
    })
}

/// Only `relay` may publish in our name, so a letter of its goes back through its queue.
#[test]
fn an_event_that_was_set_aside_is_published_with_its_own_id() -> Result<()> {
    e2e(async |stack| {
        stack.events().await?;
        let run = stack.start_awaiting(json!({})).await?;
        let told: Value =
            serde_json::from_str(&stack.events().await?.wait_for(run.id.as_str()).await?.body)?;
        let event = &told["detail"];
        let event_id = event["event_id"].as_str().context("no event id")?;
        let url = &stack.outputs.dlq_urls["relay"];
        send(&stack.config, url, &event.to_string()).await?;
        let letter = shown(stack, "relay", |letter| holds(letter, event_id)).await?;
        assert_eq!(letter["workflow_id"], run.id.as_str());
        let id = id_of(&letter)?;
        moved(stack, &["dlq", "redrive", "relay", "--message", id]).await?;
        eventually("the event to be on the bus twice", SOON, async || {
            let found = stack.events().await?.holding(event_id).await?.len();
            Ok(match found {
                2 => Seen::Yes(()),
                _ => Seen::NotYet(format!("{found} times")),
            })
        })
        .await?;
        gone(stack, "relay", event_id).await
    })
}

/// Each service may put into its dead-letter queue what it cannot read.
#[test]
fn what_no_service_can_read_is_set_aside_by_each() -> Result<()> {
    e2e(async |stack| {
        for (service, url) in &stack.outputs.queue_urls {
            let mark = format!("no message {}", uuid::Uuid::new_v4());
            send(&stack.config, url, &mark).await?;
            let letter = shown(stack, service, |letter| holds(letter, &mark)).await?;
            let reason = letter["reason"].as_str().context("no reason")?;
            // Not moved by SQS, after it had come back too often: the service itself said what is wrong.
            assert!(reason.starts_with("not JSON"), "{service}: {letter}");
            let id = id_of(&letter)?;
            moved(stack, &["dlq", "drop", service, "--message", id, "-y"]).await?;
        }
        Ok(())
    })
}

#[test]
fn a_failed_sweep_is_not_put_back() -> Result<()> {
    e2e(async |stack| {
        let mark = uuid::Uuid::new_v4().to_string();
        let failed = json!({"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": {"mark": mark},
            "responsePayload": {"errorMessage": "table away"}});
        let url = &stack.outputs.dlq_urls["deadlines"];
        send(&stack.config, url, &failed.to_string()).await?;
        let letter = shown(stack, "deadlines", |letter| holds(letter, &mark)).await?;
        assert_eq!(
            letter["reason"],
            "Lambda gave it up (RetriesExhausted): table away"
        );
        let id = id_of(&letter)?;
        let kept = stack
            .aegis(&["dlq", "redrive", "deadlines", "--message", id])
            .await?;
        assert_eq!(kept.code, Some(1), "{kept:?}");
        assert!(kept.out.contains("a tick is not put back"), "{kept:?}");
        moved(stack, &["dlq", "drop", "deadlines", "--message", id, "-y"]).await
    })
}

//! Events of senders that are not listed start nothing and decide nothing.

use aegis_aws::client::queues::send;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::Status;
use aegis_e2e::stack::{ACCOUNT, Stack};
use aegis_e2e::wait::{SOON, Seen, eventually};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::stage::{SOURCE, reach, request, with_signatures};

const STRANGER: &str = "a.stranger";
const ACCOUNT_OF_OTHERS: &str = "999988887777";

fn wanted(key: &str, body: &Value) -> Value {
    json!({"idempotency_key": key, "topic": body["topic"]})
}

/// As EventBridge would put it into a queue.
fn event(kind: &str, source: &str, account: &str, detail: &Value) -> String {
    json!({"version": "0", "id": "e", "detail-type": kind, "source": source, "account": account,
        "time": "2026-11-24T00:00:00Z", "region": "us-east-1", "resources": [], "detail": detail})
    .to_string()
}

/// Puts a message into a service's queue, past the bus and its rules, and waits until it is set aside.
async fn set_aside(stack: &Stack, service: &str, body: &str, key: &str) -> Result<()> {
    let queue = stack.outputs.queue_urls.get(service);
    send(&stack.config, queue.context("no such queue")?, body).await?;
    eventually("a dead letter", SOON, async || {
        let letters = stack.dead_letters(service)?.holding(key).await?;
        let Some(letter) = letters.first() else {
            return Ok(Seen::NotYet("none".to_owned()));
        };
        let reason = letter.attributes.get("reason").cloned().unwrap_or_default();
        ensure!(
            reason.starts_with("sender_not_allowed: "),
            "{service}: {reason}"
        );
        Ok(Seen::Yes(()))
    })
    .await
}

#[test]
fn only_listed_senders_start_and_decide() -> Result<()> {
    with_signatures(async |stack| {
        let user = stack.user(&["*/workflows*"]).await?.client;
        let (heard, body) = request();
        let (unheard, _) = request();
        stack
            .emit(STRANGER, "WorkflowRequested", &wanted(&unheard, &body))
            .await?;
        stack
            .emit(SOURCE, "WorkflowRequested", &wanted(&heard, &body))
            .await?;
        let id = WorkflowId::derive(&format!("{ACCOUNT}:{SOURCE}"), &heard);
        let id = id.as_str();
        eventually("the listed source to be heard", SOON, async || {
            let status = user.get(&format!("/workflows/{id}")).await?.status;
            Ok(match status {
                200 => Seen::Yes(()),
                other => Seen::NotYet(other.to_string()),
            })
        })
        .await?;
        // It was sent before, and nobody listens to it.
        absent(&user, STRANGER, ACCOUNT, &unheard).await?;

        for (source, account) in [
            (STRANGER, ACCOUNT),
            (SOURCE, ACCOUNT_OF_OTHERS),
            ("aegis.workflow", ACCOUNT),
        ] {
            let (key, body) = request();
            let start = event("WorkflowRequested", source, account, &wanted(&key, &body));
            set_aside(stack, "intake", &start, &key).await?;
            absent(&user, source, account, &key).await?;
        }

        reach(&user, id, Status::AwaitingApproval).await?;
        for (source, account) in [(STRANGER, ACCOUNT), (SOURCE, ACCOUNT_OF_OTHERS)] {
            let (key, _) = request();
            let detail = json!({"idempotency_key": key, "workflow_id": id, "decision": "approve"});
            let decision = event("ApprovalDecided", source, account, &detail);
            set_aside(stack, "approval", &decision, &key).await?;
            let detail = json!({"idempotency_key": key, "workflow_id": id});
            let cancel = event("CancelRequested", source, account, &detail);
            set_aside(stack, "intake", &cancel, &key).await?;
        }
        reach(&user, id, Status::AwaitingApproval).await?;
        let detail = json!({"idempotency_key": heard, "workflow_id": id, "decision": "reject"});
        stack.emit(SOURCE, "ApprovalDecided", &detail).await?;
        reach(&user, id, Status::Rejected).await?;
        Ok(())
    })
}

async fn absent(
    user: &aegis_e2e::client::Client,
    source: &str,
    account: &str,
    key: &str,
) -> Result<()> {
    let id = WorkflowId::derive(&format!("{account}:{source}"), key);
    let looked = user.get(&format!("/workflows/{id}")).await?;
    looked.problem(404, "workflow_not_found")?;
    Ok(())
}

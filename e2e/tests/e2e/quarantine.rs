//! A state that nobody can read, and the way back that docs/quarantine.md shows. **Slow**: it waits for the sweep.

use aegis_contracts::view::Status;
use aegis_e2e::stack::{Stack, e2e};
use aegis_e2e::wait::{SOON, Seen, eventually};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::dlq::{id_of, moved, shown};

/// As often as sweeps try to read a state, less one.
const NEARLY_GIVEN_UP: &str = "9";

async fn item(stack: &Stack, id: &str) -> Result<Value> {
    let wanted = json!({"TableName": stack.outputs.workflow_table_name, "Key": key(id), "ConsistentRead": true});
    Ok(stack.dynamodb("GetItem", &wanted).await?["Item"].clone())
}

fn key(id: &str) -> Value {
    json!({"pk": {"S": format!("WF#{id}")}, "sk": {"S": "STATE"}})
}

async fn update(
    stack: &Stack,
    id: &str,
    expression: &str,
    condition: &str,
    values: Value,
) -> Result<()> {
    let update = json!({
        "TableName": stack.outputs.workflow_table_name,
        "Key": key(id),
        "ConditionExpression": condition,
        "UpdateExpression": expression,
        "ExpressionAttributeValues": values,
    });
    stack.dynamodb("UpdateItem", &update).await.map(drop)
}

/// Returns the item as it was. Nobody writes a state that cannot be read, and who read it before fails at the other
/// number, so it still fits when it is put back.
async fn broken(stack: &Stack, id: &str) -> Result<Value> {
    eventually("nobody else to write", SOON, async || {
        let before = item(stack, id).await?;
        let values = json!({
            ":body": {"S": "broken"},
            ":tries": {"N": NEARLY_GIVEN_UP},
            ":shard": {"S": "D#0"},
            ":now": {"N": "0"},
            ":seen": before["seq"],
            ":one": {"N": "1"},
        });
        let set = "SET body = :body, seq = seq + :one, sweep_tries = :tries, \
                   deadline_shard = :shard, deadline_at = :now";
        Ok(match update(stack, id, set, "seq = :seen", values).await {
            Ok(()) => Seen::Yes(before),
            Err(error) => Seen::NotYet(error.to_string()),
        })
    })
    .await
}

#[test]
fn a_state_that_cannot_be_read_is_set_aside_and_put_back() -> Result<()> {
    e2e(async |stack| {
        let run = stack.start_awaiting(json!({})).await?;
        let id = run.id.as_str();
        let readable = broken(stack, id).await?;
        assert_eq!(run.get("").await?.status, 500);

        // The sweep is less than a minute away.
        let letter = shown(stack, "deadlines", |letter| letter["workflow_id"] == id).await?;
        let reason = letter["reason"].as_str().context("no reason")?;
        assert!(reason.starts_with("unreadable_state:"), "{reason}");
        let left = eventually("it to be off the index", SOON, async || {
            let now = item(stack, id).await?;
            Ok(match now["deadline_shard"].is_null() {
                true => Seen::Yes(now),
                false => Seen::NotYet(now.to_string()),
            })
        })
        .await?;
        assert_eq!(left["body"]["S"], "broken", "nothing else is touched");

        let set = "SET body = :body, seq = :seq, deadline_shard = :shard, deadline_at = :now \
                   REMOVE sweep_tries";
        let values = json!({
            ":body": readable["body"],
            ":seq": readable["seq"],
            ":shard": {"S": "D#0"},
            ":now": {"N": "0"},
        });
        update(stack, id, set, "attribute_exists(pk)", values).await?;
        run.approve().await?;
        run.reach(Status::Completed).await?;
        let ended = item(stack, id).await?;
        for left in ["deadline_shard", "deadline_at", "sweep_tries"] {
            assert!(ended[left].is_null(), "{left} is left: {ended}");
        }
        let words = [
            "dlq",
            "drop",
            "deadlines",
            "--message",
            id_of(&letter)?,
            "--yes",
        ];
        moved(stack, &words).await
    })
}

//! States that no sweep can read: counted beside the state, then taken off the index of deadlines.
//!
//! The state itself is never written: it is kept as it is for whoever mends it.

use aegis_contracts::ids::WorkflowId;
use aegis_engine::error::PortError;
use aegis_engine::ports::Write;
use aegis_engine::stored::decode_state;
use aws_sdk_dynamodb::types::ReturnValue;

use super::items::{STATE, body, key, number};
use super::table::{DynamoTable, written};

impl DynamoTable {
    pub(super) async fn count_try(&self, id: &WorkflowId) -> Result<u32, PortError> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key(id, STATE)))
            .update_expression("ADD sweep_tries :one")
            // Without it the update would make an item of its own where there is none.
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await;
        let counted = match sent {
            Ok(answer) => answer.attributes,
            // There is no such workflow, or its state is being written: nothing to count.
            Err(error) => return written(Err::<(), _>(error)).map(|_| 0),
        };
        let tries = counted.and_then(|item| item.get("sweep_tries")?.as_n().ok()?.parse().ok());
        tries.ok_or_else(|| PortError::Permanent("UpdateItem counted nothing".to_owned()))
    }

    pub(super) async fn take_off_deadlines(&self, id: &WorkflowId) -> Result<Write, PortError> {
        let Some(item) = self.get(id, STATE).await? else {
            return Ok(Write::Conflict);
        };
        match body(&item).and_then(decode_state) {
            Err(error) if error.is_permanent() => {}
            Ok(_) | Err(_) => return Ok(Write::Conflict),
        }
        let mut update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key(id, STATE)))
            .update_expression("REMOVE deadline_shard, deadline_at");
        // Somebody who mends the state in between puts it back on the index, and it must stay there.
        update = match item.get("seq") {
            Some(seq) => update
                .condition_expression("seq = :seen")
                .expression_attribute_values(":seen", seq.clone()),
            None => {
                update.condition_expression("attribute_exists(pk) AND attribute_not_exists(seq)")
            }
        };
        written(update.send().await)
    }
}

//! The workflow table on DynamoDB.
//!
//! Every write is conditional on the sequence number of what was read. A transition is one
//! transaction of two items, a touch one update.

use aegis_contracts::flow::Name;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_engine::error::PortError;
use aegis_engine::ports::{KeptFlow, ListPage, ListQuery, Table, Write};
use aegis_engine::stored::{HistoryEntry, StoredRequest, decode_state};
use aegis_workflow::{Pinned, StoredWorkflow, Workflow};
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};

use super::fault::{fault, kind_of, unbuildable};
use super::items::{
    HISTORY_PREFIX, Item, REQUEST, STATE, StateUpdate, UNCHANGED, body, flow_item, flow_key,
    history_item, key, partition, read_flow, request_item, state_item, state_update, text,
};

/// Into how many keys each index is spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shards {
    pub status: u32,
    pub deadline: u32,
}

pub struct DynamoTable {
    pub(super) client: Client,
    pub(super) name: String,
    pub(super) shards: Shards,
}

impl DynamoTable {
    pub fn new(client: Client, name: String, shards: Shards) -> Self {
        Self {
            client,
            name,
            shards,
        }
    }

    fn put_new(&self, item: Item) -> Result<TransactWriteItem, PortError> {
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(unbuildable)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn update_state(
        &self,
        expected_seq: u64,
        next: &Workflow,
    ) -> Result<TransactWriteItem, PortError> {
        let StateUpdate { expression, values } = state_update(expected_seq, next, self.shards)?;
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(key(&next.id, STATE)))
            .update_expression(expression)
            .condition_expression(UNCHANGED)
            .set_expression_attribute_values(Some(values));
        Ok(TransactWriteItem::builder()
            .update(update.build().map_err(unbuildable)?)
            .build())
    }

    async fn transact(&self, items: Vec<TransactWriteItem>) -> Result<Write, PortError> {
        let sent = self
            .client
            .transact_write_items()
            .set_transact_items(Some(items))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(Write::Done),
            Err(error) => cancelled(error),
        }
    }

    pub(super) async fn get(&self, id: &WorkflowId, sort: &str) -> Result<Option<Item>, PortError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key(id, sort)))
            .consistent_read(true)
            .send()
            .await
            .map_err(fault("GetItem"))?;
        Ok(answer.item)
    }
}

/// What stands behind a transaction that was not made. DynamoDB gives a reason for each item, and they need not agree:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>.
fn cancelled<R: std::fmt::Debug + 'static>(
    error: SdkError<TransactWriteItemsError, R>,
) -> Result<Write, PortError> {
    let reasons = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons()
        }
        Some(_) | None => return Err(fault("TransactWriteItems")(error)),
    };
    let mut codes: Vec<&str> = reasons.iter().filter_map(|one| one.code()).collect();
    codes.retain(|code| *code != "None");
    if codes.contains(&"ConditionalCheckFailed") {
        // Somebody has written: whatever else was wrong, it was wrong with a write that is not wanted any more.
        return Ok(Write::Conflict);
    }
    if !codes.is_empty() && codes.iter().all(|code| *code == "TransactionConflict") {
        return Ok(Write::Conflict);
    }
    let what = format!("TransactWriteItems: cancelled for {}", codes.join(", "));
    let errors = codes.iter().map(|code| kind_of(code)(what.clone()));
    let worst = errors.max_by_key(|error| match error {
        PortError::Transient(_) => 0,
        PortError::Throttled(_) => 1,
        PortError::Permanent(_) => 2,
    });
    Err(worst.unwrap_or_else(|| fault("TransactWriteItems")(error)))
}

/// The outcome of a conditional update. DynamoDB also refuses it while a transaction is at work on the item, and the SDK
/// does not try again: that transaction may be the write of somebody who was faster.
pub(super) fn written<T, R: std::fmt::Debug + 'static>(
    sent: Result<T, SdkError<UpdateItemError, R>>,
) -> Result<Write, PortError> {
    match sent {
        Ok(_) => Ok(Write::Done),
        Err(error)
            if error.as_service_error().is_some_and(|refused| {
                refused.is_conditional_check_failed_exception()
                    || refused.is_transaction_conflict_exception()
            }) =>
        {
            Ok(Write::Conflict)
        }
        Err(error) => Err(fault("UpdateItem")(error)),
    }
}

#[async_trait]
impl Table for DynamoTable {
    async fn open(
        &self,
        workflow: &Workflow,
        request: &StoredRequest,
        entry: &HistoryEntry,
    ) -> Result<Write, PortError> {
        self.transact(vec![
            self.put_new(state_item(workflow, &request.topic, self.shards)?)?,
            self.put_new(request_item(workflow, request)?)?,
            self.put_new(history_item(workflow, entry)?)?,
        ])
        .await
    }

    async fn load(&self, id: &WorkflowId) -> Result<Option<StoredWorkflow>, PortError> {
        let item = self.get(id, STATE).await?;
        item.map(|item| decode_state(body(&item)?)).transpose()
    }

    async fn load_with_request(
        &self,
        id: &WorkflowId,
    ) -> Result<Option<(StoredWorkflow, StoredRequest)>, PortError> {
        // They lie side by side: read together they are rounded up once, read by their keys each by itself.
        let answer = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :pk AND sk BETWEEN :request AND :state")
            .expression_attribute_values(":pk", partition(id))
            .expression_attribute_values(":request", text(REQUEST))
            .expression_attribute_values(":state", text(STATE))
            .consistent_read(true)
            .send()
            .await
            .map_err(fault("Query"))?;
        let items = answer.items();
        let with_sort = |sort: &str| {
            items
                .iter()
                .find(|item| item.get("sk") == Some(&text(sort)))
        };
        let Some(state) = with_sort(STATE) else {
            return Ok(None);
        };
        let Some(request) = with_sort(REQUEST) else {
            return Err(PortError::Permanent(format!(
                "{id} has a state and no request"
            )));
        };
        let request = serde_json::from_str(body(request)?).map_err(|error| {
            PortError::Permanent(format!("cannot read the stored request: {error}"))
        })?;
        Ok(Some((decode_state(body(state)?)?, request)))
    }

    async fn commit(
        &self,
        expected_seq: u64,
        next: &Workflow,
        entry: &HistoryEntry,
    ) -> Result<Write, PortError> {
        self.transact(vec![
            self.update_state(expected_seq, next)?,
            self.put_new(history_item(next, entry)?)?,
        ])
        .await
    }

    async fn touch(&self, expected_seq: u64, next: &Workflow) -> Result<Write, PortError> {
        let StateUpdate { expression, values } = state_update(expected_seq, next, self.shards)?;
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key(&next.id, STATE)))
            .update_expression(expression)
            .condition_expression(UNCHANGED)
            .set_expression_attribute_values(Some(values));
        written(update.send().await)
    }

    async fn history(&self, id: &WorkflowId) -> Result<Vec<HistoryEntry>, PortError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", partition(id))
            .expression_attribute_values(":prefix", text(HISTORY_PREFIX))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut entries = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(fault("Query"))?;
            let entry = serde_json::from_str(body(&item)?).map_err(|error| {
                PortError::Permanent(format!("cannot read the history of {id}: {error}"))
            })?;
            entries.push(entry);
        }
        Ok(entries)
    }

    async fn list(&self, query: &ListQuery) -> Result<ListPage, PortError> {
        self.list_page(query).await
    }

    async fn due(
        &self,
        shard: u32,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<WorkflowId>, PortError> {
        self.due_page(shard, now, limit).await
    }

    async fn count_unreadable(&self, id: &WorkflowId) -> Result<u32, PortError> {
        self.count_try(id).await
    }

    async fn quarantine(&self, id: &WorkflowId) -> Result<Write, PortError> {
        self.take_off_deadlines(id).await
    }

    fn deadline_shards(&self) -> u32 {
        self.shards.deadline
    }

    async fn flow(&self, flow: &Name, version: u16) -> Result<Option<KeptFlow>, PortError> {
        let asked = self.client.get_item().table_name(&self.name);
        let asked = asked.set_key(Some(flow_key(flow, version)));
        let answer = asked.consistent_read(true).send().await;
        let answer = answer.map_err(fault("GetItem"))?;
        answer.item.as_ref().map(read_flow).transpose()
    }

    async fn keep_flow(&self, flow: &Pinned) -> Result<Write, PortError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(flow_item(flow)?))
            .condition_expression("attribute_not_exists(pk)");
        match put.send().await {
            Ok(_) => Ok(Write::Done),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|refused| refused.is_conditional_check_failed_exception()) =>
            {
                Ok(Write::Conflict)
            }
            Err(error) => Err(fault("PutItem")(error)),
        }
    }
}

//! The workflow table on DynamoDB.
//!
//! Every write is conditional on the sequence number of what was read. A transition is one
//! transaction of two items, a touch one update.

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_engine::error::PortError;
use aegis_engine::ports::{ListPage, ListQuery, Table, Write};
use aegis_engine::stored::{HistoryEntry, StoredRequest, decode_state};
use aegis_workflow::Workflow;
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};

use super::fault::{fault, unbuildable};
use super::items::{
    HISTORY_PREFIX, Item, REQUEST, STATE, StateUpdate, UNCHANGED, body, history_item, key,
    partition, request_item, state_item, state_update, text,
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
            Err(error) if lost_the_race(&error) => Ok(Write::Conflict),
            Err(error) => Err(fault("TransactWriteItems")(error)),
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

/// A failed condition, or a transaction on the same item at the same moment: both mean "read again".
fn lost_the_race(error: &SdkError<TransactWriteItemsError>) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
        error.as_service_error()
    else {
        return false;
    };
    let codes = cancelled
        .cancellation_reasons()
        .iter()
        .filter_map(|reason| reason.code());
    let mut lost = codes.filter(|code| *code != "None").peekable();
    lost.peek().is_some()
        && lost.all(|code| matches!(code, "ConditionalCheckFailed" | "TransactionConflict"))
}

/// The outcome of a conditional update.
pub(super) fn written<T, R: std::fmt::Debug>(
    sent: Result<T, SdkError<UpdateItemError, R>>,
) -> Result<Write, PortError> {
    match sent {
        Ok(_) => Ok(Write::Done),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
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

    async fn load(&self, id: &WorkflowId) -> Result<Option<Workflow>, PortError> {
        let item = self.get(id, STATE).await?;
        item.map(|item| decode_state(body(&item)?)).transpose()
    }

    async fn load_with_request(
        &self,
        id: &WorkflowId,
    ) -> Result<Option<(Workflow, StoredRequest)>, PortError> {
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
}

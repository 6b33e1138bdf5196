//! The items of the table: keys and attributes.
//!
//! `STATE` carries, beside the state's JSON, what the indexes need. `by_status` projects only what a touch never changes,
//! so a touch does not write it. The definitions of flows lie in partitions of their own.

use std::collections::HashMap;

use aegis_contracts::flow::{Flow, Name};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::Status;
use aegis_engine::error::PortError;
use aegis_engine::ports::KeptFlow;
use aegis_engine::stored::{HistoryEntry, StoredRequest, encode, topic_head};
use aegis_workflow::{Pinned, Workflow};
use aws_sdk_dynamodb::types::AttributeValue;

use super::table::Shards;

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) const STATE: &str = "STATE";
pub(super) const REQUEST: &str = "REQUEST";
pub(super) const HISTORY_PREFIX: &str = "EVT#";

/// DynamoDB takes 400 KB per item; the rest is for keys and index attributes.
const MAX_BODY: usize = 380 * 1024;

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn partition(id: &WorkflowId) -> AttributeValue {
    text(format!("WF#{id}"))
}

pub(super) fn key(id: &WorkflowId, sort: &str) -> Item {
    HashMap::from([
        ("pk".to_owned(), partition(id)),
        ("sk".to_owned(), text(sort)),
    ])
}

/// `pk` and `sk` of the definition of a version of a flow.
pub(super) fn flow_key(flow: &Name, version: u16) -> Item {
    HashMap::from([
        ("pk".to_owned(), text(format!("FLOW#{flow}"))),
        ("sk".to_owned(), text(format!("V#{version:05}"))),
    ])
}

/// # Errors
/// Permanent, if the definition cannot be written.
pub(super) fn flow_item(flow: &Pinned) -> Result<Item, PortError> {
    let mut item = flow_key(&flow.flow, flow.version);
    let definition: &Flow = flow;
    item.insert("flow_id".into(), text(flow.id().to_string()));
    item.insert("body".into(), text(bounded(encode(definition)?)?));
    Ok(item)
}

/// # Errors
/// Permanent, if the item is not one that was written here.
pub(super) fn read_flow(item: &Item) -> Result<KeptFlow, PortError> {
    let id = item.get("flow_id").and_then(|value| value.as_s().ok());
    let id = id.and_then(|id| id.parse().ok());
    let missing = || PortError::Permanent("an item of a flow has no `flow_id`".to_owned());
    Ok(KeptFlow {
        id: id.ok_or_else(missing)?,
        definition: body(item)?.to_owned(),
    })
}

/// The id is a hash already: its last characters spread evenly, and the same on every build.
pub(super) fn shard_of(id: &WorkflowId, shards: u32) -> u64 {
    let tail = id.as_str().bytes().rev().take(6);
    let number = tail.fold(0u64, |sum, byte| sum * 257 + u64::from(byte));
    number % u64::from(shards.max(1))
}

pub(super) fn status_key(status: Status, shard: u64) -> String {
    format!("S#{}#{shard}", status.as_str())
}

pub(super) fn deadline_shard(shard: u64) -> String {
    format!("D#{shard}")
}

/// Newest first is descending order of this key; the id makes it unique.
pub(super) fn created_key(at: Timestamp, id: &WorkflowId) -> String {
    format!("{at}#{id}")
}

/// # Errors
/// Permanent, if `key` was not made by [`created_key`].
pub(super) fn read_created_key(key: &str) -> Result<(Timestamp, WorkflowId), PortError> {
    let unreadable =
        || PortError::Permanent(format!("`{key}` is not a key of the index by_status"));
    let (at, id) = key.split_once('#').ok_or_else(unreadable)?;
    Ok((
        at.parse().map_err(|_| unreadable())?,
        id.parse().map_err(|_| unreadable())?,
    ))
}

/// What changes with the state.
struct StateAttributes {
    body: AttributeValue,
    seq: AttributeValue,
    status_key: AttributeValue,
    /// Empty in a workflow that has ended.
    at: AttributeValue,
    /// Shard and time; absent in a terminal state, which keeps the index sparse.
    deadline: Option<(AttributeValue, AttributeValue)>,
}

/// # Errors
/// Permanent, if the state is too large or cannot be written.
fn state_attributes(workflow: &Workflow, shards: Shards) -> Result<StateAttributes, PortError> {
    let deadline = workflow.wake_at.map(|at| {
        let shard = deadline_shard(shard_of(&workflow.id, shards.deadline));
        (text(shard), number(at.as_millis()))
    });
    Ok(StateAttributes {
        body: text(bounded(encode(workflow)?)?),
        seq: number(workflow.seq),
        status_key: text(status_key(
            workflow.status(),
            shard_of(&workflow.id, shards.status),
        )),
        at: text(workflow.listed_at().map_or("", Name::as_str)),
        deadline,
    })
}

/// The condition of every write: nobody wrote since the state was read.
pub(super) const UNCHANGED: &str = "seq = :expected";

/// How a stored state becomes the next one.
pub(super) struct StateUpdate {
    pub expression: &'static str,
    /// Of the expression and of [`UNCHANGED`].
    pub values: Item,
}

/// # Errors
/// Permanent, if the state is too large or cannot be written.
pub(super) fn state_update(
    expected_seq: u64,
    next: &Workflow,
    shards: Shards,
) -> Result<StateUpdate, PortError> {
    let attributes = state_attributes(next, shards)?;
    let mut values = Item::from([
        (":body".to_owned(), attributes.body),
        (":seq".to_owned(), attributes.seq),
        (":status".to_owned(), attributes.status_key),
        (":place".to_owned(), attributes.at),
        (":expected".to_owned(), number(expected_seq)),
    ]);
    let Some((shard, at)) = attributes.deadline else {
        let expression = "SET body = :body, seq = :seq, status_key = :status, place = :place REMOVE sweep_tries, deadline_shard, deadline_at";
        return Ok(StateUpdate { expression, values });
    };
    values.insert(":shard".to_owned(), shard);
    values.insert(":at".to_owned(), at);
    let expression = "SET body = :body, seq = :seq, status_key = :status, place = :place, deadline_shard = :shard, deadline_at = :at REMOVE sweep_tries";
    Ok(StateUpdate { expression, values })
}

/// # Errors
/// Permanent, if the state is too large or cannot be written.
pub(super) fn state_item(
    workflow: &Workflow,
    topic: &str,
    shards: Shards,
) -> Result<Item, PortError> {
    let attributes = state_attributes(workflow, shards)?;
    let mut item = key(&workflow.id, STATE);
    item.insert("body".into(), attributes.body);
    item.insert("seq".into(), attributes.seq);
    item.insert("status_key".into(), attributes.status_key);
    item.insert("place".into(), attributes.at);
    item.insert("flow".into(), text(workflow.flow.flow.as_str()));
    item.insert(
        "created_key".into(),
        text(created_key(workflow.created_at, &workflow.id)),
    );
    item.insert("topic_head".into(), text(topic_head(topic)));
    item.insert(
        "expires_at".into(),
        number(workflow.expires_at.as_seconds()),
    );
    if let Some((shard, at)) = attributes.deadline {
        item.insert("deadline_shard".into(), shard);
        item.insert("deadline_at".into(), at);
    }
    Ok(item)
}

/// # Errors
/// Permanent, if the request is too large or cannot be written.
pub(super) fn request_item(
    workflow: &Workflow,
    request: &StoredRequest,
) -> Result<Item, PortError> {
    let mut item = key(&workflow.id, REQUEST);
    item.insert("body".into(), text(bounded(encode(request)?)?));
    item.insert(
        "expires_at".into(),
        number(workflow.expires_at.as_seconds()),
    );
    Ok(item)
}

/// # Errors
/// Permanent, if the entry is too large or cannot be written.
pub(super) fn history_item(workflow: &Workflow, entry: &HistoryEntry) -> Result<Item, PortError> {
    let mut item = key(
        &workflow.id,
        &format!("{HISTORY_PREFIX}{:010}", entry.version),
    );
    item.insert("body".into(), text(bounded(encode(entry)?)?));
    item.insert(
        "expires_at".into(),
        number(workflow.expires_at.as_seconds()),
    );
    Ok(item)
}

/// # Errors
/// Permanent, if the item has no body.
pub(super) fn body(item: &Item) -> Result<&str, PortError> {
    item.get("body")
        .and_then(|value| value.as_s().ok())
        .map(String::as_str)
        .ok_or_else(|| PortError::Permanent("an item of the table has no `body`".to_owned()))
}

fn bounded(json: String) -> Result<String, PortError> {
    if json.len() <= MAX_BODY {
        return Ok(json);
    }
    Err(PortError::Permanent(format!(
        "an item of {} bytes does not fit into the table ({MAX_BODY})",
        json.len()
    )))
}

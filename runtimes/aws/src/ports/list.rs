//! Reading the two indexes of the table.

use aegis_contracts::flow::Name;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::{Status, WorkflowSummary};
use aegis_engine::error::PortError;
use aegis_engine::ports::{ListPage, ListPosition, ListQuery};
use futures::future::try_join_all;

use super::fault::fault;
use super::items::{Item, created_key, deadline_shard, number, read_created_key, status_key, text};
use super::table::DynamoTable;

/// Workflows of each status and shard that one page of a filtered list looks at: a filter has no index, and whoever asks
/// for what is rare would read everything.
const LOOKED_AT: u32 = 500;

impl DynamoTable {
    /// One query per status and shard, merged: each is asked for a whole page, so the newest are among them.
    pub(super) async fn list_page(&self, query: &ListQuery) -> Result<ListPage, PortError> {
        let before = query
            .before
            .as_ref()
            .map(|before| created_key(before.created_at, &before.workflow_id));
        let statuses = query.statuses();
        let shards = 0..u64::from(self.shards.status.max(1));
        let keys = statuses
            .iter()
            .flat_map(|status| shards.clone().map(|shard| (*status, shard)));
        let limit = query.limit as usize;
        // One more than asked for tells whether there is a next page.
        let pages =
            keys.map(|(status, shard)| self.newest(query, status, shard, before.as_deref()));
        let (mut rows, mut stops) = (Vec::new(), Vec::new());
        for (found, stop) in try_join_all(pages).await? {
            rows.extend(found);
            stops.extend(stop);
        }
        rows.sort_by(|a: &(String, _), b| b.0.cmp(&a.0));
        // Below the first place where a query stopped, some of its rows may be missing.
        let stop = stops.into_iter().max();
        rows.retain(|(key, _)| stop.as_ref().is_none_or(|stop| key >= stop));
        let next = match rows.get(limit.saturating_sub(1)) {
            Some((key, _)) if rows.len() > limit => Some(key.clone()),
            _ => stop,
        };
        rows.truncate(limit);
        let next = next.map(|key| read_created_key(&key)).transpose()?;
        Ok(ListPage {
            workflows: rows.into_iter().map(|(_, row)| row).collect(),
            next: next.map(|(created_at, workflow_id)| ListPosition {
                created_at,
                workflow_id,
            }),
        })
    }

    /// The newest of one status and shard, and the key at which the query stopped before the end.
    async fn newest(
        &self,
        query: &ListQuery,
        status: Status,
        shard: u64,
        before: Option<&str>,
    ) -> Result<(Vec<(String, WorkflowSummary)>, Option<String>), PortError> {
        let mut asked = self
            .client
            .query()
            .table_name(&self.name)
            .index_name("by_status")
            .key_condition_expression("status_key = :status")
            .expression_attribute_values(":status", text(status_key(status, shard)));
        if let Some(before) = before {
            asked = asked
                .key_condition_expression("status_key = :status AND created_key < :before")
                .expression_attribute_values(":before", text(before));
        }
        let wanted = [("flow", &query.flow), ("place", &query.at)];
        let wanted = wanted
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let mut filters = Vec::new();
        for (name, value) in wanted {
            asked = asked.expression_attribute_values(format!(":{name}"), text(value.as_str()));
            filters.push(format!("{name} = :{name}"));
        }
        let enough = match filters.is_empty() {
            true => query.limit.saturating_add(1),
            false => LOOKED_AT,
        };
        let answer = asked
            .set_filter_expression((!filters.is_empty()).then(|| filters.join(" AND ")))
            .scan_index_forward(false)
            .limit(i32::try_from(enough).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(fault("Query"))?;
        let rows = answer.items().iter().map(|item| row(item, status));
        let rows = rows.collect::<Result<_, _>>()?;
        let stop = answer.last_evaluated_key();
        let stop = stop.map(|key| attribute(key, "created_key").map(str::to_owned));
        Ok((rows, stop.transpose()?))
    }

    pub(super) async fn due_page(
        &self,
        shard: u32,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<WorkflowId>, PortError> {
        let answer = self
            .client
            .query()
            .table_name(&self.name)
            .index_name("by_deadline")
            .key_condition_expression("deadline_shard = :shard AND deadline_at <= :now")
            .expression_attribute_values(":shard", text(deadline_shard(u64::from(shard))))
            .expression_attribute_values(":now", number(now.as_millis()))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(fault("Query"))?;
        Ok(answer.items().iter().filter_map(due_workflow).collect())
    }
}

/// An item that nobody of us wrote must not keep the sweep from the others.
fn due_workflow(item: &Item) -> Option<WorkflowId> {
    match workflow_of(item) {
        Ok(id) => Some(id),
        Err(error) => {
            tracing::error!(%error, "an item of the index of deadlines is passed over");
            None
        }
    }
}

fn row(item: &Item, status: Status) -> Result<(String, WorkflowSummary), PortError> {
    let key = attribute(item, "created_key")?;
    let (created_at, workflow_id) = read_created_key(key)?;
    let topic = attribute(item, "topic_head")?.to_owned();
    Ok((
        key.to_owned(),
        WorkflowSummary {
            workflow_id,
            flow: name(item, "flow")?,
            status,
            at: if status.is_terminal() {
                None
            } else {
                Some(name(item, "place")?)
            },
            topic,
            created_at,
        },
    ))
}

fn workflow_of(item: &Item) -> Result<WorkflowId, PortError> {
    let key = attribute(item, "pk")?;
    let id = key.strip_prefix("WF#").unwrap_or_default();
    id.parse()
        .map_err(|error| PortError::Permanent(format!("`{key}` in the index by_deadline: {error}")))
}

fn name(item: &Item, attribute_name: &str) -> Result<Name, PortError> {
    let value = attribute(item, attribute_name)?;
    let unreadable =
        |error| PortError::Permanent(format!("`{attribute_name}` of an index item: {error}"));
    value.parse().map_err(unreadable)
}

fn attribute<'a>(item: &'a Item, name: &str) -> Result<&'a str, PortError> {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .map(String::as_str)
        .ok_or_else(|| PortError::Permanent(format!("an index item has no `{name}`")))
}

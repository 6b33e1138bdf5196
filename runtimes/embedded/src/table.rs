//! Workflows, their requests and their history.

use std::sync::Arc;
use std::time::Duration;

use aegis_contracts::flow::{Flow, FlowId, Name};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::{Status, WorkflowSummary};
use aegis_engine::error::PortError;
use aegis_engine::ports::{KeptFlow, ListPage, ListPosition, ListQuery, Table, Write};
use aegis_engine::stored::{HistoryEntry, StoredRequest, decode_state, encode, topic_head};
use aegis_workflow::{Pinned, StoredWorkflow, Workflow};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params, params_from_iter};
use serde::de::DeserializeOwned;

use crate::database::Database;

pub struct SqliteTable(pub Arc<Database>);

impl SqliteTable {
    async fn put(
        &self,
        expected_seq: u64,
        next: &Workflow,
        entry: Option<&HistoryEntry>,
    ) -> Result<Write, PortError> {
        let state = encode(next)?;
        let told = entry.map(encode).transpose()?;
        let (id, seq, version) = (next.id.clone(), number(next.seq)?, number(next.version)?);
        let expected = number(expected_seq)?;
        let (status, at) = (next.status().as_str(), place(next));
        let wake_at = next.wake_at.map(Timestamp::as_millis);
        let work = move |transaction: &Transaction<'_>| {
            let place = transaction
                .prepare_cached(
                    "UPDATE workflows SET seq = ?1, state = ?2, status = ?3, at = ?4, wake_at = ?5, unreadable = 0
                     WHERE id = ?6 AND seq = ?7 RETURNING n",
                )?
                .query_row(
                    params![seq, state, status, at, wake_at, id.as_str(), expected],
                    |row| row.get::<_, i64>(0),
                )
                .optional()?;
            let Some(place) = place else {
                return Ok(Write::Conflict);
            };
            if let Some(told) = &told {
                tell(transaction, place, version, told)?;
            }
            Ok(Write::Done)
        };
        self.0.write(work).await
    }
}

fn tell(
    transaction: &Transaction<'_>,
    workflow: i64,
    version: i64,
    entry: &str,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("INSERT INTO history (workflow, version, entry) VALUES (?1, ?2, ?3)")?
        .execute(params![workflow, version, entry])?;
    Ok(())
}

/// SQLite has no unsigned numbers.
fn number(of: u64) -> Result<i64, PortError> {
    i64::try_from(of).map_err(|error| PortError::Permanent(format!("{of}: {error}")))
}

fn place(workflow: &Workflow) -> Option<String> {
    workflow.listed_at().map(ToString::to_string)
}

fn parsed<T: DeserializeOwned>(what: &str, json: &str) -> Result<T, PortError> {
    serde_json::from_str(json)
        .map_err(|error| PortError::Permanent(format!("cannot read the stored {what}: {error}")))
}

fn column<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, PortError> {
    text.parse()
        .map_err(|error| PortError::Permanent(format!("`{text}` is stored: {error}")))
}

/// A row of the list as it lies there.
struct Listed {
    id: String,
    flow: String,
    status: String,
    at: Option<String>,
    topic: String,
    created_at: i64,
}

impl Listed {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            flow: row.get(1)?,
            status: row.get(2)?,
            at: row.get(3)?,
            topic: row.get(4)?,
            created_at: row.get(5)?,
        })
    }

    fn summary(self) -> Result<WorkflowSummary, PortError> {
        let status = Status::parse(&self.status);
        let unknown = || PortError::Permanent(format!("`{}` is no status", self.status));
        Ok(WorkflowSummary {
            workflow_id: column(&self.id)?,
            flow: column(&self.flow)?,
            status: status.ok_or_else(unknown)?,
            at: self.at.as_deref().map(column).transpose()?,
            topic: self.topic,
            created_at: Timestamp::from_millis(self.created_at),
        })
    }
}

/// The list's question in SQL, and what stands for its question marks.
fn listing(query: &ListQuery, limit: u32) -> (String, Vec<rusqlite::types::Value>) {
    let mut sql =
        "SELECT id, flow, status, at, topic, created_at FROM workflows WHERE true".to_owned();
    let mut values: Vec<rusqlite::types::Value> = Vec::new();
    let statuses = query.statuses();
    if statuses.len() < Status::ALL.len() {
        let marks = vec!["?"; statuses.len()].join(", ");
        sql += &format!(" AND status IN ({marks})");
        values.extend(
            statuses
                .iter()
                .map(|status| status.as_str().to_owned().into()),
        );
    }
    for (column, wanted) in [("flow", &query.flow), ("at", &query.at)] {
        if let Some(wanted) = wanted {
            sql += &format!(" AND {column} = ?");
            values.push(wanted.as_str().to_owned().into());
        }
    }
    if let Some(before) = &query.before {
        sql += " AND (created_at, id) < (?, ?)";
        values.push(before.created_at.as_millis().into());
        values.push(before.workflow_id.as_str().to_owned().into());
    }
    sql += " ORDER BY created_at DESC, id DESC LIMIT ?";
    values.push(i64::from(limit).into());
    (sql, values)
}

#[async_trait]
impl Table for SqliteTable {
    async fn open(
        &self,
        workflow: &Workflow,
        request: &StoredRequest,
        entry: &HistoryEntry,
    ) -> Result<Write, PortError> {
        let (state, asked, told) = (encode(workflow)?, encode(request)?, encode(entry)?);
        let (id, flow) = (workflow.id.clone(), workflow.flow.flow.clone());
        let (seq, version) = (number(workflow.seq)?, number(workflow.version)?);
        let (status, at) = (workflow.status().as_str(), place(workflow));
        let topic = topic_head(&request.topic);
        let (created_at, wake_at) = (
            workflow.created_at.as_millis(),
            workflow.wake_at.map(Timestamp::as_millis),
        );
        let work = move |transaction: &Transaction<'_>| {
            let opened = transaction
                .prepare_cached(
                    "INSERT INTO workflows (id, seq, state, flow, status, at, topic, created_at, wake_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (id) DO NOTHING RETURNING n",
                )?
                .query_row(
                    params![id.as_str(), seq, state, flow.as_str(), status, at, topic, created_at, wake_at],
                    |row| row.get::<_, i64>(0),
                )
                .optional()?;
            let Some(place) = opened else {
                return Ok(Write::Conflict);
            };
            transaction
                .prepare_cached("INSERT INTO requests (n, request) VALUES (?1, ?2)")?
                .execute(params![place, asked])?;
            tell(transaction, place, version, &told)?;
            Ok(Write::Done)
        };
        self.0.write(work).await
    }

    async fn load(&self, id: &WorkflowId) -> Result<Option<StoredWorkflow>, PortError> {
        let state = self.0.read(|connection| {
            connection
                .prepare_cached("SELECT state FROM workflows WHERE id = ?1")?
                .query_row([id.as_str()], |row| row.get::<_, String>(0))
                .optional()
        })?;
        state.map(|state| decode_state(&state)).transpose()
    }

    async fn load_with_request(
        &self,
        id: &WorkflowId,
    ) -> Result<Option<(StoredWorkflow, StoredRequest)>, PortError> {
        let found = self.0.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT state, request FROM workflows JOIN requests USING (n) WHERE id = ?1",
                )?
                .query_row([id.as_str()], |row| {
                    Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
                })
                .optional()
        })?;
        found
            .map(|(state, request)| Ok((decode_state(&state)?, parsed("request", &request)?)))
            .transpose()
    }

    async fn commit(
        &self,
        expected_seq: u64,
        next: &Workflow,
        entry: &HistoryEntry,
    ) -> Result<Write, PortError> {
        self.put(expected_seq, next, Some(entry)).await
    }

    async fn touch(&self, expected_seq: u64, next: &Workflow) -> Result<Write, PortError> {
        self.put(expected_seq, next, None).await
    }

    async fn history(&self, id: &WorkflowId) -> Result<Vec<HistoryEntry>, PortError> {
        let entries = self.0.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT entry FROM history WHERE workflow = (SELECT n FROM workflows WHERE id = ?1) ORDER BY version",
            )?;
            let rows = statement.query_map([id.as_str()], |row| row.get::<_, String>(0))?;
            rows.collect::<rusqlite::Result<Vec<String>>>()
        })?;
        entries
            .iter()
            .map(|entry| parsed("history", entry))
            .collect()
    }

    async fn list(&self, query: &ListQuery) -> Result<ListPage, PortError> {
        let limit = query.limit as usize;
        let (sql, values) = listing(query, query.limit.saturating_add(1));
        let rows = self.0.read(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map(params_from_iter(values), Listed::of)?;
            rows.collect::<rusqlite::Result<Vec<Listed>>>()
        })?;
        let more = rows.len() > limit;
        let rows = rows.into_iter().take(limit).map(Listed::summary);
        let workflows: Vec<WorkflowSummary> = rows.collect::<Result<_, _>>()?;
        let next = workflows.last().filter(|_| more);
        let next = next.map(|row| ListPosition {
            created_at: row.created_at,
            workflow_id: row.workflow_id.clone(),
        });
        Ok(ListPage { workflows, next })
    }

    async fn due(&self, _: u32, now: Timestamp, limit: u32) -> Result<Vec<WorkflowId>, PortError> {
        let due = self.0.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id FROM workflows WHERE wake_at IS NOT NULL AND wake_at <= ?1 ORDER BY wake_at, id LIMIT ?2",
            )?;
            let rows = statement.query_map(params![now.as_millis(), limit], |row| {
                row.get::<_, String>(0)
            })?;
            rows.collect::<rusqlite::Result<Vec<String>>>()
        })?;
        due.iter().map(|id| column(id)).collect()
    }

    async fn count_unreadable(&self, id: &WorkflowId) -> Result<u32, PortError> {
        let id = id.clone();
        let work = move |transaction: &Transaction<'_>| {
            let counted = transaction
                .prepare_cached(
                    "UPDATE workflows SET unreadable = unreadable + 1 WHERE id = ?1 RETURNING unreadable",
                )?
                .query_row([id.as_str()], |row| row.get::<_, u32>(0))
                .optional()?;
            Ok(counted.unwrap_or_default())
        };
        self.0.write(work).await
    }

    async fn quarantine(&self, id: &WorkflowId) -> Result<Write, PortError> {
        let id = id.clone();
        let work = move |transaction: &Transaction<'_>| {
            let state = transaction
                .prepare_cached("SELECT state FROM workflows WHERE id = ?1")?
                .query_row([id.as_str()], |row| row.get::<_, String>(0))
                .optional()?;
            let hopeless =
                |state: &String| decode_state(state).is_err_and(|error| error.is_permanent());
            if !state.as_ref().is_some_and(hopeless) {
                return Ok(Write::Conflict);
            }
            transaction
                .prepare_cached("UPDATE workflows SET wake_at = NULL WHERE id = ?1")?
                .execute([id.as_str()])?;
            Ok(Write::Done)
        };
        self.0.write(work).await
    }

    fn conflict_pause(&self) -> Duration {
        Duration::from_micros(500)
    }

    fn deadline_shards(&self) -> u32 {
        1
    }

    async fn flow(&self, flow: &Name, version: u16) -> Result<Option<KeptFlow>, PortError> {
        let found = self.0.read(|connection| kept(connection, flow, version))?;
        Ok(found.map(|(hash, definition)| KeptFlow {
            id: FlowId {
                flow: flow.clone(),
                version,
                hash,
            },
            definition,
        }))
    }

    async fn keep_flow(&self, flow: &Pinned) -> Result<Write, PortError> {
        let (id, definition): (_, &Flow) = (flow.id().clone(), flow);
        let definition = encode(definition)?;
        let work = move |transaction: &Transaction<'_>| {
            let written = transaction.execute(
                "INSERT INTO flows (flow, version, hash, definition) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (flow, version) DO NOTHING",
                params![
                    id.flow.as_str(),
                    id.version,
                    id.hash.to_string(),
                    definition
                ],
            )?;
            Ok(if written == 0 {
                Write::Conflict
            } else {
                Write::Done
            })
        };
        self.0.write(work).await
    }
}

fn kept(
    connection: &Connection,
    flow: &Name,
    version: u16,
) -> rusqlite::Result<Option<(String, String)>> {
    connection
        .prepare_cached("SELECT hash, definition FROM flows WHERE flow = ?1 AND version = ?2")?
        .query_row(params![flow.as_str(), version], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()
}

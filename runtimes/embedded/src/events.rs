//! Events of other systems come in over HTTP, and what happened goes out the same way: where there is no event bus.
//!
//! `POST /events` is answered once what the event asked for is committed, or says why nobody acts on it. `GET /events` tells
//! what happened in the order in which it was committed, behind a position that the subscriber keeps: each event at least
//! once.

use std::collections::HashMap;
use std::sync::Arc;

use aegis_contracts::EVENT_SOURCE;
use aegis_contracts::envelope::EventEnvelope;
use aegis_contracts::external::BusEvent;
use aegis_contracts::problem::{Code, Problem};
use aegis_engine::api::problem_of;
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler, Received};
use aegis_engine::stored::{HistoryEntry, encode};
use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use rusqlite::params;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::database::Database;
use crate::server::{Site, answer};

/// In the place of an AWS account: events name who claims to speak as `<account>:<source>`.
pub const ACCOUNT: &str = "000000000000";
/// Entries of a history that one answer looks at, at most.
const MOST: u32 = 500;
const USUAL: u32 = 100;

/// Who acts on events.
pub struct Takers {
    pub intake: Arc<dyn QueueHandler>,
    pub approval: Arc<dyn QueueHandler>,
    pub callback: Arc<dyn QueueHandler>,
}

impl Takers {
    fn of(&self, detail_type: &str) -> Option<&Arc<dyn QueueHandler>> {
        match detail_type {
            "WorkflowRequested" | "CancelRequested" | "RedriveRequested" => Some(&self.intake),
            "ApprovalDecided" => Some(&self.approval),
            "StepReported" => Some(&self.callback),
            _ => None,
        }
    }
}

/// An event as another system sends it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    #[serde(rename = "detail-type")]
    detail_type: String,
    source: String,
    detail: Value,
}

fn refused(detail: impl Into<String>) -> Response {
    answer(Problem::new(Code::EventRefused, detail).into())
}

pub async fn take(State(site): State<Arc<Site>>, body: axum::body::Bytes) -> Response {
    let sent: Sent = match serde_json::from_slice(&body) {
        Ok(sent) => sent,
        Err(error) => {
            let detail = format!("not an event with `detail-type`, `source` and `detail`: {error}");
            return answer(Problem::new(Code::InvalidRequest, detail).into());
        }
    };
    if sent.source == EVENT_SOURCE {
        return refused(format!("`{EVENT_SOURCE}` is kept for our own events"));
    }
    let Some(taker) = site.takers.of(&sent.detail_type) else {
        return refused("aegis listens to no event of this detail-type");
    };
    let event = BusEvent {
        id: format!("{:032x}", rand::random::<u128>()),
        detail_type: sent.detail_type,
        source: sent.source,
        account: ACCOUNT.to_owned(),
        detail: sent.detail,
    };
    let body = match encode(&event) {
        Ok(body) => body,
        Err(error) => return answer(problem_of(&error).into()),
    };
    let message = Received {
        message_id: event.id.clone(),
        body,
        receive_count: 1,
    };
    match taker.handle(&message).await {
        Disposition::Ack => {
            let told = Json(json!({"event_id": event.id}));
            (StatusCode::ACCEPTED, told).into_response()
        }
        Disposition::RetryAfter(_) => {
            let detail = "the event was not taken; send it again with the same idempotency_key";
            answer(Problem::new(Code::Unavailable, detail).into())
        }
        Disposition::DeadLetter(reason) => refused(reason),
    }
}

#[derive(Debug, Serialize)]
struct Told {
    /// Behind it the next answer begins.
    position: i64,
    #[serde(flatten)]
    event: EventEnvelope,
}

pub async fn tell(
    State(site): State<Arc<Site>>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let number = |name: &str, usual: i64| match query.get(name) {
        None => Some(usual),
        Some(text) => text.parse().ok().filter(|number| *number >= 0),
    };
    let (Some(after), Some(limit)) = (number("after", 0), number("limit", USUAL.into())) else {
        let detail = "`after` and `limit` are numbers from 0";
        return answer(Problem::new(Code::InvalidQuery, detail).into());
    };
    let limit = u32::try_from(limit).unwrap_or(MOST).clamp(1, MOST);
    match since(&site.database, after, limit) {
        Ok((events, next)) => Json(json!({"events": events, "next": next})).into_response(),
        Err(error) => answer(problem_of(&error).into()),
    }
}

/// What was committed behind a position, and the position of the last.
fn since(database: &Database, after: i64, limit: u32) -> Result<(Vec<Told>, i64), PortError> {
    let rows = database.read(|connection| {
        let mut statement = connection.prepare_cached(
            "SELECT position, entry FROM history WHERE position > ?1 ORDER BY position LIMIT ?2",
        )?;
        let rows = statement.query_map(params![after, limit], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    })?;
    let mut events = Vec::new();
    let mut next = after;
    for (position, entry) in rows {
        let entry: HistoryEntry = serde_json::from_str(&entry).map_err(|error| {
            PortError::Permanent(format!(
                "cannot read the stored history at {position}: {error}"
            ))
        })?;
        let told = entry
            .events
            .into_iter()
            .map(|event| Told { position, event });
        events.extend(told);
        next = position;
    }
    Ok((events, next))
}

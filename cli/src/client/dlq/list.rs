//! `aegis dlq list`: every dead-letter queue, how full it is and how old its oldest letter.

use std::process::ExitCode;

use aegis_aws::client::queues::QueueDepth;
use anyhow::Result;
use clap::Args;
use futures::future::try_join_all;
use serde::Serialize;

use super::letter::{Letter, Seen};
use super::places::{Place, Places};
use super::queues::Sqs;
use super::take::Taken;
use crate::client::session::Session;
use crate::out;
use crate::style::dim;
use aegis_terminal::text::{columns, duration, now};

/// SQS tells no age: it is read off the letters themselves, this many of them.
const LOOKED_AT: usize = 100;

/// List every dead-letter queue: how many messages, the age of the oldest, where they go back to.
#[derive(Debug, Args)]
pub struct Arguments {}

#[derive(Debug, Serialize)]
struct Row {
    queue: String,
    /// That can be looked at now.
    waiting: u64,
    /// Handed out to somebody, or delayed.
    hidden: u64,
    /// Of those that were looked at.
    oldest_seconds: Option<u64>,
    goes_back_to: String,
}

pub async fn run(session: &Session, places: &Places, sqs: &Sqs) -> Result<ExitCode> {
    let rows = try_join_all(places.all().iter().map(|place| row(place, sqs))).await?;
    if session.json {
        out::json(serde_json::to_string(&rows)?);
        return Ok(ExitCode::SUCCESS);
    }
    print(&rows);
    if let Some(row) = rows.iter().find(|row| row.waiting > 0) {
        let next = session.command(&format!("dlq show {}", row.queue));
        outln!("{}", dim(next));
    }
    Ok(ExitCode::SUCCESS)
}

async fn row(place: &Place, sqs: &Sqs) -> Result<Row> {
    let QueueDepth {
        waiting,
        delayed,
        in_flight,
    } = sqs.depth(&place.url).await?;
    let oldest = if waiting == 0 {
        None
    } else {
        oldest(place, sqs).await?
    };
    Ok(Row {
        queue: place.name.clone(),
        waiting,
        hidden: delayed + in_flight,
        oldest_seconds: oldest,
        goes_back_to: place.way_back.told().to_owned(),
    })
}

async fn oldest(place: &Place, sqs: &Sqs) -> Result<Option<u64>> {
    let mut taken = Taken::default();
    let looked = taken.more(sqs, &place.url, LOOKED_AT).await;
    let seen = Seen {
        place,
        now: now(),
        max_receives: None,
    };
    let ages = taken.letters.iter();
    let ages = ages.filter_map(|letter| Letter::of(letter, seen).age_seconds);
    let oldest = ages.max();
    taken.put_back(sqs, &place.url).await;
    looked?;
    Ok(oldest)
}

fn print(rows: &[Row]) {
    let heads = ["queue", "waiting", "hidden", "oldest", "goes back to"];
    let mut table = vec![heads.map(|head| dim(head).to_string()).to_vec()];
    table.extend(rows.iter().map(|row| {
        let age = row.oldest_seconds.map(std::time::Duration::from_secs);
        vec![
            row.queue.clone(),
            row.waiting.to_string(),
            row.hidden.to_string(),
            age.map(duration).unwrap_or_default(),
            row.goes_back_to.clone(),
        ]
    }));
    for line in columns(&table) {
        outln!("{line}");
    }
}

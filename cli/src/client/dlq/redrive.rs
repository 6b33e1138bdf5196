//! `aegis dlq redrive`: puts letters back into the queue that they came from.
//!
//! Each is sent first and deleted after. An interruption in between leaves it in both queues: it is
//! delivered twice, which has one effect, and never lost. So the command may be repeated at will.

use std::process::ExitCode;

use aegis_aws::client::error::CallError;
use aegis_aws::client::queues::QueueMessage;
use anyhow::{Result, bail};
use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::Which;
use super::letter::way_back;
use super::places::{Place, Places};
use super::queues::{Queues, Sqs};
use super::take::{Taken, find};
use crate::client::session::Session;
use crate::out;
use aegis_terminal::text::counted;

/// Letters that are taken out at once.
const ROUND: usize = 50;

/// Put messages back into the queue that they came from. Interrupting and repeating it is safe.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The queue's name, as `dlq list` prints it.
    #[arg(value_name = "QUEUE")]
    queue: String,
    #[command(flatten)]
    which: Which,
}

/// One that cannot go back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    pub message_id: String,
    pub reason: String,
}

/// What happened to the messages.
#[derive(Debug, Default)]
pub struct Moved {
    pub count: usize,
    pub kept: Vec<Kept>,
    /// Where it was cut short. What was not moved is still there.
    pub error: Option<CallError>,
}

pub async fn run(
    arguments: &Arguments,
    session: &Session,
    places: &Places,
    sqs: &Sqs,
) -> Result<ExitCode> {
    let place = places.named(&arguments.queue)?;
    let moved = match &arguments.which.message {
        Some(id) => single(sqs, place, id).await?,
        None => {
            let waiting = sqs.depth(&place.url).await?.waiting;
            each(sqs, place, usize::try_from(waiting)?).await
        }
    };
    let left = sqs.depth(&place.url).await?;
    let left = left.waiting + left.delayed + left.in_flight;
    let told = format!(
        "{} put back all the same. See what is left with",
        counted(moved.count, "message")
    );
    session.done(&told, "dlq list");
    if session.json {
        let (kept, error) = (&moved.kept, moved.error.as_ref().map(ToString::to_string));
        let all = json!({"queue": place.name, "redriven": moved.count, "kept": kept, "left": left, "error": error});
        out::json(all);
    } else {
        let words = place.way_back.told();
        outln!(
            "{} put back into {words}, {left} left",
            counted(moved.count, "message")
        );
        for kept in &moved.kept {
            outln!("  kept {}: {}", kept.message_id, kept.reason);
        }
    }
    match moved.error {
        // The JSON has it.
        Some(error) if session.json => {
            errln!("{error}");
            Ok(ExitCode::FAILURE)
        }
        Some(error) => Err(error.into()),
        None if moved.kept.is_empty() => Ok(ExitCode::SUCCESS),
        None => Ok(ExitCode::FAILURE),
    }
}

async fn single(sqs: &Sqs, place: &Place, id: &str) -> Result<Moved> {
    let Some(letter) = find(sqs, &place.url, id).await? else {
        bail!("{}", absent(place, id));
    };
    let mut moved = Moved::default();
    moved.put(sqs, place, &letter).await;
    if moved.count == 0 {
        let taken = Taken::holding(letter);
        taken.put_back(sqs, &place.url).await;
    }
    Ok(moved)
}

pub fn absent(place: &Place, id: &str) -> String {
    format!(
        "no message {id} waits in the dead letters of {}; one that somebody else looks at comes back within a minute",
        place.name
    )
}

/// Up to `most` letters, so that one that fails again at once is not taken for ever.
pub async fn each<Q: Queues>(queues: &Q, place: &Place, most: usize) -> Moved {
    let mut moved = Moved::default();
    let mut taken = Taken::default();
    let mut stay = Vec::new();
    while moved.error.is_none() && moved.handled() < most {
        let round = ROUND.min(most - moved.handled());
        match taken.more(queues, &place.url, round).await {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => moved.error = Some(error),
        }
        for letter in std::mem::take(&mut taken.letters) {
            let before = moved.count;
            if moved.error.is_none() && moved.handled() < most {
                moved.put(queues, place, &letter).await;
            }
            if moved.count == before {
                stay.push(letter);
            }
        }
    }
    taken.letters = stay;
    taken.put_back(queues, &place.url).await;
    moved
}

impl Moved {
    fn handled(&self) -> usize {
        self.count + self.kept.len()
    }

    async fn put<Q: Queues>(&mut self, queues: &Q, place: &Place, letter: &QueueMessage) {
        let url = match way_back(letter, place) {
            Ok(url) => url,
            Err(reason) => {
                let message_id = letter.id.clone();
                self.kept.push(Kept { message_id, reason });
                return;
            }
        };
        let sent = queues.send(url, &letter.body).await;
        // Not before it lies in the other queue.
        let moved = match sent {
            Ok(()) => queues.delete(&place.url, &letter.receipt).await,
            Err(error) => Err(error),
        };
        match moved {
            Ok(()) => self.count += 1,
            Err(error) => self.error = Some(error),
        }
    }
}

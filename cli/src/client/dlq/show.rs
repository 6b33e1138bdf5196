//! `aegis dlq show`: the letters of one queue, each with its reason. Consumes none.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::letter::{Letter, Seen};
use super::places::{Place, Places, WayBack};
use super::queues::Sqs;
use super::take::Taken;
use crate::client::session::Session;
use crate::client::text::{dim, duration, now};

/// Show the messages of one dead-letter queue, each with its reason. They stay where they are.
///
/// While they are read they are hidden from other readers; then they are put back. After an
/// interruption they come back by themselves within a minute.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The queue's name, as `dlq list` prints it.
    #[arg(value_name = "QUEUE")]
    queue: String,
    /// How many at most.
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// Print the messages' bodies too. A reported step's body holds its token.
    #[arg(long)]
    body: bool,
}

pub async fn run(
    arguments: &Arguments,
    session: &Session,
    places: &Places,
    sqs: &Sqs,
) -> Result<ExitCode> {
    let place = places.named(&arguments.queue)?;
    let (limit, body) = (arguments.limit, arguments.body);
    let (letters, there_are_more) = read(place, sqs, limit, body).await?;
    if session.json {
        let all = json!({"queue": place.name, "messages": letters, "more": there_are_more});
        println!("{all}");
        return Ok(ExitCode::SUCCESS);
    }
    for letter in &letters {
        print(letter);
    }
    match letters.first() {
        None => println!("no message of {} can be looked at now", place.name),
        Some(first) => hint(place, first, session),
    }
    if there_are_more {
        println!("{}", dim("there may be more: --limit"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Up to `limit` letters, oldest first, and whether there may be more.
pub async fn read(
    place: &Place,
    sqs: &Sqs,
    limit: usize,
    with_body: bool,
) -> Result<(Vec<Letter>, bool)> {
    // Asked first: nothing is hidden while it may fail.
    let max_receives = match &place.way_back {
        WayBack::Queue(url) => sqs.max_receive_count(url).await?,
        WayBack::Target(_) | WayBack::Nowhere(_) => None,
    };
    let mut taken = Taken::default();
    let looked = taken.more(sqs, &place.url, limit).await;
    let seen = Seen {
        place,
        now: now(),
        max_receives,
    };
    let told = taken.letters.iter().map(|message| Letter {
        body: with_body.then(|| message.body.clone()),
        ..Letter::of(message, seen)
    });
    let mut letters: Vec<Letter> = told.collect();
    taken.put_back(sqs, &place.url).await;
    looked?;
    let more = letters.len() >= limit;
    letters.sort_by_key(|letter| std::cmp::Reverse(letter.age_seconds));
    letters.truncate(limit);
    Ok((letters, more))
}

fn print(letter: &Letter) {
    let workflow = letter.workflow_id.as_deref().unwrap_or("no workflow");
    println!(
        "{}  {}  {workflow}",
        letter.message_id,
        console::style(&letter.kind).bold()
    );
    println!("  {}", letter.reason);
    let age = letter.age().map(duration).unwrap_or_default();
    let counts = format!("{age} old, received {} times", letter.receive_count);
    println!("  {}", dim(counts));
    if let Some(body) = &letter.body {
        println!("  {body}");
    }
}

fn hint(place: &Place, first: &Letter, session: &Session) {
    let (queue, id) = (&place.name, &first.message_id);
    let verb = match &place.way_back {
        WayBack::Queue(_) | WayBack::Target(_) => "redrive",
        WayBack::Nowhere(why) => {
            println!("{}", dim(why));
            "drop"
        }
    };
    let next = session.command(&format!("dlq {verb} {queue} --message {id}"));
    println!("{}", dim(next));
}

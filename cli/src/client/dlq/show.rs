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
use crate::out;
use crate::style::{bold, dim};
use aegis_terminal::text::{duration, now, one_line};

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
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = at_least_one)]
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
        out::json(all);
        return Ok(ExitCode::SUCCESS);
    }
    for letter in &letters {
        print(letter);
        hint(place, letter, session);
    }
    if letters.is_empty() {
        outln!("no message of {} can be looked at now", place.name);
    }
    if there_are_more {
        outln!("{}", dim("there may be more: --limit"));
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
    let kind = bold(one_line(&letter.kind));
    outln!("{}  {kind}  {}", letter.message_id, one_line(workflow));
    outln!("  {}", one_line(&letter.reason));
    if let Some(age) = letter.age() {
        outln!("  {}", dim(format!("{} old", duration(age))));
    }
    if let Some(body) = &letter.body {
        outln!("  {body}");
    }
}

fn hint(place: &Place, letter: &Letter, session: &Session) {
    let (queue, id, next) = (&place.name, &letter.message_id, letter.next);
    outln!("  {}", dim(next.why()));
    let command = session.command(&format!("dlq {} {queue} --message {id}", next.verb()));
    outln!("  {}", dim(command));
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("must be a number, at least 1".to_owned()),
        Ok(number) => Ok(number),
    }
}

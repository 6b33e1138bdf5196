//! `aegis dlq drop`: deletes letters for good, after asking.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;

use super::Which;
use super::places::{Place, Places};
use super::queues::{Queues, Sqs};
use super::redrive::absent;
use super::take::{Taken, find};
use crate::ask;
use crate::client::session::Session;
use crate::out;
use aegis_terminal::text::counted;

/// Letters that are taken out at once.
const ROUND: usize = 50;

/// Delete messages for good. Asks first, unless told --yes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The queue's name, as `dlq list` prints it.
    #[arg(value_name = "QUEUE")]
    queue: String,
    #[command(flatten)]
    which: Which,
    /// Do not ask.
    #[arg(long, short = 'y')]
    yes: bool,
}

pub async fn run(
    arguments: &Arguments,
    session: &Session,
    places: &Places,
    sqs: &Sqs,
) -> Result<ExitCode> {
    let place = places.named(&arguments.queue)?;
    let waiting = usize::try_from(sqs.depth(&place.url).await?.waiting)?;
    let what = match &arguments.which.message {
        Some(id) => format!("message {id}"),
        None => counted(waiting, "message"),
    };
    if !arguments.yes && !agreed(&what, place)? {
        errln!("nothing was deleted");
        return Ok(ExitCode::FAILURE);
    }
    let dropped = match &arguments.which.message {
        Some(id) => single(sqs, place, id).await?,
        None => each(sqs, place, waiting).await?,
    };
    let told = format!(
        "{} deleted all the same. See what is left with",
        counted(dropped, "message")
    );
    session.done(&told, "dlq list");
    if session.json {
        out::json(json!({"queue": place.name, "dropped": dropped}));
    } else {
        let dropped = counted(dropped, "message");
        outln!("{dropped} deleted from the dead letters of {}", place.name);
    }
    Ok(ExitCode::SUCCESS)
}

fn agreed(what: &str, place: &Place) -> Result<bool> {
    let question = format!(
        "Delete {what} of the dead letters of {} for good?",
        place.name
    );
    ask::agreed(&question, &format!("say --yes to delete {what}"))
}

async fn single(sqs: &Sqs, place: &Place, id: &str) -> Result<usize> {
    let Some(letter) = find(sqs, &place.url, id).await? else {
        bail!("{}", absent(place, id));
    };
    sqs.delete(&place.url, &letter.receipt).await?;
    Ok(1)
}

/// Up to `most`: what arrives meanwhile was not meant.
pub async fn each<Q: Queues>(queues: &Q, place: &Place, most: usize) -> Result<usize> {
    let mut taken = Taken::default();
    let mut dropped = 0;
    while dropped < most {
        let outcome = taken
            .more(queues, &place.url, ROUND.min(most - dropped))
            .await;
        while let Some(letter) = taken.letters.pop() {
            if dropped == most {
                taken.letters.push(letter);
                break;
            }
            queues.delete(&place.url, &letter.receipt).await?;
            dropped += 1;
        }
        if outcome? == 0 {
            break;
        }
    }
    taken.put_back(queues, &place.url).await;
    Ok(dropped)
}

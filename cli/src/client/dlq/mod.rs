//! `aegis dlq`: what ended in dead-letter queues, why, and what becomes of it.
//!
//! - `places`: the stage's dead-letter queues, and where each one's letters go back to
//! - `letter`: one message in words: kind, reason, workflow, way back
//! - `queues`: what is asked of SQS; `take`: taking letters out for a moment without losing one
//! - `list`, `show`, `redrive`, `discard`: the verbs

mod discard;
mod letter;
#[cfg(test)]
mod letter_tests;
mod list;
#[cfg(test)]
mod moving_tests;
mod places;
mod queues;
mod redrive;
mod show;
mod take;

use std::process::ExitCode;

use aegis_client::stage::Stage;
use anyhow::Result;
use clap::{Args, Subcommand};

use crate::client::session::Session;
use crate::context::Context;

pub use letter::Letter;
use places::Places;
use queues::Sqs;

/// Look into dead-letter queues: what lies there and why; put it back, or drop it.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(list::Arguments),
    Show(show::Arguments),
    Redrive(redrive::Arguments),
    Drop(discard::Arguments),
}

/// Which letters of a queue.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// One message, by the id that `show` prints.
    #[arg(long, value_name = "ID")]
    message: Option<String>,
    /// All that lie there now; what arrives meanwhile stays.
    #[arg(long)]
    all: bool,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    if context.stage.is_none() {
        return crate::upkeep::letters(context);
    }
    let session = Session::open(context).await?;
    let places = Places::of(&session.stage)?;
    let sqs = Sqs::new(session.stage.connection().load().await);
    match arguments.verb {
        Verb::List(_) => list::run(&session, &places, &sqs).await,
        Verb::Show(arguments) => show::run(&arguments, &session, &places, &sqs).await,
        Verb::Redrive(arguments) => redrive::run(&arguments, &session, &places, &sqs).await,
        Verb::Drop(arguments) => discard::run(&arguments, &session, &places, &sqs).await,
    }
}

/// Every letter of the stage that can be looked at now, with its queue. Consumes none.
///
/// # Errors
/// Where a queue cannot be read.
pub async fn everything(stage: &Stage) -> Result<Vec<(String, Letter)>> {
    let places = Places::of(stage)?;
    let sqs = Sqs::new(stage.connection().load().await);
    let mut all = Vec::new();
    for place in places.all() {
        let (letters, _) = show::read(place, &sqs, usize::MAX, false).await?;
        all.extend(
            letters
                .into_iter()
                .map(|letter| (place.name.clone(), letter)),
        );
    }
    Ok(all)
}

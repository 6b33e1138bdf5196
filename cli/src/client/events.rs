//! `aegis events`: what happened on the server on this machine, of all workflows.

use std::process::ExitCode;
use std::time::Duration;

use aegis_client::path::shown;
use aegis_contracts::envelope::Envelope;
use aegis_contracts::time::Timestamp;
use anyhow::Result;
use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use super::session::Session;
use crate::context::Context;
use crate::failure::Coded;
use crate::out;
use crate::style::bold;
use aegis_terminal::text::{moment, one_line};

/// Between two looks, where there is nothing new.
const PAUSE: Duration = Duration::from_millis(300);

/// Print what happened on the server on this machine, in the order in which it was written.
///
/// Each event has a position. Whoever goes on behind the last one that they have dealt with misses none. A stage in AWS
/// puts its events on its event bus instead.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aegis events
  aegis events --follow --json
  aegis events --after 4711 --follow --json")]
pub struct Arguments {
    /// Go on behind this position [default: the beginning].
    #[arg(long, value_name = "POSITION", default_value_t = 0)]
    after: u64,
    /// Wait for more.
    #[arg(long)]
    follow: bool,
}

#[derive(Debug, Deserialize)]
struct Page {
    events: Vec<Value>,
    next: u64,
}

#[derive(Debug, Deserialize)]
struct Told {
    position: u64,
    #[serde(flatten)]
    event: Envelope<Body>,
}

#[derive(Debug, Deserialize)]
struct Body {
    #[serde(rename = "type")]
    kind: String,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    if let Some(stage) = &context.stage {
        let message = format!(
            "the events of {} are on its event bus: a rule there takes them to whoever wants them",
            shown(stage)
        );
        return Err(Coded::new("usage", message).into());
    }
    let session = Session::open(context).await?;
    let mut after = arguments.after;
    loop {
        let page: Page = session
            .api
            .get(&format!("/events?after={after}"))
            .await?
            .value;
        for event in &page.events {
            tell(event, session.json)?;
        }
        if page.next == after {
            if !arguments.follow {
                return Ok(ExitCode::SUCCESS);
            }
            tokio::time::sleep(PAUSE).await;
        }
        after = page.next;
    }
}

fn tell(event: &Value, as_json: bool) -> Result<()> {
    if as_json {
        out::json(event.to_string());
        return Ok(());
    }
    let Told { position, event } = serde_json::from_value(event.clone())?;
    let at: Timestamp = event.occurred_at;
    outln!(
        "{position:>6}  {}  {}  {}",
        moment(at),
        event.workflow_id,
        bold(one_line(&event.body.kind))
    );
    Ok(())
}

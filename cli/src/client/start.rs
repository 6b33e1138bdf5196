//! `aegis start`: asks for a workflow and returns at once.

use std::process::ExitCode;

use aegis_contracts::view::WorkflowAccepted;
use anyhow::Result;
use clap::Args;
use reqwest::Method;

use super::request::RequestOptions;
use super::session::Session;
use super::sources;
use crate::context::Context;
use crate::out;
use crate::style::bold;
use aegis_client::api::{Answer, Ask};
use aegis_terminal::text::status_words;

/// Start a workflow and return at once; `watch`, `approve` and `report` go on from there.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aegis start \"Impact of quantum computing on cryptography\" --depth comprehensive
  aegis start \"How do we rotate keys?\" --sources ./handbook --approvers ann,bob --required 2
  aegis start \"A topic\" --idempotency-key order-4711 --json")]
pub struct Arguments {
    /// What the report shall be about, at most 1,000 characters.
    topic: String,
    #[command(flatten)]
    pub options: RequestOptions,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let session = Session::open_or_begin(context).await?;
    let key = arguments.options.key();
    let answer = start(&session, &arguments.topic, &arguments.options, &key).await?;
    let id = &answer.value.workflow_id;
    let done = format!("The workflow has started all the same: {id}. Follow it with");
    session.done(&done, &format!("watch {id}"));
    if session.json {
        out::json(answer.raw);
        return Ok(ExitCode::SUCCESS);
    }
    outln!("{}  {}", bold(id), status_words(answer.value.status));
    outln!("  {}", session.command(&format!("watch {id}")));
    outln!("  {}", session.command(&format!("get {id}")));
    Ok(ExitCode::SUCCESS)
}

/// Uploads what has to be uploaded and asks for the workflow.
///
/// # Errors
/// Where a source cannot be used or the API says no.
pub async fn start(
    session: &Session,
    topic: &str,
    options: &RequestOptions,
    key: &str,
) -> Result<Answer<WorkflowAccepted>> {
    let sources = sources::resolve(&session.api, &options.sources).await?;
    let request = options.request(topic, sources);
    let ask = Ask {
        method: Method::POST,
        path: "/workflows",
        idempotency_key: Some(key),
        body: Some(serde_json::to_string(&request)?),
    };
    Ok(session.api.json(&ask).await?)
}

//! `aegis cancel`: ends a live workflow.

use std::process::ExitCode;

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::request::CancelBody;
use aegis_contracts::view::WorkflowAccepted;
use anyhow::Result;
use clap::Args;

use super::refusal::explained;
use super::session::Session;
use crate::context::Context;
use crate::out;
use aegis_terminal::text::status_words;

/// Cancel a workflow. Its agent is told to stop at its next report; cancelling twice is no error.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The workflow's id, `wf_…`.
    #[arg(value_name = "WORKFLOW")]
    id: WorkflowId,
    /// Why; kept in the history.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let session = Session::open(context).await?;
    let body = serde_json::to_string(&CancelBody {
        reason: arguments.reason,
    })?;
    let path = format!("/workflows/{}/cancel", arguments.id);
    let answer = match session.api.post::<WorkflowAccepted>(&path, body).await {
        Ok(answer) => answer,
        Err(error) => return Err(explained(error, &arguments.id, &session).await),
    };
    let done = "The workflow is cancelled all the same. See with";
    session.done(done, &format!("get {}", arguments.id));
    if session.json {
        out::json(answer.raw);
    } else {
        outln!(
            "{}  {}",
            answer.value.workflow_id,
            status_words(answer.value.status)
        );
    }
    Ok(ExitCode::SUCCESS)
}

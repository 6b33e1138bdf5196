//! `aegis redrive`: takes a failed workflow up again where it failed.

use std::process::ExitCode;

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::request::RedriveBody;
use aegis_contracts::view::WorkflowAccepted;
use anyhow::Result;
use clap::Args;

use super::refusal::explained;
use super::session::Session;
use crate::context::Context;
use crate::out;
use aegis_terminal::text::status_words;

/// Take a failed workflow up again at the step that failed; finished steps are kept.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The workflow's id, `wf_…`.
    #[arg(value_name = "WORKFLOW")]
    id: WorkflowId,
    /// The version at which you saw the failure (`failure.version` of `get --json`), so that a
    /// later failure is not redriven by mistake [default: the present one].
    #[arg(long = "failed-version", value_name = "N")]
    failed_version: Option<u64>,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let session = Session::open(context).await?;
    let body = serde_json::to_string(&RedriveBody {
        version: arguments.failed_version,
    })?;
    let path = format!("/workflows/{}/redrive", arguments.id);
    let answer = match session.api.post::<WorkflowAccepted>(&path, body).await {
        Ok(answer) => answer,
        Err(error) => return Err(explained(error, &arguments.id, &session).await),
    };
    let done = "The workflow is taken up again all the same. Follow it with";
    session.done(done, &format!("watch {}", arguments.id));
    if session.json {
        out::json(answer.raw);
    } else {
        let id = &answer.value.workflow_id;
        outln!("{id}  {}", status_words(answer.value.status));
        outln!("  {}", session.command(&format!("watch {id}")));
    }
    Ok(ExitCode::SUCCESS)
}

//! `aegis approval-link`: a link by which somebody without access to the API can decide.

use std::process::ExitCode;

use aegis_contracts::approval::{ApprovalLink, ApprovalLinkRequest};
use aegis_contracts::ids::WorkflowId;
use anyhow::Result;
use clap::Args;

use super::refusal::explained;
use super::session::{Session, quoted};
use crate::context::Context;
use crate::out;
use crate::style::whole;
use aegis_terminal::text::{local_time, one_line};

/// Make a link by which one approver sees what was found and decides on it, until the approval's deadline.
///
/// Whoever has the link can decide in the approver's name: give it to nobody else. It is printed once and not
/// stored. Opening it decides nothing; the page's form does.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The workflow's id, `wf_…`.
    #[arg(value_name = "WORKFLOW")]
    id: WorkflowId,
    /// The approver. If the workflow names approvers, one of them.
    #[arg(long, value_name = "NAME")]
    approver: String,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let session = Session::open(context).await?;
    let again = format!(
        "approval-link {} --approver {}",
        arguments.id,
        quoted(&arguments.approver)
    );
    let body = serde_json::to_string(&ApprovalLinkRequest {
        approver: arguments.approver,
    })?;
    let path = format!("/workflows/{}/approval-links", arguments.id);
    let answer = match session.api.post::<ApprovalLink>(&path, body).await {
        Ok(answer) => answer,
        Err(error) => return Err(explained(error, &arguments.id, &session).await),
    };
    session.done("The link is lost. Make another one with", &again);
    if session.json {
        out::json(answer.raw);
        return Ok(ExitCode::SUCCESS);
    }
    let link = answer.value;
    outln!("{}", whole(&link.url));
    errln!(
        "For {} on revision {}, until {}. A later revision needs a new link.",
        one_line(&link.approver),
        link.revision,
        local_time(link.expires_at)
    );
    Ok(ExitCode::SUCCESS)
}

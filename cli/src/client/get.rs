//! `aegis get`: one workflow on a page.

use std::process::ExitCode;

use aegis_contracts::ids::WorkflowId;
use anyhow::Result;
use clap::Args;

use super::branches::folded;
use super::refusal::explained;
use super::session::Session;
use super::show;
use super::summaries::Summaries;
use crate::context::Context;
use crate::out::{self, Stream};

/// Show one workflow: status, steps, approval, artifacts, usage, failure, and what to do next.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The workflow's id, `wf_…`.
    #[arg(value_name = "WORKFLOW")]
    id: WorkflowId,
    /// Show each branch of a step, not only how many there are.
    #[arg(long)]
    all: bool,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let session = Session::open(context).await?;
    let answer = match session.workflow(&arguments.id).await {
        Ok(answer) => answer,
        Err(error) => return Err(explained(error, &arguments.id, &session).await),
    };
    if session.json {
        out::json(answer.raw);
    } else {
        let view = Summaries::default().added_to(answer.value, &session).await;
        let view = if arguments.all { view } else { folded(&view) };
        out::write(Stream::Out, &show::page(&view, &session));
    }
    Ok(ExitCode::SUCCESS)
}

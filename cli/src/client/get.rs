//! `aegis get`: one workflow on a page.

use std::process::ExitCode;

use aegis_contracts::ids::WorkflowId;
use anyhow::Result;
use clap::Args;

use super::session::Session;
use super::show;
use crate::context::Context;

/// Show one workflow: status, steps, approval, artifacts, usage, failure, and what to do next.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The workflow's id, `wf_…`.
    #[arg(value_name = "WORKFLOW")]
    id: WorkflowId,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let session = Session::open(context).await?;
    let answer = session.workflow(&arguments.id).await?;
    if session.json {
        println!("{}", answer.raw);
    } else {
        print!("{}", show::page(&answer.value, &session));
    }
    Ok(ExitCode::SUCCESS)
}

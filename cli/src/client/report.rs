//! `aegis report`: the finished report, printed or written to a file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::{ReportLink, WorkflowView};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::Value;

use super::session::Session;
use super::show;
use crate::context::Context;
use crate::out::{self, Stream};

/// Print the report of a completed workflow as Markdown, or write it to a file.
///
/// What a terminal would act upon is printed escaped; a file gets the report as it is stored. With --json, the
/// presigned URL that the API gives for it, and until when it can be read.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The workflow's id, `wf_…`.
    #[arg(value_name = "WORKFLOW")]
    id: WorkflowId,
    /// Write it here instead of printing it.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let session = Session::open(context).await?;
    let answer = session.workflow(&arguments.id).await?;
    let link = link(&answer.value, &session)?;
    if let Some(path) = &arguments.output {
        let report = session.api.fetch(&link.url).await?;
        write(path, &report)?;
    }
    if session.json {
        let raw: Value = serde_json::from_str(&answer.raw)?;
        out::json(raw.get("report").unwrap_or(&Value::Null));
    } else if let Some(path) = &arguments.output {
        outln!("{}", path.display());
    } else {
        let report = session.api.fetch(&link.url).await?;
        let report = String::from_utf8_lossy(&report);
        let end = if report.ends_with('\n') { "" } else { "\n" };
        out::write(Stream::Out, &format!("{report}{end}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn link<'a>(view: &'a WorkflowView, session: &Session) -> Result<&'a ReportLink> {
    let Some(link) = &view.report else {
        let next = show::next_steps(view, session).join("\n  ");
        let status = view.status.as_str().replace('_', " ");
        bail!(
            "{} has no report: it is {status}\n  {next}",
            view.workflow_id
        );
    };
    Ok(link)
}

/// Makes the folder if need be.
///
/// # Errors
/// Where the disk says no.
pub fn write(path: &Path, report: &[u8]) -> Result<()> {
    let say = || format!("cannot write {}", path.display());
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).with_context(say)?;
    }
    std::fs::write(path, report).with_context(say)
}

//! How a run ended: the report on disk, or why there is none and what to do about it.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use aegis_contracts::approval::DecisionKind;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::{Status, WorkflowView};
use anyhow::{Context as _, Result};

use super::journey::Followed;
use crate::client::report::write;
use crate::client::session::Session;
use crate::client::show::{failure_words, next_steps, usage};
use crate::client::text::{bytes, duration, local_time, one_line};
use crate::client::watch::ending;
use crate::failure::sentence;
use crate::out;
use crate::style::Style;
use aegis_client::api::Answer;

/// Waits for an approval that could not be asked for.
const UNDECIDED: u8 = 3;
/// Completed, but the report could not be fetched or written here.
const NOT_KEPT: u8 = 4;

/// Where the report goes unless something else is said.
fn default_output(id: &WorkflowId) -> PathBuf {
    PathBuf::from("aegis-reports").join(format!("{id}.md"))
}

/// Whether the report will find its place, asked before anything is spent on it.
///
/// # Errors
/// Where the folder cannot be made, or no file can be in it.
pub fn can_be_kept(output: Option<&Path>) -> Result<()> {
    let output = output.unwrap_or(Path::new("aegis-reports/report.md"));
    let say = || format!("the report could not be written to {}", output.display());
    if output.is_dir() {
        return Err(anyhow::anyhow!("it is a folder")).with_context(say);
    }
    if output.exists() {
        return OpenOptions::new()
            .append(true)
            .open(output)
            .map(drop)
            .with_context(say);
    }
    let folder = output
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).with_context(say)?;
    // A name of its own, and gone again: only the system knows whether it would have let us.
    let probe = folder.join(format!(".aegis-{}", uuid::Uuid::new_v4()));
    std::fs::write(&probe, b"").with_context(say)?;
    std::fs::remove_file(&probe).with_context(say)
}

pub struct Ending<'a> {
    pub session: &'a Session,
    pub id: &'a WorkflowId,
    pub output: Option<&'a Path>,
}

impl Ending<'_> {
    pub async fn tell(&self, followed: Followed) -> ExitCode {
        let (answer, code) = match followed {
            Followed::Ended(answer) => {
                let code = match answer.value.status {
                    Status::Completed => self.completed(&answer.value).await,
                    status => {
                        self.without_report(&answer.value);
                        ending(status)
                    }
                };
                (answer, code)
            }
            Followed::Waiting(answer) => {
                self.waiting(
                    &answer.value,
                    "The workflow waits for your decision. Decide with",
                );
                (answer, ExitCode::from(UNDECIDED))
            }
            Followed::NobodyToAsk(answer) => {
                let why = "The workflow waits for your decision. It cannot be asked for here, because there \
                           is no terminal or it is too narrow; `--approve` approves without asking. Decide with";
                self.waiting(&answer.value, why);
                (answer, ExitCode::from(UNDECIDED))
            }
        };
        self.print_json(&answer);
        code
    }

    async fn completed(&self, view: &WorkflowView) -> ExitCode {
        let took = duration(view.updated_at.since(view.created_at));
        let completed = Style::new().green().bold().on("completed");
        errln!("\n{completed} after {took}, {}", usage(&view.usage));
        match self.keep_report(view).await {
            Ok(line) if self.session.json => errln!("{line}"),
            Ok(line) => outln!("{line}"),
            Err(error) => {
                errln!(
                    "{}\nThe report is kept with the workflow. Get it with",
                    sentence(&error)
                );
                let get = format!("report {} -o FILE", self.id);
                errln!("  {}", self.session.command(&get));
                return ExitCode::from(NOT_KEPT);
            }
        }
        ExitCode::SUCCESS
    }

    async fn keep_report(&self, view: &WorkflowView) -> Result<String> {
        let link = view
            .report
            .as_ref()
            .context("the workflow is completed, but the API names no report")?;
        let path = match self.output {
            Some(path) => path.to_owned(),
            None => default_output(self.id),
        };
        let report = self.session.api.fetch(&link.url).await?;
        write(&path, &report)?;
        let size = bytes(report.len() as u64);
        Ok(format!("report  {}  ({size})", path.display()))
    }

    fn without_report(&self, view: &WorkflowView) {
        let status = view.status.as_str().replace('_', " ");
        errln!("\n{}{}", Style::new().red().bold().on(status), reason(view));
        for line in advice(view, self.session) {
            errln!("  {line}");
        }
    }

    fn waiting(&self, view: &WorkflowView, why: &str) {
        errln!("\n{why}");
        for line in next_steps(view, self.session) {
            errln!("  {line}");
        }
        errln!("Then follow it, and read the report, with");
        errln!("  {}", self.session.command(&format!("watch {}", self.id)));
        errln!("  {}", self.session.command(&format!("report {}", self.id)));
    }

    fn print_json(&self, answer: &Answer<WorkflowView>) {
        if self.session.json {
            out::json(&answer.raw);
        }
    }
}

fn reason(view: &WorkflowView) -> String {
    if let Some(failure) = &view.failure {
        return format!(": {}", failure_words(failure));
    }
    let Some(approval) = &view.approval else {
        return String::new();
    };
    if view.status == Status::Expired {
        return format!(
            ": nobody decided until {}",
            local_time(approval.deadline_at)
        );
    }
    let rejected = |kind: DecisionKind| kind == DecisionKind::Reject;
    match approval
        .decisions
        .iter()
        .find(|decision| rejected(decision.decision))
    {
        Some(decision) => {
            let why = decision.comment.as_deref();
            let why = why.map(|text| format!(": {}", one_line(text)));
            let approver = one_line(&decision.approver);
            format!(" by {approver}{}", why.unwrap_or_default())
        }
        None => String::new(),
    }
}

/// What fits the end, then the commands for it.
fn advice(view: &WorkflowView, session: &Session) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let hint = (view.status == Status::Expired)
        .then_some("Start again, with a longer --timeout-hours or with --on-timeout approve.");
    lines.extend(hint.map(str::to_owned));
    lines.extend(next_steps(view, session));
    lines
}

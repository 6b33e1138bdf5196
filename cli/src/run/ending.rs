//! How a run ended: the report on disk, or why there is none and what to do about it.

use std::path::Path;
use std::process::ExitCode;

use aegis_contracts::approval::DecisionKind;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::{Status, WorkflowView};
use anyhow::{Context as _, Result};

use super::journey::Followed;
use crate::client::report::{can_be_written, file, print, write};
use crate::client::session::Session;
use crate::client::show::{failure_words, next_steps, usage};
use crate::client::watch::ending;
use crate::out;
use crate::style::Style;
use aegis_client::api::Answer;
use aegis_client::path::shown;
use aegis_terminal::failure::sentence;
use aegis_terminal::text::{bytes, duration, local_time, one_line};

/// Waits for an approval that could not be asked for.
const UNDECIDED: u8 = 3;
/// Completed, but the report could not be fetched or written here.
const NOT_KEPT: u8 = 4;

/// Where reports go unless something else is said.
const FOLDER: &str = "aegis-reports";

/// Where the report goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// A file in [`FOLDER`], by the workflow's name.
    Folder,
    File(&'a Path),
    StandardOutput,
}

impl<'a> Place<'a> {
    /// What `--output` says, asked before anything is spent on a report.
    ///
    /// # Errors
    /// Where no report can be written there.
    pub fn of(output: Option<&'a Path>, json: bool) -> Result<Self> {
        let place = match (output, file(output, json)?) {
            (None, _) => Self::Folder,
            (Some(_), Some(file)) => Self::File(file),
            (Some(_), None) => Self::StandardOutput,
        };
        match place {
            Self::Folder => can_be_written(&Path::new(FOLDER).join("report.md")).with_context(|| {
                format!("no report can be written into the folder {FOLDER} here; name another place with -o FILE")
            })?,
            Self::File(path) => can_be_written(path).with_context(|| {
                format!("the report could not be written to {}", shown(path))
            })?,
            Self::StandardOutput => {}
        }
        Ok(place)
    }
}

pub struct Ending<'a> {
    pub session: &'a Session,
    pub id: &'a WorkflowId,
    pub place: Place<'a>,
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
                           is no terminal; `--approve` approves without asking. Decide with";
                self.waiting(&answer.value, why);
                (answer, ExitCode::from(UNDECIDED))
            }
            Followed::Refused(answer, why) => {
                let why = format!(
                    "The decision was refused: {why}\nThe workflow still waits for one. Decide with"
                );
                self.waiting(&answer.value, &why);
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
            Ok(None) => {}
            Ok(Some(line)) if self.session.json => errln!("{line}"),
            Ok(Some(line)) => outln!("{line}"),
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

    /// The line that says where it is.
    async fn keep_report(&self, view: &WorkflowView) -> Result<Option<String>> {
        let link = view
            .result
            .as_ref()
            .context("the workflow is completed, but the API names no result")?;
        let report = self.session.api.fetch(&link.url).await?;
        let path = match self.place {
            Place::Folder => Path::new(FOLDER).join(format!("{}.md", self.id)),
            Place::File(path) => path.to_owned(),
            Place::StandardOutput => {
                let get = format!("report {}", self.id);
                self.session
                    .done("The report is kept with the workflow. Get it with", &get);
                print(&report);
                return Ok(None);
            }
        };
        write(&path, &report)?;
        let size = bytes(report.len() as u64);
        Ok(Some(format!("report  {}  ({size})", shown(&path))))
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

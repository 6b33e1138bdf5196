//! How a run ended: the report on disk, or why there is none and what to do about it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use aegis_contracts::approval::DecisionKind;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::{Status, WorkflowView};
use anyhow::{Context as _, Result};
use console::style;

use super::journey::Followed;
use crate::client::report::write;
use crate::client::session::Session;
use crate::client::show::{next_steps, usage};
use crate::client::text::{bytes, clock, duration, local_time};
use crate::client::watch::ending;
use aegis_client::api::Answer;

/// Waits for an approval that could not be asked for.
const UNDECIDED: u8 = 3;

pub struct Ending<'a> {
    pub session: &'a Session,
    pub id: &'a WorkflowId,
    pub output: Option<&'a Path>,
}

impl Ending<'_> {
    /// # Errors
    /// Where the report cannot be read or written.
    pub async fn tell(&self, followed: Followed) -> Result<ExitCode> {
        let (answer, code) = match followed {
            Followed::Ended(answer) => {
                let status = answer.value.status;
                if status == Status::Completed {
                    self.completed(&answer.value).await?;
                } else {
                    self.without_report(&answer.value);
                }
                (answer, ending(status))
            }
            Followed::Waiting(answer) => {
                self.waiting(&answer.value, "The workflow waits for a decision:");
                (answer, ExitCode::from(UNDECIDED))
            }
            Followed::NobodyToAsk(answer) => {
                let why = "The workflow waits for an approval, and here is no terminal to ask at \
                           (--approve would have approved). Go on with";
                self.waiting(&answer.value, why);
                (answer, ExitCode::from(UNDECIDED))
            }
        };
        self.print_json(&answer);
        Ok(code)
    }

    async fn completed(&self, view: &WorkflowView) -> Result<()> {
        let link = view
            .report
            .as_ref()
            .context("the workflow is completed, but the API names no report")?;
        let report = self.session.api.fetch(&link.url).await?;
        let path = match self.output {
            Some(path) => path.to_owned(),
            None => PathBuf::from("aegis-reports").join(format!("{}.md", self.id)),
        };
        write(&path, &report)?;
        let took = duration(view.updated_at.since(view.created_at));
        eprintln!(
            "\n{} after {took}, {}",
            style("completed").for_stderr().green().bold(),
            usage(&view.usage)
        );
        let path = path.display();
        let size = bytes(report.len() as u64);
        if self.session.json {
            eprintln!("report  {path}  ({size})");
        } else {
            println!("report  {path}  ({size})");
            println!("url     {}", link.url);
            println!("        readable until {}", clock(link.expires_at));
        }
        Ok(())
    }

    fn without_report(&self, view: &WorkflowView) {
        let status = view.status.as_str().replace('_', " ");
        eprintln!(
            "\n{}{}",
            style(status).for_stderr().red().bold(),
            reason(view)
        );
        for line in advice(view, self.session) {
            eprintln!("  {line}");
        }
    }

    fn waiting(&self, view: &WorkflowView, why: &str) {
        eprintln!("\n{why}");
        for line in next_steps(view, self.session) {
            eprintln!("  {line}");
        }
        eprintln!("and then");
        eprintln!("  {}", self.session.command(&format!("watch {}", self.id)));
        eprintln!("  {}", self.session.command(&format!("report {}", self.id)));
    }

    fn print_json(&self, answer: &Answer<WorkflowView>) {
        if self.session.json {
            println!("{}", answer.raw);
        }
    }
}

fn reason(view: &WorkflowView) -> String {
    if let Some(failure) = &view.failure {
        return format!(": {} ({})", failure.message, failure.code);
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
            let why = decision.comment.as_deref().map(|text| format!(": {text}"));
            format!(" by {}{}", decision.approver, why.unwrap_or_default())
        }
        None => String::new(),
    }
}

/// What fits the end, then the commands for it.
fn advice(view: &WorkflowView, session: &Session) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let hint = match view.status {
        Status::Failed => {
            Some("Once the reason is out of the way, redrive goes on where it failed:")
        }
        Status::Expired => {
            Some("Start again, with a longer --timeout-hours or --on-timeout approve.")
        }
        _ => None,
    };
    lines.extend(hint.map(str::to_owned));
    lines.extend(next_steps(view, session));
    lines
}

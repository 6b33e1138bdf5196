//! `aegis findings`: what approvers decide on, with every claim beside the passage that it cites, and what they have
//! decided so far. `run` shows the same page before it asks.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::ExitCode;

use aegis_client::api::Answer;
use aegis_client::failure::ApiError;
use aegis_contracts::approval::{DecisionView, LINK_CLAIM};
use aegis_contracts::findings::{Evidence, Stance};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::review::{Review, ReviewedFinding};
use aegis_contracts::text::visible;
use anyhow::Result;
use clap::Args;
use console::{StyledObject, style};

use super::decide::approvals;
use super::session::Session;
use super::show;
use super::text::{local_time, wrapped};
use crate::context::Context;

/// Show what approvers decide on: every finding, claim and passage of a revision, and the decisions so far.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The workflow's id, `wf_…`.
    #[arg(value_name = "WORKFLOW")]
    id: WorkflowId,
    /// The revision to look at [default: the latest that approvers were asked about].
    #[arg(long, value_name = "N")]
    revision: Option<u32>,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let session = Session::open(context).await?;
    let answer = review(&session, &arguments.id, arguments.revision).await?;
    if session.json {
        println!("{}", answer.raw);
        return Ok(ExitCode::SUCCESS);
    }
    let review = answer.value;
    let width = usize::from(console::Term::stdout().size().1).clamp(40, 110);
    print!("{}", page(&review, Stream::Output, width));
    if review.waiting {
        println!("\n{}", Stream::Output.bold("next"));
        for line in show::decisions(&review.workflow_id, review.approval.revision, &session) {
            println!("  {line}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Without a revision the latest that approvers were asked about.
///
/// # Errors
/// Where the API says no: there is no such revision, or its findings cannot be read.
pub async fn review(
    session: &Session,
    id: &WorkflowId,
    revision: Option<u32>,
) -> Result<Answer<Review>, ApiError> {
    let query = revision.map(|revision| format!("?revision={revision}"));
    let path = format!("/workflows/{id}/review{}", query.unwrap_or_default());
    session.api.get(&path).await
}

/// Where a page is printed: each stream may be a terminal or not.
#[derive(Debug, Clone, Copy)]
pub enum Stream {
    Output,
    Error,
}

impl Stream {
    fn of<D>(self, text: D) -> StyledObject<D> {
        match self {
            Self::Output => style(text),
            Self::Error => style(text).for_stderr(),
        }
    }

    fn bold<D>(self, text: D) -> StyledObject<D> {
        self.of(text).bold()
    }
}

/// All of it: nobody decides on what is left out.
pub fn page(review: &Review, stream: Stream, width: usize) -> String {
    let mut page = Page {
        text: String::new(),
        stream,
        width,
    };
    page.title(&format!("Findings, revision {}", review.approval.revision));
    page.paragraph(&review.topic, "  ", "  ");
    page.paragraph(&review.summary, "  ", "  ");
    for (number, finding) in review.findings.iter().enumerate() {
        page.finding(number + 1, finding);
    }
    if !review.gaps.is_empty() {
        page.title("Not covered by the evidence");
        for gap in &review.gaps {
            page.paragraph(gap, "  - ", "    ");
        }
    }
    if let Some(feedback) = &review.feedback {
        page.title("Changes asked for before");
        page.paragraph(&feedback.feedback, "  ", "  ");
        page.paragraph(&feedback.effect, "  -> ", "     ");
    }
    page.decisions(review);
    page.text
}

struct Page {
    text: String,
    stream: Stream,
    width: usize,
}

impl Page {
    fn line(&mut self, line: impl std::fmt::Display) {
        let _ = writeln!(self.text, "{line}");
    }

    fn title(&mut self, title: &str) {
        self.line(format_args!("\n{}", self.stream.bold(title)));
    }

    /// Text that others wrote.
    fn paragraph(&mut self, text: &str, first: &str, others: &str) {
        let text = visible(text);
        let lines = wrapped(&text, self.width.saturating_sub(first.len()));
        for (index, line) in lines.iter().enumerate() {
            let start = if index == 0 { first } else { others };
            self.line(format_args!("{start}{line}"));
        }
    }

    fn finding(&mut self, number: usize, finding: &ReviewedFinding) {
        let heading = format!("{number}. {}", visible(&finding.heading));
        let heading = self.stream.bold(heading);
        let stance = self.stance(finding.stance);
        self.line(format_args!("\n{heading}  {stance}"));
        self.paragraph(&finding.note, "   ", "   ");
        for claim in &finding.claims {
            let text = format!("{} [{}]", claim.text, claim.evidence);
            self.paragraph(&text, "   - ", "     ");
        }
        let mut shown = BTreeSet::new();
        for claim in &finding.claims {
            if !shown.insert(claim.evidence.as_str()) {
                continue;
            }
            match &claim.passage {
                Some(passage) => self.passage(passage),
                None => {
                    let text = format!("[{}] is not in the evidence", claim.evidence);
                    self.paragraph(&text, "     ", "     ");
                }
            }
        }
    }

    fn passage(&mut self, passage: &Evidence) {
        let place = format!(
            "[{}] {}, {} ({})",
            passage.id, passage.title, passage.location, passage.source
        );
        self.paragraph(&place, "     ", "       ");
        self.paragraph(&passage.passage, "     | ", "     | ");
    }

    fn stance(&self, stance: Stance) -> StyledObject<&'static str> {
        match stance {
            Stance::Agreement => self.stream.of("sources agree").green(),
            Stance::Disagreement => self.stream.of("sources differ").red(),
            Stance::SingleSource => self.stream.of("one source only").yellow(),
        }
    }

    fn decisions(&mut self, review: &Review) {
        let approval = &review.approval;
        self.title("Decisions");
        let (given, required) = (approvals(approval), approval.required);
        let until = match review.waiting {
            true => format!("; until {}", local_time(approval.deadline_at)),
            false => String::new(),
        };
        self.line(format_args!(
            "  {given} of {required} needed approvals given{until}"
        ));
        for decision in &approval.decisions {
            self.paragraph(&vote(decision), "  - ", "    ");
        }
        if !review.undecided.is_empty() {
            let names = format!("may still decide: {}", review.undecided.join(", "));
            self.paragraph(&names, "  ", "    ");
        }
    }
}

fn vote(decision: &DecisionView) -> String {
    let by_link = decision
        .claimed_by
        .as_deref()
        .is_some_and(|claim| claim.starts_with(LINK_CLAIM));
    let comment = decision.comment.as_deref().map(|text| format!(": {text}"));
    format!(
        "{}, {}{}, {}{}",
        decision.approver,
        decision.decision.as_str().replace('_', " "),
        if by_link { " by link" } else { "" },
        local_time(decision.decided_at),
        comment.unwrap_or_default()
    )
}

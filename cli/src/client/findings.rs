//! `aegis findings`: what approvers decide on, with every claim beside the passage that it cites, and what they have
//! decided so far. `run` shows the same page before it asks.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::ExitCode;

use aegis_client::api::Answer;
use aegis_client::failure::ApiError;
use aegis_contracts::approval::{DecisionView, LINK_CLAIM};
use aegis_contracts::findings::{Evidence, Stance, unnamed};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::review::{Review, ReviewedFinding};
use anyhow::Result;
use clap::Args;

use super::decide::approvals;
use super::refusal::explained;
use super::session::Session;
use super::show;
use crate::context::Context;
use crate::out::{self, Stream};
use crate::style::{Style, Styled, bold, hang};
use aegis_terminal::text::{counted, local_time, one_line};

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
    let answer = match review(&session, &arguments.id, arguments.revision).await {
        Ok(answer) => answer,
        Err(error) => return Err(explained(error, &arguments.id, &session).await),
    };
    if session.json {
        out::json(answer.raw);
        return Ok(ExitCode::SUCCESS);
    }
    let review = answer.value;
    out::write(Stream::Out, &page(&review));
    if review.waiting && !show::is_over(&review.approval) {
        outln!("\n{}", bold("next"));
        for line in show::decisions(&review.workflow_id, &review.approval, &session) {
            outln!("  {line}");
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

/// All of it: nobody decides on what is left out.
pub fn page(review: &Review) -> String {
    let mut page = Page {
        text: String::new(),
    };
    let what = if review.findings.is_empty() {
        &review.shown.name
    } else {
        "Findings"
    };
    page.title(&format!(
        "{}, revision {}",
        one_line(what),
        review.approval.revision
    ));
    page.paragraph(&review.topic, "  ");
    if !review.summary.is_empty() {
        page.paragraph(&review.summary, "  ");
    }
    if let Some(text) = &review.shown.text {
        page.line("");
        for line in text.lines() {
            page.paragraph(line, "  ");
        }
    } else if review.findings.is_empty() && review.summary.is_empty() {
        let words = format!(
            "It is {}, which is not shown here: `GET /workflows/{}/artifacts/{}` leads to it.",
            review.shown.media_type, review.workflow_id, review.shown.name
        );
        page.paragraph(&words, "  ");
    }
    for (number, finding) in review.findings.iter().enumerate() {
        page.finding(number + 1, finding);
    }
    if !review.gaps.is_empty() {
        page.title("Not covered by the evidence");
        for gap in &review.gaps {
            page.paragraph(gap, "  - ");
        }
    }
    if !review.unreadable.is_empty() {
        page.title("Not read: what these files say is missing above");
        for file in &review.unreadable {
            page.paragraph(&format!("{}: {}", file.source, file.reason), "  - ");
        }
        if let Some(more) = unnamed(review.documents_unread, &review.unreadable) {
            page.paragraph(&more, "  - ");
        }
    }
    if !review.losses.is_empty() {
        page.title("Left out of files that were read");
        for loss in &review.losses {
            page.paragraph(&loss.words(&loss.source), "  - ");
        }
    }
    if let Some(revised) = &review.revised {
        page.title("Changes asked for before");
        page.paragraph(&revised.request.words(), "  ");
        for done in &revised.done {
            page.paragraph(done, "  -> ");
        }
    }
    page.decisions(review);
    page.text
}

struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: impl std::fmt::Display) {
        let _ = writeln!(self.text, "{line}");
    }

    fn title(&mut self, title: &str) {
        self.line(format_args!("\n{}", bold(title)));
    }

    /// Text that others wrote.
    fn paragraph(&mut self, text: &str, start: &str) {
        self.line(format_args!("{start}{}{}", hang(), one_line(text)));
    }

    fn finding(&mut self, number: usize, finding: &ReviewedFinding) {
        let heading = bold(format!("{number}. {}", one_line(&finding.heading)));
        match stance(finding.stance) {
            Some(stance) => self.line(format_args!("\n{heading}  {stance}")),
            None => self.line(format_args!("\n{heading}")),
        }
        if !finding.note.is_empty() {
            self.paragraph(&finding.note, "   ");
        }
        for claim in &finding.claims {
            let lead = claim.lead.as_ref().map(|lead| format!("{lead} "));
            let lead = lead.unwrap_or_default();
            let text = format!("{lead}{} [{}]", claim.text, claim.evidence);
            self.paragraph(&text, "   - ");
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
                    self.paragraph(&text, "     ");
                }
            }
        }
    }

    fn passage(&mut self, passage: &Evidence) {
        let place = format!(
            "[{}] {}, {} ({})",
            passage.id, passage.title, passage.location, passage.source
        );
        self.paragraph(&place, "     ");
        self.paragraph(&passage.passage, "     | ");
    }

    fn decisions(&mut self, review: &Review) {
        let approval = &review.approval;
        self.title("Decisions");
        let given = approvals(approval);
        let required = counted(approval.required, "approval");
        let until = match (review.waiting, &approval.settled) {
            (true, _) => format!("; until {}", local_time(approval.deadline_at)),
            (false, Some(how)) => format!("; {}", show::settled(how)),
            (false, None) => String::new(),
        };
        self.line(format_args!("  {given} of {required} given{until}"));
        if review.waiting {
            self.line(format_args!("  {}", show::silence(approval)));
        }
        for decision in &approval.decisions {
            self.paragraph(&vote(decision), "  - ");
        }
        if !review.undecided.is_empty() {
            let names = format!("may still decide: {}", review.undecided.join(", "));
            self.paragraph(&names, "  ");
        }
    }
}

fn stance(stance: Stance) -> Option<Styled<&'static str>> {
    let style = Style::new();
    match stance {
        Stance::Agreement => Some(style.green().on("sources agree")),
        Stance::Disagreement => Some(style.red().on("sources may differ")),
        Stance::SingleSource => None,
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

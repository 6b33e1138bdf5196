//! What the analyst found, as a page for the person who decides.

use std::fmt::Write as _;

use aegis_contracts::findings::{AnalysisFile, Finding, Stance};
use console::{StyledObject, style};

use crate::client::text::wrapped;

/// Claims shown of each finding; the artifact has them all.
const CLAIMS: usize = 4;

pub fn page(analysis: &AnalysisFile, width: usize) -> String {
    let mut page = format!(
        "\n{}\n",
        bold(format!("Findings, revision {}", analysis.revision))
    );
    paragraph(&mut page, &analysis.summary, "  ", "  ", width);
    for (number, finding) in analysis.findings.iter().enumerate() {
        one(&mut page, number + 1, finding, width);
    }
    if !analysis.gaps.is_empty() {
        let _ = writeln!(page, "\n{}", bold("Not covered by the evidence"));
        for gap in &analysis.gaps {
            paragraph(&mut page, gap, "  - ", "    ", width);
        }
    }
    if let Some(feedback) = &analysis.feedback {
        let _ = writeln!(page, "\n{}", bold("Your feedback"));
        paragraph(&mut page, &feedback.feedback, "  ", "  ", width);
        paragraph(&mut page, &feedback.effect, "  -> ", "     ", width);
    }
    page
}

fn one(page: &mut String, number: usize, finding: &Finding, width: usize) {
    let _ = writeln!(
        page,
        "\n{}  {}",
        bold(format!("{number}. {}", finding.heading)),
        stance(finding.stance)
    );
    for claim in finding.claims.iter().take(CLAIMS) {
        let text = format!("{} [{}]", claim.text, claim.evidence);
        paragraph(page, &text, "   - ", "     ", width);
    }
    if let Some(more) = finding
        .claims
        .len()
        .checked_sub(CLAIMS)
        .filter(|more| *more > 0)
    {
        let _ = writeln!(page, "   - and {more} more");
    }
    paragraph(page, &finding.note, "   ", "   ", width);
}

fn paragraph(page: &mut String, text: &str, first: &str, others: &str, width: usize) {
    for (index, line) in wrapped(text, width.saturating_sub(first.len()))
        .iter()
        .enumerate()
    {
        let start = if index == 0 { first } else { others };
        let _ = writeln!(page, "{start}{line}");
    }
}

/// It is read beside the progress, on standard error.
fn bold<D>(text: D) -> StyledObject<D> {
    style(text).for_stderr().bold()
}

fn stance(stance: Stance) -> StyledObject<&'static str> {
    match stance {
        Stance::Agreement => style("sources agree").for_stderr().green(),
        Stance::Disagreement => style("sources differ").for_stderr().red(),
        Stance::SingleSource => style("one source only").for_stderr().yellow(),
    }
}

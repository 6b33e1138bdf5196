//! The report as Markdown.
//!
//! Pure and deterministic. A model-backed writer would take the place of [`report`]; the check of citations stays.

use aegis_contracts::findings::{AnalysisFile, Claim, EvidenceFile, Finding, Stance};
use aegis_contracts::request::Depth;

use crate::citations::Citations;
use crate::escape::{code, inline, start};

/// Statements in the summary.
const IN_SUMMARY: usize = 4;
/// Reasons for which files were not read that are listed one by one.
const REASONS_LISTED: usize = 8;

/// What was checked by [`Citations::check`], for a person to read.
pub fn report(
    evidence: &EvidenceFile,
    analysis: &AnalysisFile,
    citations: &Citations<'_>,
) -> String {
    let mut page = Page::default();
    page.line(&format!("# {}", inline(analysis.topic.trim())));
    summary(&mut page, analysis, citations);
    findings(&mut page, analysis, citations);
    uncertain(&mut page, evidence, analysis);
    origin(&mut page, evidence, analysis, citations);
    references(&mut page, citations);
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    /// A block of its own.
    fn line(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn list(&mut self, items: impl IntoIterator<Item = String>) {
        let items: Vec<String> = items.into_iter().map(|item| format!("- {item}")).collect();
        if !items.is_empty() {
            self.line(&items.join("\n"));
        }
    }
}

fn cited(claim: &Claim, citations: &Citations<'_>) -> String {
    format!("{} [{}]", start(&claim.text), citations.number(claim))
}

fn summary(page: &mut Page, analysis: &AnalysisFile, citations: &Citations<'_>) {
    page.line("## Summary");
    // The first claim of a finding is its best.
    let claims = analysis
        .findings
        .iter()
        .filter_map(|finding| finding.claims.first());
    page.list(claims.take(IN_SUMMARY).map(|claim| cited(claim, citations)));
    let count = |stance| {
        analysis
            .findings
            .iter()
            .filter(|f| f.stance == stance)
            .count()
    };
    let mut parts = vec![format!(
        "This rests on {} in {}.",
        counted(citations.passages().len(), "passage"),
        counted(citations.sources().len(), "document")
    )];
    let (agree, differ) = (count(Stance::Agreement), count(Stance::Disagreement));
    if agree > 0 {
        parts.push(format!(
            "Sources confirm each other on {}.",
            counted(agree, "finding")
        ));
    }
    if differ > 0 {
        parts.push(format!(
            "They may differ on {}.",
            counted(differ, "finding")
        ));
    }
    if !analysis.gaps.is_empty() {
        parts.push("Some of what the topic asks stays open; see below.".to_owned());
    }
    page.line(&parts.join(" "));
}

fn counted(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

fn findings(page: &mut Page, analysis: &AnalysisFile, citations: &Citations<'_>) {
    page.line("## Findings");
    for (number, finding) in (1..).zip(&analysis.findings) {
        page.line(&format!("### {number}. {}", inline(&finding.heading)));
        page.list(finding.claims.iter().map(|claim| cited(claim, citations)));
        page.line(&format!("*{}* {}", label(finding), inline(&finding.note)));
    }
}

fn label(finding: &Finding) -> &'static str {
    match finding.stance {
        Stance::Agreement => "Sources agree.",
        Stance::Disagreement => "Sources may differ.",
        Stance::SingleSource => "Not confirmed by a second source.",
    }
}

fn uncertain(page: &mut Page, evidence: &EvidenceFile, analysis: &AnalysisFile) {
    page.line("## What is uncertain");
    let differ = analysis
        .findings
        .iter()
        .filter(|f| f.stance == Stance::Disagreement);
    let differ: Vec<String> = differ
        .map(|f| format!("{}: {}", inline(&f.heading), inline(&f.note)))
        .collect();
    let gaps: Vec<String> = analysis.gaps.iter().map(|gap| inline(gap)).collect();
    let unread = unread(evidence);
    let alone = alone(analysis);
    if differ.is_empty() && gaps.is_empty() && unread.is_empty() && alone.is_none() {
        page.line("Nothing that a comparison of the sources shows.");
    }
    if !differ.is_empty() {
        page.line(
            "**Where sources may differ.** Seen by comparing words: read both passages before relying on either.",
        );
        page.list(differ);
    }
    if let Some(alone) = alone {
        page.line(&alone);
    }
    if !gaps.is_empty() {
        page.line("**What was not found.**");
        page.list(gaps);
    }
    if !unread.is_empty() {
        page.line("**What could not be read.**");
        page.list(unread);
    }
}

/// Which findings no second source confirms.
fn alone(analysis: &AnalysisFile) -> Option<String> {
    let numbered = (1..).zip(&analysis.findings);
    let alone = numbered.filter(|(_, finding)| finding.stance == Stance::SingleSource);
    let numbers: Vec<String> = alone
        .map(|(number, _): (usize, _)| number.to_string())
        .collect();
    if numbers.len() == analysis.findings.len() && numbers.len() > 1 {
        return Some(
            "**Unconfirmed.** No second source was found for any of the findings.".to_owned(),
        );
    }
    let list = match numbers.as_slice() {
        [] => return None,
        [only] => {
            return Some(format!(
                "**Unconfirmed.** No second source was found for what finding {only} says."
            ));
        }
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    };
    Some(format!(
        "**Unconfirmed.** No second source was found for what the findings {list} say."
    ))
}

/// Files that were not read, together where the reason is the same.
fn unread(evidence: &EvidenceFile) -> Vec<String> {
    let mut reasons: Vec<(&str, &str, usize)> = Vec::new();
    for file in &evidence.unreadable {
        match reasons
            .iter_mut()
            .find(|(reason, ..)| *reason == file.reason)
        {
            Some((.., count)) => *count += 1,
            None => reasons.push((&file.reason, &file.source, 1)),
        }
    }
    let rest = reasons.len().saturating_sub(REASONS_LISTED);
    let listed = reasons.into_iter().take(REASONS_LISTED);
    let mut items: Vec<String> = listed
        .map(|(reason, source, count)| match count {
            1 => format!("{}: {}", code(source), inline(reason)),
            _ => format!(
                "{} and {} more: {}",
                code(source),
                count - 1,
                inline(reason)
            ),
        })
        .collect();
    if rest > 0 {
        items.push(format!("and files with {}", counted(rest, "other reason")));
    }
    items
}

fn origin(
    page: &mut Page,
    evidence: &EvidenceFile,
    analysis: &AnalysisFile,
    citations: &Citations<'_>,
) {
    page.line("## How this was made");
    let depth = match evidence.depth {
        Depth::Quick => "quick",
        Depth::Standard => "standard",
        Depth::Comprehensive => "comprehensive",
    };
    let documents = usize::try_from(evidence.documents_read).unwrap_or(usize::MAX);
    let passages = usize::try_from(evidence.passages_ranked).unwrap_or(usize::MAX);
    page.line(&format!(
        "{} with {} were read and ranked by their words (BM25). The {} that fit the topic best without repeating each other were kept \
         (depth: {depth}), and {} of them are cited.",
        counted(documents, "document"),
        counted(passages, "passage"),
        evidence.evidence.len(),
        citations.passages().len()
    ));
    page.line(
        "The method is extractive: every statement is a sentence taken unchanged from a source, no language model was used, and \
         each was checked to stand word for word in the passage it cites. Whether the sources are right was not checked. \
         What no source says is not here, however true.",
    );
    if let Some(feedback) = &analysis.feedback {
        page.line(&format!(
            "Revision {}. The approver asked: “{}” What came of it: {}",
            analysis.revision,
            inline(feedback.feedback.trim()),
            inline(&feedback.effect)
        ));
    }
}

fn references(page: &mut Page, citations: &Citations<'_>) {
    page.line("## References");
    for (number, passage) in (1..).zip(citations.passages()) {
        page.line(&format!(
            "**[{number}]** {}, {}. {}",
            inline(&passage.title),
            inline(&passage.location),
            code(&passage.source)
        ));
        page.line(&format!("> {}", start(&passage.passage)));
    }
}

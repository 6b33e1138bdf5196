//! The report as Markdown.
//!
//! Pure and deterministic. A model-backed writer would take the place of [`report`]; the check of citations stays.

use aegis_agent_kit::text::counted;
use aegis_contracts::findings::{AnalysisFile, Claim, EvidenceFile, Finding, Stance};
use aegis_contracts::request::Depth;

use crate::citations::Citations;
use crate::escape::{code, inline, start};
use crate::page::Page;
use crate::uncertain::uncertain;

/// Statements in the summary.
const IN_SUMMARY: usize = 4;

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

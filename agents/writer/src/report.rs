//! The report as Markdown.
//!
//! Pure and deterministic. A model-backed writer would take the place of [`report`]; the check of citations stays.

use aegis_agent_kit::text::counted;
use aegis_contracts::findings::Depth;
use aegis_contracts::findings::{AnalysisFile, Claim, EvidenceFile, Finding, PassageKind, Stance};

use crate::citations::Citations;
use crate::escape::{code, inline, start};
use crate::page::{Page, fenced};
use crate::paths::Paths;
use crate::uncertain::uncertain;

/// Claims up to which a report needs no headings.
const FEW: usize = 6;

/// What was checked by [`Citations::check`], for a person to read.
pub fn report(
    evidence: &EvidenceFile,
    analysis: &AnalysisFile,
    citations: &Citations<'_>,
    paths: &Paths,
) -> String {
    let mut page = Page::default();
    page.line(&format!("# {}", inline(analysis.topic.trim())));
    certainty(&mut page, evidence, analysis);
    if analysis.findings.is_empty() {
        page.line(
            "Before they approved, the approvers took all findings out: nothing is reported.",
        );
    }
    findings(&mut page, &analysis.findings, citations);
    uncertain(&mut page, evidence, analysis, paths);
    origin(&mut page, evidence, citations, paths);
    references(&mut page, citations, paths);
    page.text
}

/// What this is and how sure it can be, before anything is claimed.
fn certainty(page: &mut Page, evidence: &EvidenceFile, analysis: &AnalysisFile) {
    let mut text = inline(analysis.summary.trim());
    let unread = evidence.documents_unread;
    if unread > 0 {
        text.push_str(&format!(
            " {} could not be read; they are listed below.",
            counted(unread, "file")
        ));
    }
    page.line(&format!("*{text}*"));
}

/// From which finding on headings are shown. A few claims are read sooner without any, and a heading over a single claim tells
/// little that the claim does not.
fn headed(findings: &[Finding]) -> usize {
    let claims: usize = findings.iter().map(|finding| finding.claims.len()).sum();
    if claims <= FEW {
        return findings.len();
    }
    let single = findings
        .iter()
        .rposition(|finding| finding.claims.len() == 1);
    single.map_or(0, |at| at + 1)
}

/// The findings, those without a heading as one list.
fn findings(page: &mut Page, findings: &[Finding], citations: &Citations<'_>) {
    let headed = headed(findings);
    let mut list = List::default();
    for (number, finding) in findings.iter().enumerate() {
        if number >= headed {
            list.end(page);
            page.line(&format!("## {}", inline(&finding.heading)));
        }
        for claim in &finding.claims {
            list.add(claim, citations);
        }
        if let Some(label) = label(finding.stance) {
            list.end(page);
            page.line(&format!("**{label}** {}", inline(&finding.note)));
        }
    }
    list.end(page);
}

/// Claims that are shown together.
#[derive(Default)]
struct List<'a> {
    items: Vec<String>,
    lead: Option<&'a str>,
}

impl<'a> List<'a> {
    /// Items of one list stand below what introduces them, which is said once.
    fn add(&mut self, claim: &'a Claim, citations: &Citations<'_>) {
        if claim.lead.as_deref() != self.lead {
            self.lead = claim.lead.as_deref();
            let lead = self.lead.map(|lead| format!("- {}", start(lead)));
            self.items.extend(lead);
        }
        let item = format!("- {}", cited(claim, citations));
        self.items.push(match self.lead {
            Some(_) => indented(&item),
            None => item,
        });
    }

    fn end(&mut self, page: &mut Page) {
        if !self.items.is_empty() {
            page.line(&self.items.join("\n"));
        }
        *self = Self::default();
    }
}

fn cited(claim: &Claim, citations: &Citations<'_>) -> String {
    let number = citations.number(claim);
    match citations.kind(claim) {
        PassageKind::Code => format!("[{number}]\n{}", indented(&fenced(&claim.text))),
        _ => format!("{} [{number}]", start(&claim.text)),
    }
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("  {line}")).collect();
    lines.join("\n")
}

/// Where nothing was found to compare, nothing is said.
fn label(stance: Stance) -> Option<&'static str> {
    match stance {
        Stance::Agreement => Some("Sources agree."),
        Stance::Disagreement => Some("Sources may differ."),
        Stance::SingleSource => None,
    }
}

fn origin(page: &mut Page, evidence: &EvidenceFile, citations: &Citations<'_>, paths: &Paths) {
    page.line("## How this was made");
    let depth = match evidence.depth {
        Depth::Quick => "quick",
        Depth::Standard => "standard",
        Depth::Comprehensive => "comprehensive",
    };
    let documents = usize::try_from(evidence.documents_read).unwrap_or(usize::MAX);
    let passages = usize::try_from(evidence.passages_ranked).unwrap_or(usize::MAX);
    page.line(&format!(
        "The researcher read {} with {}, ranked them by their words, and kept {}: those that fit the topic best without repeating \
         each other (depth: {depth}). The report cites {} of these.",
        counted(documents, "document"),
        counted(passages, "passage"),
        counted(evidence.evidence.len(), "passage"),
        citations.passages().len()
    ));
    page.line(
        "Every claim is one or two sentences, an item, a row or a block of code, taken unchanged from a document, and was checked to \
         stand there word for word as one text. No language model was used. Whether the documents are right was not checked. \
         What no document says is not here, however true.",
    );
    if !evidence.losses.is_empty() {
        page.line("Left out of documents that were read:");
        let losses = evidence.losses.iter();
        page.list(losses.map(|loss| inline(&loss.words(paths.of(&loss.source)))));
    }
}

fn references(page: &mut Page, citations: &Citations<'_>, paths: &Paths) {
    page.line("## References");
    for (number, passage) in (1..).zip(citations.passages()) {
        page.line(&format!(
            "**[{number}]** {}: {}, {}",
            code(paths.of(&passage.source)),
            inline(&passage.title),
            inline(&passage.location)
        ));
        let mut quoted: Vec<String> = passage.lead.iter().map(|lead| start(lead)).collect();
        match passage.kind {
            PassageKind::Code => quoted.push(fenced(&passage.passage)),
            _ => quoted.extend(passage.passage.lines().map(start)),
        }
        page.quote(&quoted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_begin_where_only_sections_of_several_claims_follow() {
        let finding = |claims: usize| Finding {
            id: "f1".to_owned(),
            heading: "Recovery".to_owned(),
            claims: vec![
                Claim {
                    text: "It recovers.".to_owned(),
                    lead: None,
                    evidence: "e1".to_owned(),
                };
                claims
            ],
            stance: Stance::SingleSource,
            note: String::new(),
        };
        let of =
            |claims: &[usize]| headed(&claims.iter().copied().map(finding).collect::<Vec<_>>());
        assert_eq!(of(&[2, 1, 2]), 3, "a few claims need none");
        assert_eq!(of(&[2, 1, 2, 3]), 2);
        assert_eq!(of(&[3, 3, 1]), 3, "a heading over one claim tells little");
    }
}

//! What a reader should not rely on: differences, what only one source says, what was not found or read.

use aegis_agent_kit::text::counted;
use aegis_contracts::findings::{AnalysisFile, EvidenceFile, Stance};

use crate::escape::{code, inline};
use crate::page::Page;

/// Reasons for which files were not read that are listed one by one.
const REASONS_LISTED: usize = 8;

pub fn uncertain(page: &mut Page, evidence: &EvidenceFile, analysis: &AnalysisFile) {
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

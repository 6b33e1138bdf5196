//! What a reader should not rely on: differences, and what was not found or read.

use aegis_agent_kit::text::counted;
use aegis_contracts::findings::{AnalysisFile, EvidenceFile, Stance, unnamed};

use crate::escape::{code, inline};
use crate::page::Page;
use crate::paths::Paths;

/// Reasons for which files were not read that are listed one by one.
const REASONS_LISTED: usize = 8;

pub fn uncertain(page: &mut Page, evidence: &EvidenceFile, analysis: &AnalysisFile, paths: &Paths) {
    let differ = analysis
        .findings
        .iter()
        .filter(|f| f.stance == Stance::Disagreement);
    let differ: Vec<String> = differ.map(|f| inline(&f.note)).collect();
    let gaps: Vec<String> = analysis.gaps.iter().map(|gap| inline(gap)).collect();
    let unread = unread(evidence, paths);
    if differ.is_empty() && gaps.is_empty() && unread.is_empty() {
        return;
    }
    page.line("## What is uncertain");
    if !differ.is_empty() {
        page.line(
            "**Where sources may differ.** Seen by comparing words: read both passages before relying on either.",
        );
        page.list(differ);
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

/// Files that were not read, together where the reason is the same.
fn unread(evidence: &EvidenceFile, paths: &Paths) -> Vec<String> {
    let mut reasons: Vec<(&str, &str, usize)> = Vec::new();
    for file in &evidence.unreadable {
        match reasons
            .iter_mut()
            .find(|(reason, ..)| *reason == file.reason)
        {
            Some((.., count)) => *count += 1,
            None => reasons.push((&file.reason, paths.of(&file.source), 1)),
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
    items.extend(unnamed(evidence.documents_unread, &evidence.unreadable));
    items
}

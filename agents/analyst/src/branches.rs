//! What the branches of a step found, each on its question, as one file that claims can cite.

use aegis_agent_kit::text::words;
use aegis_contracts::findings::{AskedWord, Evidence, EvidenceFile, Loss};

/// Unreadable files that are named, as in the evidence of one branch.
const MAX_NAMED: usize = 100;

/// The name of what [`merged`] makes, among the artifacts of the analyst's step.
pub const MERGED: &str = "evidence.json";

/// The passages of all branches, in the order of the branches and best first in each, every passage once. `None` without
/// any branch.
pub fn merged(topic: &str, branches: &[EvidenceFile]) -> Option<EvidenceFile> {
    let first = branches.first()?;
    let mut file = EvidenceFile {
        topic: topic.to_owned(),
        asked: asked(topic, branches),
        evidence: Vec::new(),
        unreadable: Vec::new(),
        losses: losses(branches),
        ..first.clone()
    };
    for branch in branches {
        // All read the same sources. Where these changed meanwhile, the most that one read.
        file.documents_read = file.documents_read.max(branch.documents_read);
        file.passages_ranked = file.passages_ranked.max(branch.passages_ranked);
        file.documents_unread = file.documents_unread.max(branch.documents_unread);
        for passage in &branch.evidence {
            if !file.evidence.iter().any(|known| is_same(known, passage)) {
                let id = format!("e{}", file.evidence.len() + 1);
                file.evidence.push(Evidence {
                    id,
                    ..passage.clone()
                });
            }
        }
        for unreadable in &branch.unreadable {
            if file.unreadable.len() < MAX_NAMED && !file.unreadable.contains(unreadable) {
                file.unreadable.push(unreadable.clone());
            }
        }
    }
    let named = u32::try_from(file.unreadable.len()).unwrap_or(u32::MAX);
    file.documents_unread = file.documents_unread.max(named);
    Some(file)
}

/// Whether a claim of one can cite the other: the same text of the same document, with the same text before it.
pub fn is_same(a: &Evidence, b: &Evidence) -> bool {
    (&a.source, &a.passage, &a.lead) == (&b.source, &b.passage, &b.lead)
}

/// The words of the topic as the branches looked for them: their questions have others beside.
fn asked(topic: &str, branches: &[EvidenceFile]) -> Vec<AskedWord> {
    let mut asked: Vec<AskedWord> = Vec::new();
    for word in words(topic) {
        let mut known = branches.iter().flat_map(|branch| &branch.asked);
        let found = known.find(|known| known.word == word);
        if let Some(found) = found.filter(|found| !asked.contains(found)) {
            asked.push(found.clone());
        }
    }
    asked
}

/// Each kind once, with the most documents that a branch has seen it in.
fn losses(branches: &[EvidenceFile]) -> Vec<Loss> {
    let mut losses: Vec<Loss> = Vec::new();
    for loss in branches.iter().flat_map(|branch| &branch.losses) {
        match losses.iter_mut().find(|known| known.what == loss.what) {
            Some(known) => known.documents = known.documents.max(loss.documents),
            None => losses.push(loss.clone()),
        }
    }
    losses
}

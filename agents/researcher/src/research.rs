//! The researcher's pure part: topic and documents in, evidence or the reason for none out.
//!
//! Deterministic, no I/O, no clock: the same documents give the same evidence. A model-backed researcher would take the
//! place of [`research`] and return the same.

use std::collections::{BTreeMap, BTreeSet};

use aegis_agent_kit::text::{Terms, counted};
use aegis_contracts::findings::{Evidence, PassageKind};
use aegis_contracts::request::Depth;

use crate::document::{Document, Kind};
use crate::index::{Index, share};
use crate::ranking::{Hit, rank};
use crate::selection::{amount, select};
use crate::topic::{Concept, concepts};

/// Share of the topic's weight that at least one document must mention,
const DOCUMENT_FLOOR: f64 = 0.52;
/// and at least one passage.
const PASSAGE_FLOOR: f64 = 0.34;

#[derive(Debug, Clone, PartialEq)]
pub struct Researched {
    pub passages_ranked: usize,
    pub evidence: Vec<Evidence>,
}

/// Nothing about the topic.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct NoEvidence(pub String);

/// # Errors
/// Where no document is about the topic.
pub fn research(
    topic: &str,
    depth: Depth,
    documents: &[Document],
) -> Result<Researched, NoEvidence> {
    let terms = Terms::english();
    let index = Index::build(documents, &terms);
    let concepts = concepts(topic, &terms, &index.frequencies, documents.len());
    let hits = rank(&index, &concepts, &terms);
    check(topic, documents, &index, &concepts, &hits)?;
    let chosen = select(&index, &hits, amount(depth));
    let evidence = (1..).zip(&chosen).map(|(number, hit)| {
        let passage = &index.passages[hit.passage];
        let document = &documents[passage.document];
        Evidence {
            id: format!("e{number}"),
            source: document.uri.clone(),
            title: document.title.clone(),
            headings: passage.section.clone(),
            location: passage.location(),
            kind: match passage.kind {
                Kind::Heading | Kind::Paragraph | Kind::Quote => PassageKind::Paragraph,
                Kind::Item => PassageKind::Item,
                Kind::Row => PassageKind::Row,
                Kind::Code => PassageKind::Code,
            },
            lead: passage.lead.clone(),
            passage: passage.text.clone(),
            score: (hit.bm25 * 1_000.0).round() / 1_000.0,
        }
    });
    Ok(Researched {
        passages_ranked: index.passages.len(),
        evidence: evidence.collect(),
    })
}

/// A collection that mentions some words of a topic is not yet about it.
fn check(
    topic: &str,
    documents: &[Document],
    index: &Index,
    concepts: &[Concept],
    hits: &[Hit],
) -> Result<(), NoEvidence> {
    let mut mentioned: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let mut best_passage: f64 = 0.0;
    for hit in hits {
        let found = index.found(hit.passage, concepts);
        best_passage = best_passage.max(share(concepts, &found));
        let document = index.passages[hit.passage].document;
        mentioned.entry(document).or_default().extend(found);
    }
    let covered = mentioned
        .iter()
        .map(|(document, found)| (share(concepts, found), *document, found));
    // Of equals the first.
    let closest = covered.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
    let enough = closest
        .as_ref()
        .is_some_and(|(share, ..)| *share >= DOCUMENT_FLOOR);
    if enough && best_passage >= PASSAGE_FLOOR {
        return Ok(());
    }
    let mut message = format!(
        "nothing in the sources is about “{topic}”: {} with {} were searched",
        counted(documents.len(), "document"),
        counted(index.passages.len(), "passage")
    );
    match closest {
        Some((_, document, found)) => {
            let title = &documents[document].title;
            let (named, missing) = (0..concepts.len()).partition(|n| found.contains(n));
            let (named, missing) = (quoted(concepts, named), quoted(concepts, missing));
            message.push_str(&format!("; the closest, “{title}”, mentions {named}"));
            if !missing.is_empty() {
                message.push_str(&format!(", but not {missing}"));
            }
        }
        None => {
            let all = quoted(concepts, (0..concepts.len()).collect());
            message.push_str(&format!("; none mentions {all}"));
        }
    }
    Err(NoEvidence(message))
}

fn quoted(concepts: &[Concept], numbers: Vec<usize>) -> String {
    let labels = numbers
        .into_iter()
        .filter_map(|number| concepts.get(number));
    let labels: Vec<String> = labels
        .map(|concept| format!("“{}”", concept.label))
        .collect();
    labels.join(", ")
}

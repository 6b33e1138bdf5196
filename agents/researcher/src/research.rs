//! The researcher's pure part: topic and documents in, evidence or the reason for none out.
//!
//! Deterministic, no I/O, no clock: the same documents give the same evidence. A model-backed researcher would take the
//! place of [`research`] and return the same.

use std::collections::{BTreeMap, BTreeSet};

use aegis_agent_kit::text::counted;
use aegis_contracts::findings::Depth;
use aegis_contracts::findings::{AskedWord, Evidence, Origin, PassageKind};

use crate::document::{Document, Kind};
use crate::expected::expected;
use crate::index::Index;
use crate::ranking::{Hit, rank, share};
use crate::selection::{amount, select};
use crate::topic::{Concept, concepts};

/// Share of the topic's weight that at least one document must mention,
const DOCUMENT_FLOOR: f64 = 0.5;
/// and at least one passage with its headings,
const PASSAGE_FLOOR: f64 = 0.34;
/// or more of it, where no document has one of the topic's words: what is left must stand together to be the subject.
const PASSAGE_FLOOR_UNKNOWN: f64 = 0.5;
/// The part of the topic, by weight, that no document has, from which the floor for passages is that one.
const MUCH_UNKNOWN: f64 = 0.25;

#[derive(Debug, Clone, PartialEq)]
pub struct Researched {
    pub passages_ranked: usize,
    /// What the topic was taken for.
    pub asked: Vec<AskedWord>,
    pub evidence: Vec<Evidence>,
}

/// Nothing about the topic.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct NoEvidence(pub String);

/// `index` is that of the documents: making it takes longer than asking it.
///
/// # Errors
/// Where no document is about the topic.
pub fn research(
    topic: &str,
    depth: Depth,
    documents: &[Document],
    index: &Index,
) -> Result<Researched, NoEvidence> {
    let Found { concepts, hits } = find(topic, depth, documents, index)?;
    let evidence = (1..).zip(&hits).map(|(number, hit)| {
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
            score: (hit.score * 1_000.0).round() / 1_000.0,
        }
    });
    Ok(Researched {
        passages_ranked: index.passages.len(),
        asked: concepts.iter().map(|c| c.asked(index)).collect(),
        evidence: evidence.collect(),
    })
}

/// The passages that are about a topic, best first, before they become evidence.
pub struct Found {
    concepts: Vec<Concept>,
    pub hits: Vec<Hit>,
}

impl Found {
    /// Share of the topic's weight that a passage names with its headings, 0 to 1.
    pub fn share(&self, hit: &Hit) -> f64 {
        share(&telling(&self.concepts), &hit.named)
    }
}

/// # Errors
/// Like [`research`].
pub fn find(
    topic: &str,
    depth: Depth,
    documents: &[Document],
    index: &Index,
) -> Result<Found, NoEvidence> {
    let concepts = concepts(topic, index);
    let hits = rank(index, &concepts, &expected(topic, index));
    check(topic, documents, index, &concepts, &hits)?;
    let hits = select(index, &hits, amount(depth));
    Ok(Found { concepts, hits })
}

/// A collection that mentions some words of a topic is not yet about it.
fn check(
    topic: &str,
    documents: &[Document],
    index: &Index,
    concepts: &[Concept],
    hits: &[Hit],
) -> Result<(), NoEvidence> {
    let telling = telling(concepts);
    let share = |named: &BTreeSet<usize>| share(&telling, named);
    let mut mentioned: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let mut best_passage: f64 = 0.0;
    for hit in hits {
        best_passage = best_passage.max(share(&hit.named));
        let document = index.passages[hit.passage].document;
        mentioned.entry(document).or_default().extend(&hit.named);
    }
    let covered = mentioned
        .iter()
        .map(|(document, named)| (share(named), *document, named));
    // Of equals the first.
    let closest = covered.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
    let enough = closest
        .as_ref()
        .is_some_and(|(share, ..)| *share >= DOCUMENT_FLOOR);
    let unknown = telling.iter().enumerate();
    let unknown = unknown.filter(|(_, concept)| concept.origin == Origin::Unknown);
    let floor = match share(&unknown.map(|(number, _)| number).collect()) {
        // One strange word in a long topic, such as a number of a case, says nothing against the rest.
        missing if missing >= MUCH_UNKNOWN => PASSAGE_FLOOR_UNKNOWN,
        _ => PASSAGE_FLOOR,
    };
    if enough && best_passage >= floor {
        return Ok(());
    }
    let mut message = format!(
        "nothing in the sources, {} with {}, is about “{topic}”",
        counted(documents.len(), "document"),
        counted(index.passages.len(), "passage")
    );
    let unknown = quoted(concepts, |_, c| c.origin == Origin::Unknown);
    if let Some((_, document, named)) = closest {
        let title = &documents[document].title;
        let has = quoted(concepts, |number, _| named.contains(&number));
        let lacks = quoted(concepts, |number, c| {
            !named.contains(&number) && c.origin != Origin::Unknown
        });
        message.push_str(&format!("; the closest, “{title}”, mentions {has}"));
        if lacks.is_empty() {
            // All of them, far from each other.
            if unknown.is_empty() {
                message.push_str(", but in no passage together");
            }
        } else {
            message.push_str(&format!(", but not {lacks}"));
        }
    }
    if !unknown.is_empty() {
        message.push_str(&format!("; no document mentions {unknown}"));
    }
    Err(NoEvidence(message))
}

/// The concepts, where what only asks has no weight unless there is nothing else: no document need mention "impact".
fn telling(concepts: &[Concept]) -> Vec<Concept> {
    let mut telling = concepts.to_vec();
    if !concepts.iter().all(|concept| concept.filler) {
        let fillers = telling.iter_mut().filter(|concept| concept.filler);
        fillers.for_each(|concept| concept.weight = 0.0);
    }
    telling
}

fn quoted(concepts: &[Concept], is: impl Fn(usize, &Concept) -> bool) -> String {
    let chosen = concepts.iter().enumerate().filter(|(n, c)| is(*n, c));
    let labels: Vec<String> = chosen.map(|(_, c)| format!("“{}”", c.label)).collect();
    labels.join(", ")
}

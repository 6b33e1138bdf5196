//! The passages of all documents, with the words that each is found by.

use std::collections::BTreeSet;

use aegis_agent_kit::text::Terms;

use crate::document::Document;
use crate::passages::{Passage, passages};
use crate::topic::{Concept, Frequencies};

pub struct Index {
    pub passages: Vec<Passage>,
    /// Per passage its stems, with those of its headings, separated by spaces.
    pub stems: Vec<String>,
    pub frequencies: Frequencies,
    pub documents: usize,
}

impl Index {
    pub fn build(documents: &[Document], terms: &Terms) -> Self {
        let mut index = Self {
            passages: Vec::new(),
            stems: Vec::new(),
            frequencies: Frequencies::new(),
            documents: documents.len(),
        };
        for (number, document) in documents.iter().enumerate() {
            let mut different: BTreeSet<String> = BTreeSet::new();
            for passage in passages(number, document) {
                let headings = passage.section.join(" ");
                let stems = terms.of(&format!("{} {headings} {}", document.title, passage.text));
                index.stems.push(stems.join(" "));
                index.passages.push(passage);
                different.extend(stems);
            }
            for stem in different {
                *index.frequencies.entry(stem).or_default() += 1;
            }
        }
        index
    }

    /// The different stems of a passage.
    pub fn stems(&self, passage: usize) -> BTreeSet<&str> {
        let stems = self.stems.get(passage).map(String::as_str);
        stems.unwrap_or_default().split(' ').collect()
    }

    /// Which concepts a passage mentions, by their index.
    pub fn found(&self, passage: usize, concepts: &[Concept]) -> BTreeSet<usize> {
        let stems = self.stems(passage);
        let mentions = |concept: &Concept| concept.stems.iter().any(|s| stems.contains(s.as_str()));
        let found = concepts.iter().enumerate().filter(|(_, c)| mentions(c));
        found.map(|(number, _)| number).collect()
    }

    /// Share of the topic's neighbouring words that are neighbours in the passage, in either order: `recover after a
    /// crash` is `crash recovery`.
    pub fn phrases(&self, passage: usize, concepts: &[Concept]) -> f64 {
        let stems: Vec<&str> = self.stems[passage].split(' ').collect();
        let is = |concept: &Concept, stem: &str| concept.stems.iter().any(|s| s == stem);
        let together = |pair: &&[Concept]| {
            stems.windows(2).any(|two| {
                (is(&pair[0], two[0]) && is(&pair[1], two[1]))
                    || (is(&pair[1], two[0]) && is(&pair[0], two[1]))
            })
        };
        let pairs = concepts.len().saturating_sub(1).max(1);
        concepts.windows(2).filter(together).count() as f64 / pairs as f64
    }
}

/// Share of the concepts' weight that these concepts have.
pub fn share(concepts: &[Concept], found: &BTreeSet<usize>) -> f64 {
    let total: f64 = concepts.iter().map(|concept| concept.weight).sum();
    let chosen = found.iter().filter_map(|number| concepts.get(*number));
    let part: f64 = chosen.map(|concept| concept.weight).sum();
    if total > 0.0 { part / total } else { 0.0 }
}

//! Evidence prepared for comparison: stems, their weights, and who says what about the topic.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use aegis_agent_kit::text::{Terms, acronyms, same_word};
use aegis_contracts::findings::{Evidence, EvidenceFile};

/// All of it, ready to be compared.
pub struct Material<'a> {
    pub file: &'a EvidenceFile,
    pub terms: Terms,
    /// The topic's words as written, and their stems.
    pub topic: Vec<(String, String)>,
    acronyms: Vec<(String, Range<usize>)>,
    /// In how many passages a stem occurs.
    frequencies: BTreeMap<String, usize>,
}

impl<'a> Material<'a> {
    pub fn new(file: &'a EvidenceFile) -> Self {
        let terms = Terms::english();
        let mut frequencies: BTreeMap<String, usize> = BTreeMap::new();
        for evidence in &file.evidence {
            let stems: BTreeSet<String> = terms.of(&evidence.passage).into_iter().collect();
            for stem in stems {
                *frequencies.entry(stem).or_default() += 1;
            }
        }
        let topic = terms.labelled(&file.topic);
        Self {
            acronyms: acronyms(&topic),
            topic,
            file,
            terms,
            frequencies,
        }
    }

    pub fn evidence(&self) -> &'a [Evidence] {
        &self.file.evidence
    }

    /// The different stems of a text.
    pub fn stems(&self, text: &str) -> BTreeSet<String> {
        self.terms.of(text).into_iter().collect()
    }

    /// A stem that few passages use tells more; one of the topic is everywhere and tells little.
    pub fn weight(&self, stem: &str) -> f64 {
        let found = self.frequencies.get(stem).copied().unwrap_or(0) as f64;
        let total = self.file.evidence.len() as f64;
        let weight = (1.0 + total / (found + 1.0)).ln();
        if self.is_topic(stem) {
            weight * 0.5
        } else {
            weight
        }
    }

    pub fn is_topic(&self, stem: &str) -> bool {
        self.topic.iter().any(|(topic, _)| same_word(topic, stem))
            || self.acronyms.iter().any(|(acronym, _)| acronym == stem)
    }

    /// Share of the topic that the stems mention, 0 to 1.
    pub fn on_topic(&self, stems: &BTreeSet<String>) -> f64 {
        let named = |number: usize| {
            let mut acronyms = self
                .acronyms
                .iter()
                .filter(|(_, words)| words.contains(&number));
            acronyms.any(|(acronym, _)| stems.contains(acronym))
        };
        let topic = self.topic.iter().enumerate();
        let found = topic.filter(|(number, (word, _))| mentions(stems, word) || named(*number));
        found.count() as f64 / self.topic.len().max(1) as f64
    }

    /// Share of these words that the stems mention, 0 to 1.
    pub fn share(&self, wanted: &[(String, String)], stems: &BTreeSet<String>) -> f64 {
        if wanted.is_empty() {
            return 0.0;
        }
        let found = wanted.iter().filter(|(word, _)| mentions(stems, word));
        found.count() as f64 / wanted.len() as f64
    }

    /// Weighted overlap, 0 to 1: 1 where the smaller of the two says nothing new.
    pub fn overlap(&self, a: &BTreeSet<String>, b: &BTreeSet<String>) -> f64 {
        let sum = |stems: &BTreeSet<String>| stems.iter().map(|s| self.weight(s)).sum::<f64>();
        let common: f64 = a.intersection(b).map(|stem| self.weight(stem)).sum();
        let smaller = sum(a).min(sum(b));
        if smaller > 0.0 { common / smaller } else { 0.0 }
    }

    /// Weighted likeness, 0 to 1: 1 where both say the same.
    pub fn likeness(&self, a: &BTreeSet<String>, b: &BTreeSet<String>) -> f64 {
        let square = |stems: &BTreeSet<String>| {
            stems
                .iter()
                .map(|s| self.weight(s).powi(2))
                .sum::<f64>()
                .sqrt()
        };
        let common: f64 = a
            .intersection(b)
            .map(|stem| self.weight(stem).powi(2))
            .sum();
        let length = square(a) * square(b);
        if length > 0.0 { common / length } else { 0.0 }
    }
}

/// Whether the stems hold a word, in any of its forms.
pub fn mentions(stems: &BTreeSet<String>, word: &str) -> bool {
    stems.contains(word) || stems.iter().any(|stem| same_word(word, stem))
}

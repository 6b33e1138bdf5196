//! Evidence prepared for the choice of claims: its words, their weights, and which of the topic's words stand where.

use std::collections::{BTreeMap, BTreeSet};

use aegis_agent_kit::text::{Language, Terms, definitions, same_word};
use aegis_contracts::findings::{Evidence, EvidenceFile};

use crate::question::Question;

/// A word that the topic asks about.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// As the topic writes it.
    pub label: String,
    stem: String,
    /// What it stands for, or what stands for it, as the passages explain it: stems that count as the word where all of one
    /// set are there.
    also: Vec<BTreeSet<String>>,
    /// How much it tells one passage from another, above 0.
    pub weight: f64,
    /// Whether any passage has it, in its text, headings or title.
    pub known: bool,
}

impl Asked {
    pub fn is_in(&self, stems: &BTreeSet<String>) -> bool {
        mentions(stems, &self.stem) || self.also.iter().any(|also| also.is_subset(stems))
    }
}

/// What surrounds the sentences of one piece of evidence.
struct Surroundings {
    headings: BTreeSet<String>,
    passage: BTreeSet<String>,
}

/// All of it, ready to be compared.
pub struct Material<'a> {
    pub file: &'a EvidenceFile,
    pub terms: Terms,
    pub question: Question,
    pub asked: Vec<Asked>,
    surroundings: Vec<Surroundings>,
    /// In how many passages a stem occurs.
    frequencies: BTreeMap<String, usize>,
}

/// What a word of the topic counts that stands not in a sentence itself: in what introduces it, in a heading above it or the
/// title, in the sentence beside it, elsewhere in its passage.
const IN_LEAD: f64 = 0.7;
const IN_HEADING: f64 = 0.5;
const BESIDE: f64 = 0.35;
const IN_PASSAGE: f64 = 0.2;

impl<'a> Material<'a> {
    pub fn new(file: &'a EvidenceFile) -> Self {
        let terms = Terms::new(language(file));
        let stems = |text: &str| -> BTreeSet<String> { terms.of(text).into_iter().collect() };
        let around = |evidence: &Evidence| Surroundings {
            headings: stems(&format!(
                "{} {}",
                evidence.title,
                evidence.headings.join(" ")
            )),
            passage: stems(&evidence.passage),
        };
        let surroundings: Vec<Surroundings> = file.evidence.iter().map(around).collect();
        let mut frequencies: BTreeMap<String, usize> = BTreeMap::new();
        for stem in surroundings.iter().flat_map(|around| &around.passage) {
            *frequencies.entry(stem.clone()).or_default() += 1;
        }
        Self {
            asked: asked(&file.topic, &terms, &file.evidence, &surroundings),
            question: Question::new(&file.topic),
            file,
            terms,
            surroundings,
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

    /// A stem that few passages use tells more.
    pub fn weight(&self, stem: &str) -> f64 {
        let found = self.frequencies.get(stem).copied().unwrap_or(0);
        weight(found, self.file.evidence.len())
    }

    pub fn is_asked(&self, stem: &str) -> bool {
        self.asked.iter().any(|asked| same_word(&asked.stem, stem))
    }

    /// Share of the weight of the topic's known words, 0 to 1, where each counts in full in `own` and less around it.
    pub fn coverage(
        &self,
        evidence: usize,
        own: &BTreeSet<String>,
        lead: &BTreeSet<String>,
        beside: &BTreeSet<String>,
    ) -> f64 {
        let around = &self.surroundings[evidence];
        let counts = |asked: &Asked| {
            let places = [
                (1.0, own),
                (IN_LEAD, lead),
                (IN_HEADING, &around.headings),
                (BESIDE, beside),
                (IN_PASSAGE, &around.passage),
            ];
            let place = places.into_iter().find(|(_, stems)| asked.is_in(stems));
            place.map_or(0.0, |(counts, _)| counts)
        };
        share(&self.asked, counts)
    }

    /// Which of the topic's words the stems or the headings around the evidence name.
    pub fn named(&self, evidence: usize, stems: &BTreeSet<String>) -> BTreeSet<usize> {
        let headings = &self.surroundings[evidence].headings;
        let named = |asked: &Asked| asked.is_in(stems) || asked.is_in(headings);
        (0..self.asked.len())
            .filter(|number| named(&self.asked[*number]))
            .collect()
    }

    /// Share of the weight of the topic's known words that these have, 0 to 1.
    pub fn share_of<'n>(&self, numbers: impl Iterator<Item = &'n usize>) -> f64 {
        let total: f64 = self
            .asked
            .iter()
            .filter(|asked| asked.known)
            .map(|asked| asked.weight)
            .sum();
        let part: f64 = numbers
            .filter_map(|number| self.asked.get(*number))
            .map(|asked| asked.weight)
            .sum();
        if total > 0.0 { part / total } else { 0.0 }
    }

    /// Share of these words that the stems mention, 0 to 1.
    pub fn share(&self, wanted: &[(String, String)], stems: &BTreeSet<String>) -> f64 {
        if wanted.is_empty() {
            return 0.0;
        }
        let found = wanted.iter().filter(|(word, _)| mentions(stems, word));
        found.count() as f64 / wanted.len() as f64
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

/// Share of the weight of the known words that `counts` gives, 0 to 1.
fn share(asked: &[Asked], counts: impl Fn(&Asked) -> f64) -> f64 {
    let known = || asked.iter().filter(|asked| asked.known);
    let total: f64 = known().map(|asked| asked.weight).sum();
    let found: f64 = known().map(|asked| asked.weight * counts(asked)).sum();
    if total > 0.0 { found / total } else { 0.0 }
}

fn asked(
    topic: &str,
    terms: &Terms,
    evidence: &[Evidence],
    surroundings: &[Surroundings],
) -> Vec<Asked> {
    let set = |text: &str| -> BTreeSet<String> { terms.of(text).into_iter().collect() };
    let explained = evidence
        .iter()
        .flat_map(|evidence| definitions(&evidence.passage));
    let explained: Vec<(BTreeSet<String>, BTreeSet<String>)> = explained
        .map(|(short, long)| (set(&short), set(&long)))
        .collect();
    let labelled = terms.labelled(topic);
    let topic: BTreeSet<String> = labelled.iter().map(|(stem, _)| stem.clone()).collect();
    let asked = |(stem, label): &(String, String)| {
        let mut also = Vec::new();
        for (short, long) in &explained {
            if short.contains(stem) {
                also.push(long.clone());
            } else if long.contains(stem) && long.is_subset(&topic) {
                also.push(short.clone());
            }
        }
        let mut asked = Asked {
            label: label.clone(),
            stem: stem.clone(),
            also,
            weight: 1.0,
            known: false,
        };
        let found = surroundings
            .iter()
            .filter(|around| asked.is_in(&around.passage) || asked.is_in(&around.headings));
        let found = found.count();
        asked.weight = weight(found, surroundings.len());
        asked.known = found > 0;
        asked
    };
    let mut all: Vec<Asked> = labelled.iter().map(asked).collect();
    // What no passage knows says nothing about how rare it is.
    let median = median(
        all.iter()
            .filter(|asked| asked.known)
            .map(|asked| asked.weight)
            .collect(),
    );
    for unknown in all.iter_mut().filter(|asked| !asked.known) {
        unknown.weight = median;
    }
    all
}

fn median(mut weights: Vec<f64>) -> f64 {
    weights.sort_by(f64::total_cmp);
    weights.get(weights.len() / 2).copied().unwrap_or(1.0)
}

/// Of the topic, where it is one that the evidence is written in; else the first passages' own.
fn language(file: &EvidenceFile) -> Option<Language> {
    let written: Vec<Language> = file
        .evidence
        .iter()
        .filter_map(|e| Language::of(&e.passage))
        .collect();
    Language::among(&file.topic, &written).or_else(|| written.first().copied())
}

fn weight(found: usize, total: usize) -> f64 {
    (1.0 + total as f64 / (found as f64 + 0.5)).ln()
}

/// Whether the stems hold a word, in any of its forms.
pub fn mentions(stems: &BTreeSet<String>, word: &str) -> bool {
    stems.contains(word) || stems.iter().any(|stem| same_word(word, stem))
}

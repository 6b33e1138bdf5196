//! Picks passages that fit the topic and do not repeat each other (maximal marginal relevance).

use std::collections::{BTreeMap, BTreeSet};

use aegis_contracts::findings::Depth;

use crate::index::{Index, Term};
use crate::ranking::Hit;

/// What likeness to a passage already chosen costs.
const LIKENESS_COST: f64 = 0.4;
/// Likeness from which a passage is a copy of another one, if it also has the same numbers and the same noes.
const COPY: f64 = 0.8;
/// Share of the best passage's fit below which a passage is not about the topic.
const POOR: f64 = 0.2;
/// Words that turn a statement into its opposite.
const NOES: [&str; 26] = [
    "no",
    "not",
    "never",
    "without",
    "cannot",
    "can't",
    "don't",
    "doesn't",
    "isn't",
    "nor",
    "none",
    "neither",
    "nicht",
    "kein",
    "keine",
    "keinen",
    "keiner",
    "nie",
    "ohne",
    "不",
    "没有",
    "未",
    "无",
    "ない",
    "ません",
    "せず",
];

/// How many passages.
pub fn amount(depth: Depth) -> usize {
    match depth {
        Depth::Quick => 6,
        Depth::Standard => 12,
        Depth::Comprehensive => 24,
    }
}

/// A passage that may be chosen.
struct Candidate<'a> {
    hit: &'a Hit,
    document: usize,
    terms: BTreeSet<Term>,
    /// What makes a passage say something else though its words are the same.
    facts: BTreeSet<String>,
}

impl Candidate<'_> {
    /// Dice coefficient: 1 for the same words, 0 for none in common.
    fn likeness(&self, other: &Self) -> f64 {
        let common = self.terms.intersection(&other.terms).count() as f64;
        2.0 * common / (self.terms.len() + other.terms.len()).max(1) as f64
    }

    fn is_copy_of(&self, other: &Self) -> bool {
        self.facts == other.facts && self.likeness(other) >= COPY
    }
}

/// The chosen ones, best fit first.
pub fn select(index: &Index, hits: &[Hit], amount: usize) -> Vec<Hit> {
    let fitting = hits.iter().filter(|hit| hit.fit >= POOR);
    let pool: Vec<Candidate<'_>> = fitting
        .take(amount * 8)
        .map(|hit| Candidate {
            hit,
            document: index.passages[hit.passage].document,
            terms: index.text(hit.passage).body.iter().copied().collect(),
            facts: facts(&index.passages[hit.passage].text),
        })
        .collect();
    let documents: BTreeSet<usize> = pool.iter().map(|candidate| candidate.document).collect();
    // Where there are many documents, none fills a third of the report, unless the others have nothing more to say.
    let mut cap = amount.div_ceil(documents.len().clamp(1, 3)) + usize::from(documents.len() < 3);
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    let mut chosen: Vec<usize> = Vec::new();
    while chosen.len() < amount {
        let free = |number: &usize| {
            let candidate = &pool[*number];
            let full = taken
                .get(&candidate.document)
                .is_some_and(|count| *count >= cap);
            let told = |other: &usize| candidate.is_copy_of(&pool[*other]);
            !full && !chosen.contains(number) && !chosen.iter().any(told)
        };
        let worth = |number: usize| {
            let candidate = &pool[number];
            // What says the same of another number belongs beside it.
            let alike = chosen.iter().map(|other| &pool[*other]);
            let alike = alike
                .filter(|other| other.facts == candidate.facts || candidate.likeness(other) < COPY);
            let like = alike.map(|other| candidate.likeness(other));
            candidate.hit.fit - LIKENESS_COST * like.fold(0.0, f64::max)
        };
        let candidates = (0..pool.len())
            .filter(free)
            .map(|number| (worth(number), number));
        // Of equals the first, which fits better.
        let best = candidates.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        let Some((_, number)) = best else {
            if cap >= amount {
                break;
            }
            cap += 1;
            continue;
        };
        *taken.entry(pool[number].document).or_default() += 1;
        chosen.push(number);
    }
    chosen.sort_unstable();
    chosen
        .into_iter()
        .map(|number| pool[number].hit.clone())
        .collect()
}

fn facts(text: &str) -> BTreeSet<String> {
    let words = aegis_agent_kit::text::words(text).map(str::to_lowercase);
    let telling =
        |word: &String| word.chars().any(|c| c.is_numeric()) || NOES.contains(&word.as_str());
    words.filter(telling).collect()
}

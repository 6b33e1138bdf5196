//! How well each passage fits the topic: BM25 over the topic's words, and then what BM25 does not see.

use std::collections::{BTreeMap, HashMap};

use aegis_agent_kit::text::Terms;

use crate::index::{Index, share};
use crate::scores::Scores;
use crate::topic::Concept;

/// What a passage's score counts when it mentions next to nothing of the topic.
const BARELY: f64 = 0.15;
/// What it is worth when all words that stand together in the topic stand together in a passage.
const PHRASE_BONUS: f64 = 0.35;
/// Passages that the words which go along with the topic are learned from.
const TEACHERS: usize = 8;
/// Words learned.
const LEARNED: usize = 10;
/// What a learned word counts beside one of the topic's.
const LEARNED_SHARE: f64 = 0.5;
/// Share of the heaviest concept's weight below which a concept does not rank: in PostgreSQL's documentation, PostgreSQL.
const UBIQUITOUS: f64 = 0.25;
/// What a passage counts that is hardly prose.
const ROUGH: f64 = 0.6;
/// Share of what the best passage mentions of the topic, below which a passage is about something else.
const NARROW: f64 = 0.6;
/// Passages added to each document's, so that a page of two sentences is not the most devoted of all.
const DEVOTION_OFFSET: f64 = 4.0;
/// What an aside in a document about something else loses.
const ASIDE: f64 = 0.4;

/// A passage and how well it fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    pub passage: usize,
    /// BM25 with the topic's concepts alone.
    pub bm25: f64,
    /// By which passages are ranked, 1 for the best.
    pub fit: f64,
    /// Share of the topic's weight that the passage mentions, 0 to 1.
    pub coverage: f64,
}

/// All passages that mention enough of the topic, best first. Ties go by position, so that the order is always the same.
pub fn rank(index: &Index, concepts: &[Concept], terms: &Terms) -> Vec<Hit> {
    let scores = Scores::new(&index.stems, concepts);
    let mut hits = by_topic(index, concepts, &scores);
    let learned = learn(index, &hits, concepts, terms);
    let also = scores.of(&learned);
    let top = most(also.values().copied());
    for hit in &mut hits {
        let learned = also.get(&hit.passage).copied().unwrap_or(0.0) / top;
        hit.fit += LEARNED_SHARE * learned * hit.coverage;
        if !is_prose(&index.passages[hit.passage].text) {
            hit.fit *= ROUGH;
        }
    }
    let broadest = most(hits.iter().map(|hit| hit.coverage));
    hits.retain(|hit| hit.coverage >= broadest * NARROW);
    prefer_devoted(index, &mut hits);
    sort(&mut hits);
    let best = most(hits.iter().map(|hit| hit.fit));
    hits.iter_mut().for_each(|hit| hit.fit /= best);
    hits
}

fn by_topic(index: &Index, concepts: &[Concept], scores: &Scores) -> Vec<Hit> {
    let telling = telling(concepts);
    let names: Vec<&str> = telling
        .iter()
        .filter_map(|c| c.stems.first())
        .map(String::as_str)
        .collect();
    let scored: BTreeMap<usize, f64> = scores.of(&names).into_iter().collect();
    let best = most(scored.values().copied());
    let hit = |(passage, bm25): (usize, f64)| {
        let coverage = share(concepts, &index.found(passage, concepts));
        let phrases = PHRASE_BONUS * index.phrases(passage, &telling);
        Hit {
            passage,
            bm25,
            fit: bm25 / best * (BARELY + (1.0 - BARELY) * coverage) + phrases,
            coverage,
        }
    };
    let mut hits: Vec<Hit> = scored.into_iter().map(hit).collect();
    sort(&mut hits);
    hits
}

/// Without those that are everywhere.
fn telling(concepts: &[Concept]) -> Vec<Concept> {
    let heaviest = most(concepts.iter().map(|concept| concept.weight));
    let telling = concepts
        .iter()
        .filter(|concept| concept.weight >= heaviest * UBIQUITOUS);
    telling.cloned().collect()
}

/// Words that the best passages share and others do not: about crashes of a database, "checkpoint" and "log".
fn learn<'a>(index: &'a Index, hits: &[Hit], concepts: &[Concept], terms: &Terms) -> Vec<&'a str> {
    let teachers = &hits[..hits.len().min(TEACHERS)];
    let mut counts: HashMap<&'a str, usize> = HashMap::new();
    for hit in teachers {
        for stem in index.stems(hit.passage) {
            *counts.entry(stem).or_default() += 1;
        }
    }
    let known = |stem: &str| concepts.iter().any(|c| c.stems.iter().any(|s| s == stem));
    let total = index.documents as f64;
    let mut learned: Vec<(f64, &'a str)> = counts
        .into_iter()
        .filter(|(stem, count)| *count > 1 && stem.len() > 2 && !known(stem))
        .filter(|(stem, _)| !terms.is_filler(stem) && stem.chars().all(char::is_alphabetic))
        .map(|(stem, count)| {
            let everywhere = index.frequencies.get(stem).copied().unwrap_or(1) as f64;
            (count as f64 * (1.0 + total / everywhere).ln(), stem)
        })
        .collect();
    learned.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    learned
        .into_iter()
        .take(LEARNED)
        .map(|(_, stem)| stem)
        .collect()
}

/// A passage of a document that is about the topic throughout says more than an aside in one about something else.
fn prefer_devoted(index: &Index, hits: &mut [Hit]) {
    let mut passages = vec![DEVOTION_OFFSET; index.documents];
    for passage in &index.passages {
        passages[passage.document] += 1.0;
    }
    let mut fits = vec![0.0; index.documents];
    for hit in hits.iter() {
        fits[index.passages[hit.passage].document] += hit.fit;
    }
    let devotion: Vec<f64> = fits
        .iter()
        .zip(&passages)
        .map(|(fit, count)| fit / count)
        .collect();
    let devoted = most(devotion.iter().copied());
    for hit in hits {
        let share = devotion[index.passages[hit.passage].document] / devoted;
        hit.fit *= 1.0 - ASIDE + ASIDE * share;
    }
}

/// Sentences, and enough of them: not a caption, a list of names or a pointer to another page.
fn is_prose(text: &str) -> bool {
    let about_itself = ["This section ", "This chapter ", "This page ", "See "];
    text.len() >= 120
        && text.ends_with(['.', '!', '?', ')', ':', '”', '"'])
        && !about_itself.iter().any(|start| text.starts_with(start))
}

fn sort(hits: &mut [Hit]) {
    hits.sort_by(|a, b| b.fit.total_cmp(&a.fit).then(a.passage.cmp(&b.passage)));
}

/// The largest, and never zero, so that one may divide by it.
fn most(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::MIN_POSITIVE, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Block, Document, Kind};
    use crate::topic::concepts;

    fn document(title: &str, texts: &[&str]) -> Document {
        let block = |text: &&str| Block {
            section: vec![(*text).to_owned()],
            kind: Kind::Paragraph,
            text: (*text).to_owned(),
            lead: None,
        };
        Document {
            uri: title.to_owned(),
            title: title.to_owned(),
            blocks: texts.iter().map(block).collect(),
            losses: Vec::new(),
        }
    }

    #[test]
    fn what_covers_the_topic_comes_before_what_repeats_a_word_of_it() {
        let documents = [
            document(
                "Cars",
                &[
                    "A crash is a crash, and a crash of cars is a crash that ends in a crash of metal.",
                ],
            ),
            document(
                "Databases",
                &[
                    "After a crash the server replays its log, and so crash recovery needs no person.",
                ],
            ),
            document(
                "Gardens",
                &[
                    "Roses want sun, and they want water in the morning and a cut in the early spring.",
                ],
            ),
        ];
        let terms = Terms::english();
        let index = Index::build(&documents, &terms);
        let concepts = concepts(
            "recover after a crash",
            &terms,
            &index.frequencies,
            documents.len(),
        );
        let hits = rank(&index, &concepts, &terms);
        assert_eq!(index.passages[hits[0].passage].document, 1);
        assert!((hits[0].fit - 1.0).abs() < 1e-9 && (hits[0].coverage - 1.0).abs() < 1e-9);
        assert!(
            hits.iter()
                .all(|hit| index.passages[hit.passage].document != 2)
        );
    }
}

//! The passages of all documents, and how well each fits the topic by BM25.

use std::collections::{BTreeSet, HashMap};

use aegis_agent_kit::text::Terms;
use bm25::{Embedder, EmbedderBuilder, Scorer, Tokenizer};

use crate::document::Document;
use crate::passages::{Passage, passages};
use crate::topic::{Concept, Frequencies};

/// Passages that the words which go along with the topic are learned from.
const TEACHERS: usize = 8;
/// Words learned.
const LEARNED: usize = 10;
/// What a learned word counts beside one of the topic's.
const LEARNED_SHARE: f64 = 0.3;
/// What it is worth when all words that stand together in the topic stand together in a passage.
const PHRASE_BONUS: f64 = 0.35;
/// What a passage's score counts when it mentions next to nothing of the topic.
const BARELY: f64 = 0.15;

pub struct Index {
    pub passages: Vec<Passage>,
    /// Per passage its stems, with those of its headings, separated by spaces.
    stems: Vec<String>,
    pub frequencies: Frequencies,
    documents: usize,
}

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
                let text = format!(
                    "{} {} {}",
                    document.title,
                    passage.section.join(" "),
                    passage.text
                );
                let stems = terms.of(&text);
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

    /// All passages that mention the topic, best first.
    pub fn rank(&self, concepts: &[Concept], terms: &Terms) -> Vec<Hit> {
        let ranking = Ranking::new(self, concepts);
        let mut hits: Vec<Hit> = ranking.matches(&names(concepts));
        let best = hits
            .iter()
            .map(|hit| hit.bm25)
            .fold(f64::MIN_POSITIVE, f64::max);
        for hit in &mut hits {
            let found = self.found(hit.passage, concepts);
            hit.coverage = share(concepts, &found);
            let phrases = PHRASE_BONUS * self.phrases(hit.passage, concepts);
            hit.fit = hit.bm25 / best * (BARELY + (1.0 - BARELY) * hit.coverage) + phrases;
        }
        sort(&mut hits);
        let learned = self.learn(&hits, concepts, terms);
        let also = ranking.matches(&learned.join(" "));
        let top = also
            .iter()
            .map(|hit| hit.bm25)
            .fold(f64::MIN_POSITIVE, f64::max);
        let also: HashMap<usize, f64> = also.iter().map(|h| (h.passage, h.bm25 / top)).collect();
        for hit in &mut hits {
            let learned = also.get(&hit.passage).copied().unwrap_or(0.0);
            hit.fit += LEARNED_SHARE * learned * hit.coverage;
        }
        sort(&mut hits);
        let best = hits.first().map_or(1.0, |hit| hit.fit);
        hits.iter_mut().for_each(|hit| hit.fit /= best);
        hits
    }

    /// Which concepts a passage mentions, by their index.
    pub fn found(&self, passage: usize, concepts: &[Concept]) -> BTreeSet<usize> {
        let stems = self.stems(passage);
        let mentions = |concept: &Concept| concept.stems.iter().any(|s| stems.contains(s.as_str()));
        let found = concepts.iter().enumerate().filter(|(_, c)| mentions(c));
        found.map(|(number, _)| number).collect()
    }

    /// Share of the topic's neighbouring words that are neighbours in the passage.
    fn phrases(&self, passage: usize, concepts: &[Concept]) -> f64 {
        let stems: Vec<&str> = self.stems[passage].split(' ').collect();
        let is = |concept: &Concept, stem: &str| concept.stems.iter().any(|s| s == stem);
        let together = |pair: &&[Concept]| {
            let mut neighbours = stems.windows(2);
            neighbours.any(|two| is(&pair[0], two[0]) && is(&pair[1], two[1]))
        };
        let pairs = concepts.len().saturating_sub(1).max(1);
        concepts.windows(2).filter(together).count() as f64 / pairs as f64
    }

    /// Words that the best passages share and others do not: about crashes of a database, "checkpoint" and "log".
    fn learn(&self, hits: &[Hit], concepts: &[Concept], terms: &Terms) -> Vec<String> {
        let teachers = &hits[..hits.len().min(TEACHERS)];
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for hit in teachers {
            for stem in self.stems(hit.passage) {
                *counts.entry(stem).or_default() += 1;
            }
        }
        let known = |stem: &str| concepts.iter().any(|c| c.stems.iter().any(|s| s == stem));
        let total = self.documents as f64;
        let mut learned: Vec<(f64, &str)> = counts
            .into_iter()
            .filter(|(stem, count)| *count > 1 && stem.len() > 2 && !known(stem))
            .filter(|(stem, _)| !terms.is_filler(stem) && stem.chars().all(char::is_alphabetic))
            .map(|(stem, count)| {
                let everywhere = self.frequencies.get(stem).copied().unwrap_or(1) as f64;
                (count as f64 * (1.0 + total / everywhere).ln(), stem)
            })
            .collect();
        learned.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        let words = learned.into_iter().take(LEARNED);
        words.map(|(_, stem)| stem.to_owned()).collect()
    }
}

/// Share of the concepts' weight that these concepts have.
pub fn share(concepts: &[Concept], found: &BTreeSet<usize>) -> f64 {
    let total: f64 = concepts.iter().map(|concept| concept.weight).sum();
    let chosen = found.iter().filter_map(|number| concepts.get(*number));
    let part: f64 = chosen.map(|concept| concept.weight).sum();
    if total > 0.0 { part / total } else { 0.0 }
}

/// Ties go by position, so that the order is always the same.
fn sort(hits: &mut [Hit]) {
    hits.sort_by(|a, b| b.fit.total_cmp(&a.fit).then(a.passage.cmp(&b.passage)));
}

fn names(concepts: &[Concept]) -> String {
    let names: Vec<&str> = concepts
        .iter()
        .filter_map(|c| c.stems.first())
        .map(String::as_str)
        .collect();
    names.join(" ")
}

/// Stems separated by spaces are tokens already; forms of a concept count as its first.
struct Stems(HashMap<String, String>);

impl Tokenizer for Stems {
    fn tokenize(&self, stems: &str) -> Vec<String> {
        let token = |stem: &str| self.0.get(stem).cloned().unwrap_or_else(|| stem.to_owned());
        stems.split(' ').map(token).collect()
    }
}

struct Ranking {
    embedder: Embedder<u32, Stems>,
    scorer: Scorer<usize>,
}

impl Ranking {
    fn new(index: &Index, concepts: &[Concept]) -> Self {
        let forms = concepts.iter().flat_map(|concept| {
            let mut stems = concept.stems.iter().cloned();
            let first = stems.next().unwrap_or_default();
            stems.map(move |stem| (stem, first.clone()))
        });
        let corpus: Vec<&str> = index.stems.iter().map(String::as_str).collect();
        let stems = Stems(forms.collect());
        let embedder =
            EmbedderBuilder::<u32, Stems>::with_tokenizer_and_fit_to_corpus(stems, &corpus).build();
        let mut scorer = Scorer::new();
        for (number, text) in corpus.iter().enumerate() {
            scorer.upsert(&number, embedder.embed(text));
        }
        Self { embedder, scorer }
    }

    fn matches(&self, query: &str) -> Vec<Hit> {
        let found = self.scorer.matches(&self.embedder.embed(query)).into_iter();
        let hit = |scored: bm25::ScoredDocument<usize>| Hit {
            passage: scored.id,
            bm25: f64::from(scored.score),
            fit: 0.0,
            coverage: 0.0,
        };
        found.map(hit).collect()
    }
}

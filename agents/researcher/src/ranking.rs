//! How well each passage fits the topic: BM25 over its text and what stands above it (BM25F), times what it covers.

use std::collections::BTreeSet;

use crate::document::Kind;
use crate::index::{Index, Term, Text};
use crate::topic::Concept;

/// BM25's `k1`: how fast a word that is repeated ceases to count.
const SATURATION: f64 = 1.2;
/// BM25's `b`. Passages are cut to about one length, so length says little.
const LENGTH: f64 = 0.4;
/// What a word counts in the headings above a passage, in what introduces it, and in the document's title, beside one in
/// its text.
const HEADING: f64 = 1.0;
const LEAD: f64 = 0.7;
const TITLE: f64 = 0.5;
/// What a passage's score counts that covers next to nothing of the topic.
const BARELY: f64 = 0.25;
/// What it is worth when all words that stand together in the topic stand together in a passage.
const TOGETHER: f64 = 0.25;
/// What a passage counts that is found by its headings alone, and says nothing that answers say.
const ABOVE: f64 = 0.5;
/// What more a passage is worth that says much of what answers of the question's kind say.
const ANSWERS: f64 = 0.5;
/// A row or a heading says less than a sentence.
const ROUGH: f64 = 0.85;

/// A passage and how well it fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    pub passage: usize,
    /// BM25F.
    pub score: f64,
    /// By which passages are ranked, 1 for the best.
    pub fit: f64,
    /// The concepts that the passage, its headings or the title name.
    pub named: BTreeSet<usize>,
}

/// All passages that name any of the concepts, best first. Ties go by position, so that the order is always the same.
pub fn rank(index: &Index, concepts: &[Concept], expected: &[BTreeSet<Term>]) -> Vec<Hit> {
    let lookup = Lookup::new(concepts);
    let titles: Vec<Vec<f64>> = index.titles.iter().map(|t| lookup.count(t)).collect();
    let lengths = (0..index.passages.len()).map(|p| index.text(p).body.len());
    let average = lengths.sum::<usize>() as f64 / index.passages.len().max(1) as f64;
    let mut hits = Vec::new();
    for passage in 0..index.passages.len() {
        let text = index.text(passage);
        let title = &titles[index.passages[passage].document];
        let body = lookup.count(&text.body);
        let headings = lookup.count(&text.headings);
        let lead = lookup.count(&text.lead);
        let length = 1.0 - LENGTH + LENGTH * text.body.len() as f64 / average.max(1.0);
        let frequency = |number: usize| {
            body[number] / length
                + HEADING * headings[number]
                + LEAD * lead[number]
                + TITLE * title[number].min(1.0)
        };
        let score = |(number, concept): (usize, &Concept)| {
            let frequency = frequency(number);
            concept.weight * frequency * (SATURATION + 1.0) / (frequency + SATURATION)
        };
        // A title alone makes no passage about anything.
        let found = |number: &usize| body[*number] + headings[*number] + lead[*number] > 0.0;
        if !(0..concepts.len()).any(|number| found(&number)) {
            continue;
        }
        let named: BTreeSet<usize> = (0..concepts.len())
            .filter(|number| frequency(*number) > 0.0)
            .collect();
        let score: f64 = concepts.iter().enumerate().map(score).sum();
        let coverage = share(concepts, &named);
        let own = (0..concepts.len()).any(|number| body[number] + lead[number] > 0.0);
        let answers = answers(text, expected);
        let place = if own || answers > 0.0 { 1.0 } else { ABOVE };
        let fit = place * score * (BARELY + (1.0 - BARELY) * coverage);
        hits.push(Hit {
            passage,
            score,
            fit: fit * (1.0 + ANSWERS * answers),
            named,
        });
    }
    sort(index, concepts, hits)
}

/// By fit, of which the best is 1.
fn sort(index: &Index, concepts: &[Concept], mut hits: Vec<Hit>) -> Vec<Hit> {
    let best = most(hits.iter().map(|hit| hit.fit));
    for hit in &mut hits {
        hit.fit = hit.fit / best + TOGETHER * together(&index.text(hit.passage).body, concepts);
        if matches!(index.passages[hit.passage].kind, Kind::Row | Kind::Heading) {
            hit.fit *= ROUGH;
        }
    }
    hits.sort_by(|a, b| b.fit.total_cmp(&a.fit).then(a.passage.cmp(&b.passage)));
    let best = most(hits.iter().map(|hit| hit.fit));
    hits.iter_mut().for_each(|hit| hit.fit /= best);
    hits
}

/// How much a passage says of what answers to one of the question's kinds say: 0 for nothing, towards 1 for much.
fn answers(text: &Text, expected: &[BTreeSet<Term>]) -> f64 {
    let said = |terms: &BTreeSet<Term>| {
        let all = text.body.iter().chain(&text.lead);
        let said = all.filter(|term| terms.contains(term)).count() as f64;
        said / (said + 1.0)
    };
    expected.iter().map(said).fold(0.0, f64::max)
}

/// Share of the concepts' weight that these have, 0 to 1, without those that need not be in the documents.
pub fn share(concepts: &[Concept], named: &BTreeSet<usize>) -> f64 {
    let counted = concepts.iter().enumerate().filter(|(_, c)| !c.aside);
    let (mut part, mut total) = (0.0, 0.0);
    for (number, concept) in counted {
        total += concept.weight;
        if named.contains(&number) {
            part += concept.weight;
        }
    }
    if total > 0.0 { part / total } else { 0.0 }
}

/// From a term to the concepts that it begins a form of.
struct Lookup<'a> {
    forms: std::collections::HashMap<Term, Vec<(usize, &'a [Term])>>,
    concepts: usize,
}

impl<'a> Lookup<'a> {
    fn new(concepts: &'a [Concept]) -> Self {
        let mut forms: std::collections::HashMap<Term, Vec<(usize, &'a [Term])>> =
            std::collections::HashMap::new();
        for (number, concept) in concepts.iter().enumerate() {
            for form in &concept.forms {
                if let Some(first) = form.first() {
                    forms.entry(*first).or_default().push((number, form));
                }
            }
        }
        Self {
            forms,
            concepts: concepts.len(),
        }
    }

    /// How often each concept stands in a text.
    fn count(&self, terms: &[Term]) -> Vec<f64> {
        let mut counts = vec![0.0; self.concepts];
        for (at, term) in terms.iter().enumerate() {
            for (number, form) in self.forms.get(term).into_iter().flatten() {
                if terms[at..].starts_with(form) {
                    counts[*number] += 1.0;
                }
            }
        }
        counts
    }
}

/// Share of the topic's neighbouring words that are neighbours in the text, in either order: `recover after a crash` is
/// `crash recovery`.
fn together(terms: &[Term], concepts: &[Concept]) -> f64 {
    let is = |concept: &Concept, term: Term| concept.forms.iter().any(|form| *form == [term]);
    let (mut part, mut total) = (0.0, 0.0);
    for pair in concepts.windows(2) {
        let weight = pair[0].weight.min(pair[1].weight);
        total += weight;
        let near = terms.windows(2).any(|two| {
            (is(&pair[0], two[0]) && is(&pair[1], two[1]))
                || (is(&pair[1], two[0]) && is(&pair[0], two[1]))
        });
        if near {
            part += weight;
        }
    }
    if total > 0.0 { part / total } else { 0.0 }
}

/// The largest, and never zero, so that one may divide by it.
pub fn most(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::MIN_POSITIVE, f64::max)
}

//! How well each passage fits the topic: BM25 over its text and what stands above it (BM25F), times what it covers.

use std::collections::{BTreeMap, BTreeSet};

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
/// What a concept of another clause weighs, where one clause of the question is looked at.
const OTHER_CLAUSE: f64 = 0.4;
/// What a passage counts that fits one clause, beside one that fits the whole question.
const ONE_CLAUSE: f64 = 0.9;
/// The first passages of each clause count for more, so that none goes without.
const SERVED: usize = 2;
const BEST_OF_CLAUSE: f64 = 1.1;
/// What an item of a list is worth at least, beside what stands right before it.
const ONE_ITEM: f64 = 0.85;
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

/// All passages that name any of the concepts, best first. Ties go by position, so that the order is always the same. What fits
/// one clause of the question ranks beside what fits all of it: seldom does one passage answer both.
pub fn rank(index: &Index, concepts: &[Concept], expected: &[BTreeSet<Term>]) -> Vec<Hit> {
    let mut hits = rank_once(index, concepts, expected);
    let clauses: BTreeSet<usize> = concepts.iter().map(|concept| concept.clause).collect();
    if clauses.len() < 2 {
        return hits;
    }
    let mut fits: BTreeMap<usize, f64> = hits.iter().map(|hit| (hit.passage, hit.fit)).collect();
    for clause in clauses {
        let mut concepts = concepts.to_vec();
        let others = concepts.iter_mut().filter(|c| c.clause != clause);
        others.for_each(|concept| concept.weight *= OTHER_CLAUSE);
        let found = rank_once(index, &concepts, expected);
        for (rank, hit) in found.iter().enumerate() {
            let counts = if rank < SERVED {
                BEST_OF_CLAUSE
            } else {
                ONE_CLAUSE
            };
            let fit = fits.entry(hit.passage).or_default();
            *fit = fit.max(hit.fit * counts);
        }
    }
    for hit in &mut hits {
        hit.fit = fits[&hit.passage];
    }
    in_order(&mut hits);
    hits
}

/// Best first, and the best is 1.
fn in_order(hits: &mut [Hit]) {
    hits.sort_by(|a, b| b.fit.total_cmp(&a.fit).then(a.passage.cmp(&b.passage)));
    let best = most(hits.iter().map(|hit| hit.fit));
    hits.iter_mut().for_each(|hit| hit.fit /= best);
}

fn rank_once(index: &Index, concepts: &[Concept], expected: &[BTreeSet<Term>]) -> Vec<Hit> {
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
    carry(index, &mut hits);
    in_order(&mut hits);
    hits
}

/// Items of a list are worth little less than what introduces it, though they say nothing of it themselves. The hits stand in
/// the order of the text.
fn carry(index: &Index, hits: &mut [Hit]) {
    for number in 1..hits.len() {
        let (before, fit) = (hits[number - 1].passage, hits[number - 1].fit);
        let hit = &mut hits[number];
        let (above, items) = (&index.passages[before], &index.passages[hit.passage]);
        let goes_on =
            |lead: &String| above.lead.as_ref() == Some(lead) || above.text.contains(lead);
        let follows = before + 1 == hit.passage && above.document == items.document;
        if follows && items.kind == Kind::Item && items.lead.as_ref().is_some_and(goes_on) {
            hit.fit = hit.fit.max(fit * ONE_ITEM);
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Block, Document};

    #[test]
    fn items_rank_close_behind_what_introduces_them() {
        let block = |kind, text: String, lead: Option<&str>| Block {
            section: Vec::new(),
            kind,
            text,
            lead: lead.map(str::to_owned),
        };
        let lead = "The pump has these advantages:";
        let item = |number| {
            let text = format!(
                "{number}: {}",
                "whoever lives nearby sleeps well. ".repeat(15)
            );
            block(Kind::Item, text, Some(lead))
        };
        let behind = block(
            Kind::Paragraph,
            "Roses want sun and water. ".repeat(20),
            None,
        );
        let introduced = block(
            Kind::Paragraph,
            format!("{}{lead}", "It is new. ".repeat(30)),
            None,
        );
        let document = Document {
            uri: "u".to_owned(),
            title: "t".to_owned(),
            blocks: vec![introduced, item(1), item(2), behind],
            losses: Vec::new(),
        };
        let index = Index::build(&[document]);
        let hit = |passage: usize| Hit {
            passage,
            score: 1.0,
            fit: if passage == 0 { 1.0 } else { 0.1 },
            named: BTreeSet::new(),
        };
        let mut hits: Vec<Hit> = (0..index.passages.len()).map(hit).collect();
        carry(&index, &mut hits);
        let fits: Vec<f64> = hits.iter().map(|hit| hit.fit).collect();
        assert_eq!(fits, [1.0, ONE_ITEM, ONE_ITEM * ONE_ITEM, 0.1]);
    }
}

//! Picks passages that fit the topic and do not repeat each other (maximal marginal relevance).

use std::collections::{BTreeMap, BTreeSet};

use aegis_contracts::request::Depth;

use crate::document::Kind;
use crate::index::Index;
use crate::ranking::Hit;

/// What likeness to a passage already chosen costs.
const LIKENESS_COST: f64 = 0.6;
/// Likeness from which a passage is a copy of another one.
const COPY: f64 = 0.8;
/// Share of the best passage's fit below which a passage is not about the topic.
const POOR: f64 = 0.2;
/// A row of a table says less than a sentence.
const ROW_WORTH: f64 = 0.6;

/// How many passages.
pub fn amount(depth: Depth) -> usize {
    match depth {
        Depth::Quick => 6,
        Depth::Standard => 12,
        Depth::Comprehensive => 24,
    }
}

/// The chosen ones, best fit first.
pub fn select(index: &Index, hits: &[Hit], amount: usize) -> Vec<Hit> {
    let pool: Vec<(&Hit, BTreeSet<&str>)> = hits
        .iter()
        .filter(|hit| hit.fit >= POOR)
        .take(amount * 8)
        .map(|hit| (hit, index.stems(hit.passage)))
        .collect();
    let documents: BTreeSet<usize> = pool.iter().map(|(hit, _)| document(index, hit)).collect();
    // Where there are many documents, none fills a third of the report, unless the others have nothing more to say.
    let mut cap = amount.div_ceil(documents.len().clamp(1, 4)) + usize::from(documents.len() < 4);
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    let mut chosen: Vec<usize> = Vec::new();
    while chosen.len() < amount {
        let free = |number: &usize| {
            let document = document(index, pool[*number].0);
            let copies = |other: &usize| likeness(&pool[*number].1, &pool[*other].1) >= COPY;
            taken.get(&document).is_none_or(|count| *count < cap) && !chosen.iter().any(copies)
        };
        let worth = |number: usize| {
            let (hit, stems) = &pool[number];
            let like = chosen.iter().map(|other| likeness(stems, &pool[*other].1));
            base(index, hit) - LIKENESS_COST * like.fold(0.0, f64::max)
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
        *taken.entry(document(index, pool[number].0)).or_default() += 1;
        chosen.push(number);
    }
    chosen.sort_unstable();
    chosen
        .into_iter()
        .map(|number| pool[number].0.clone())
        .collect()
}

fn document(index: &Index, hit: &Hit) -> usize {
    index.passages[hit.passage].document
}

fn base(index: &Index, hit: &Hit) -> f64 {
    match index.passages[hit.passage].kind {
        Kind::Row => hit.fit * ROW_WORTH,
        _ => hit.fit,
    }
}

/// Dice coefficient: 1 for the same words, 0 for none in common.
fn likeness(a: &BTreeSet<&str>, b: &BTreeSet<&str>) -> f64 {
    let common = a.intersection(b).count() as f64;
    2.0 * common / (a.len() + b.len()).max(1) as f64
}

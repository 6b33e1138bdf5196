//! Chooses claims: those that answer best, do not repeat each other and together name as much of the topic as can be.

use std::collections::BTreeSet;

use aegis_contracts::request::Depth;

use crate::claims::Candidate;
use crate::compare;
use crate::material::Material;
use crate::wishes::Wishes;

/// Share of the best claim's worth below which a piece does not answer.
const FLOOR: f64 = 0.72;
/// What likeness to a claim that was chosen costs.
const LIKENESS_COST: f64 = 0.5;
/// Likeness from which a piece says the same again.
const SAME: f64 = 0.75;
/// What naming all the rest of the topic gains.
const NEW_WORDS: f64 = 0.25;
/// More than anything else can be worth: what was shown before goes first.
const STAYS: f64 = 10.0;
/// Claims of one passage.
const OF_ONE_PASSAGE: usize = 4;

/// How many claims a report has at most.
fn amount(depth: Depth, wishes: &Wishes) -> usize {
    let amount = match depth {
        Depth::Quick => 4,
        Depth::Standard => 8,
        Depth::Comprehensive => 12,
    };
    // What was shown before stays, and only what was asked for comes to it.
    let amount = match wishes.shown.as_ref().map(BTreeSet::len) {
        None => amount,
        Some(shown) if wishes.search_again => amount.max(shown) + wishes.more,
        Some(shown) => shown + wishes.more,
    };
    wishes.at_most.map_or(amount, |most| amount.min(most))
}

fn floor(all: &[Candidate<'_>]) -> f64 {
    FLOOR
        * all
            .iter()
            .map(|candidate| candidate.worth)
            .fold(0.0, f64::max)
}

/// All pieces that answer, chosen or not.
pub fn answering<'c, 'a>(all: &'c [Candidate<'a>]) -> impl Iterator<Item = &'c Candidate<'a>> {
    let floor = floor(all);
    all.iter().filter(move |candidate| candidate.worth >= floor)
}

/// The chosen ones, best first.
pub fn choose<'a>(
    material: &Material<'_>,
    all: &[Candidate<'a>],
    wishes: &Wishes,
) -> Vec<Candidate<'a>> {
    let amount = amount(material.file.depth, wishes);
    let floor = floor(all);
    let mut pool: Vec<&Candidate<'a>> = all
        .iter()
        .filter(|c| c.worth >= floor || c.wanted > 0.0 || wishes.stays(c.text))
        .collect();
    let mut chosen: Vec<Candidate<'a>> = Vec::new();
    let mut named: BTreeSet<usize> = BTreeSet::new();
    while chosen.len() < amount {
        pool.retain(|candidate| fits(material, candidate, &chosen));
        let value = |candidate: &Candidate<'_>| {
            let like = chosen
                .iter()
                .map(|other| material.likeness(&other.stems, &candidate.stems));
            let words = material.named(candidate.evidence, &candidate.stems);
            let stays = if wishes.stays(candidate.text) {
                STAYS
            } else {
                0.0
            };
            stays + candidate.worth + candidate.wanted - LIKENESS_COST * like.fold(0.0, f64::max)
                + NEW_WORDS * material.share_of(words.difference(&named))
        };
        // Of equals the first.
        let best = (0..pool.len())
            .map(|at| (value(pool[at]), at))
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        let Some((_, at)) = best else {
            break;
        };
        let candidate = pool.remove(at);
        named.extend(material.named(candidate.evidence, &candidate.stems));
        chosen.push(candidate.clone());
    }
    chosen
}

fn fits(material: &Material<'_>, candidate: &Candidate<'_>, chosen: &[Candidate<'_>]) -> bool {
    let from_there = chosen
        .iter()
        .filter(|other| other.evidence == candidate.evidence)
        .count();
    let repeats = |other: &Candidate<'_>| {
        other.overlaps(candidate)
            || (material.likeness(&other.stems, &candidate.stems) >= SAME
                && compare::difference(other, candidate).is_none())
    };
    from_there < OF_ONE_PASSAGE && !chosen.iter().any(repeats)
}

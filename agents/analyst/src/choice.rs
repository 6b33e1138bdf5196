//! Chooses claims: those that answer best, do not repeat each other and together name as much of the topic as can be.

use std::collections::BTreeSet;

use aegis_contracts::findings::Depth;

use crate::claims::Candidate;
use crate::compare;
use crate::material::Material;
use crate::missing::is_doubtful;
use crate::wishes::Wishes;

/// Share of the best claim's worth from which a piece answers as well,
const FLOOR: f64 = 0.88;
/// from which it may be said because it names a part of the topic that no better claim names,
const FLOOR_OF_PARTS: f64 = 0.75;
/// and from which it may because it stands beside the best one in a list that was asked for.
const FLOOR_OF_LISTS: f64 = 0.65;
/// Share of the topic that is a part of it.
const PART: f64 = 0.1;
/// Claims at most where nothing tells which piece answers.
const VAGUE: usize = 3;
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
fn amount(material: &Material<'_>, all: &[Candidate<'_>], wishes: &Wishes) -> usize {
    let amount = match material.file.depth {
        Depth::Quick => 3,
        Depth::Standard => 5,
        Depth::Comprehensive => 8,
    };
    let amount = match material.question.wants_list() {
        true => amount + amount / 2,
        false if material.is_vague() || is_doubtful(material, all) => amount.min(VAGUE),
        false => amount,
    };
    // What was shown before stays, and only what was asked for comes to it.
    let amount = match wishes.shown.as_ref().map(BTreeSet::len) {
        None => amount,
        Some(shown) if wishes.search_again => amount.max(shown) + wishes.more,
        Some(shown) => shown + wishes.more,
    };
    wishes.at_most.map_or(amount, |most| amount.min(most))
}

fn best(all: &[Candidate<'_>]) -> f64 {
    all.iter()
        .map(|candidate| candidate.worth)
        .fold(0.0, f64::max)
}

/// All pieces that answer, chosen or not.
pub fn answering<'c, 'a>(all: &'c [Candidate<'a>]) -> impl Iterator<Item = &'c Candidate<'a>> {
    let floor = FLOOR_OF_PARTS * best(all);
    all.iter().filter(move |candidate| candidate.worth >= floor)
}

/// The chosen ones, best first.
pub fn choose<'a>(
    material: &Material<'_>,
    all: &[Candidate<'a>],
    wishes: &Wishes,
) -> Vec<Candidate<'a>> {
    let amount = amount(material, all, wishes);
    let best = best(all);
    let lists = material.question.wants_list();
    let asked_for = |c: &Candidate<'_>| c.wanted > 0.0 || wishes.stays(c.text);
    let mut pool: Vec<&Candidate<'a>> = all
        .iter()
        .filter(|c| c.worth >= FLOOR_OF_LISTS * best || asked_for(c))
        .collect();
    let mut chosen: Vec<Candidate<'a>> = Vec::new();
    let mut named: BTreeSet<usize> = BTreeSet::new();
    let mut told: BTreeSet<usize> = BTreeSet::new();
    while chosen.len() < amount {
        pool.retain(|candidate| {
            let is_beside = || {
                let mut chosen = chosen.iter();
                match lists {
                    true => chosen.next().is_none_or(|first| first.is_beside(candidate)),
                    false => chosen.any(|other| other.announced && other.is_beside(candidate)),
                }
            };
            let adds = || {
                let new = &told_by(material, candidate) - &told;
                candidate.worth >= FLOOR_OF_PARTS * best && material.share_of(new.iter()) >= PART
            };
            fits(material, candidate, &chosen)
                && (candidate.worth >= FLOOR * best
                    || asked_for(candidate)
                    || adds()
                    || is_beside())
        });
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
        let next = (0..pool.len())
            .map(|at| (value(pool[at]), at))
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        let Some((_, at)) = next else {
            break;
        };
        let candidate = pool.remove(at);
        named.extend(material.named(candidate.evidence, &candidate.stems));
        told.extend(told_by(material, candidate));
        chosen.push(candidate.clone());
    }
    chosen
}

/// What of the topic it names itself, with what introduces it.
fn told_by(material: &Material<'_>, candidate: &Candidate<'_>) -> BTreeSet<usize> {
    let mut stems = candidate.stems.clone();
    stems.extend(material.stems(candidate.lead.unwrap_or_default()));
    material.tells(&stems)
}

fn fits(material: &Material<'_>, candidate: &Candidate<'_>, chosen: &[Candidate<'_>]) -> bool {
    let from_there = chosen
        .iter()
        .filter(|other| other.evidence == candidate.evidence)
        .count();
    let repeats = |other: &Candidate<'_>| {
        other.overlaps(candidate)
            || other.text.contains(candidate.text)
            || candidate.text.contains(other.text)
            || (material.likeness(&other.stems, &candidate.stems) >= SAME
                && compare::difference(other, candidate).is_none())
    };
    (from_there < OF_ONE_PASSAGE || material.question.wants_list()) && !chosen.iter().any(repeats)
}

//! Chooses claims: those that answer best, do not repeat each other and together name as much of the topic as can be.

use std::collections::BTreeSet;

use aegis_contracts::findings::Depth;

use crate::claims::Candidate;
use crate::compare;
use crate::material::Material;
use crate::missing::{is_doubtful, share_of_topic};
use crate::wishes::Wishes;

/// Share of the best claim's worth from which a piece answers as well,
const FLOOR: f64 = 0.88;
/// if it names this share of what any such piece names of the topic,
const NAMED: f64 = 0.65;
/// and from which it may be said because it tells a part of the topic that no claim tells yet.
const FLOOR_OF_PARTS: f64 = 0.65;
/// Share of a part that is told with it.
const TOLD: f64 = 0.7;
/// Claims at most where the topic does not tell which piece answers.
const VAGUE: usize = 3;
/// What likeness to a claim that was chosen costs.
const LIKENESS_COST: f64 = 0.5;
/// Likeness from which a piece says the same again.
const SAME: f64 = 0.6;
/// What telling all of a part gains that no claim tells yet.
const NEW_PART: f64 = 0.3;
/// More than anything else can be worth: what was shown before goes first.
const STAYS: f64 = 10.0;

/// How many claims a report has at most.
fn amount(material: &Material<'_>, all: &[Candidate<'_>], wishes: &Wishes) -> usize {
    let amount = usual(material.file.depth);
    let amount = match material.question.listed().len() {
        0 => amount,
        things => amount.min(things),
    };
    let amount = match material.question.wants_list() {
        true => amount + amount / 2,
        false if material.is_vague() => amount.min(VAGUE),
        // Where no piece names all of the topic, the best is a guess, and a second one for the same part is rarely better.
        false if is_doubtful(material, all) => amount.min(material.parts().len().max(1)),
        false => amount,
    };
    asked_for(amount, wishes)
}

/// How many claims a report on several questions has at most.
fn amount_on(questions: usize, depth: Depth, wishes: &Wishes) -> usize {
    let one = usual(depth);
    asked_for(one.max(questions * (one / 2)), wishes)
}

fn usual(depth: Depth) -> usize {
    match depth {
        Depth::Quick => 3,
        Depth::Standard => 5,
        Depth::Comprehensive => 8,
    }
}

fn asked_for(amount: usize, wishes: &Wishes) -> usize {
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
    let floor = FLOOR * best(all);
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
    let share = |c: &Candidate<'_>| share_of_topic(material, c);
    let most = answering(all).map(share).fold(0.0, f64::max);
    let answers = |c: &Candidate<'_>| c.worth >= FLOOR * best && share(c) >= NAMED * most;
    let lists = material.question.wants_list();
    let asked_for = |c: &Candidate<'_>| c.wanted > 0.0 || wishes.stays(c.text);
    let mut pool: Vec<&Candidate<'a>> = all
        .iter()
        .filter(|c| c.worth >= FLOOR_OF_PARTS * best || asked_for(c))
        .collect();
    let mut chosen: Vec<Candidate<'a>> = Vec::new();
    let mut parts = Parts::of(material);
    while chosen.len() < amount {
        let is_beside = |candidate: &Candidate<'_>| {
            let mut first = chosen.iter().take(1);
            lists && first.all(|first| material.is_beside(first, candidate))
        };
        let may_be_said = |candidate: &Candidate<'_>| {
            (answers(candidate)
                || asked_for(candidate)
                || is_beside(candidate)
                || parts.gain(candidate) >= TOLD)
                && fits(material, candidate, &chosen)
        };
        let value = |candidate: &Candidate<'_>| {
            let like = chosen
                .iter()
                .map(|other| material.likeness(&other.stems, &candidate.stems));
            let stays = if wishes.stays(candidate.text) {
                STAYS
            } else {
                0.0
            };
            stays + candidate.worth + candidate.wanted + NEW_PART * parts.gain(candidate)
                - LIKENESS_COST * like.fold(0.0, f64::max)
        };
        // Of equals the first.
        let next = (0..pool.len())
            .filter(|at| may_be_said(pool[*at]))
            .map(|at| (value(pool[at]), at))
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        let Some((_, at)) = next else {
            break;
        };
        let mut next = vec![pool.remove(at)];
        // A list of what speaks for one side is said as a whole.
        let first = next[0];
        if first.announced {
            next.extend(pool.iter().filter(|other| material.is_beside(first, other)));
            next.sort_by_key(|candidate| (candidate.evidence, candidate.start));
        }
        for candidate in next {
            if chosen.len() < amount && fits(material, candidate, &chosen) {
                parts.tell(candidate);
                chosen.push(candidate.clone());
            }
        }
    }
    chosen
}

/// Of what answers each of several questions, best first: the best of each question, then the second of each, and so on.
pub fn choose_in_turn<'a>(
    material: &Material<'_>,
    answers: &[Vec<Candidate<'a>>],
    wishes: &Wishes,
) -> Vec<Candidate<'a>> {
    let amount = amount_on(answers.len(), material.file.depth, wishes);
    let longest = answers.iter().map(Vec::len).max().unwrap_or(0);
    let turn = |rank: usize| answers.iter().filter_map(move |list| list.get(rank));
    let mut pool: Vec<&Candidate<'a>> = (0..longest).flat_map(turn).collect();
    pool.sort_by_key(|candidate| (!wishes.stays(candidate.text), candidate.wanted == 0.0));
    let mut chosen: Vec<Candidate<'a>> = Vec::new();
    for candidate in pool {
        if chosen.len() < amount && fits(material, candidate, &chosen) {
            chosen.push(candidate.clone());
        }
    }
    chosen
}

/// The parts of the topic (things that it lists, or questions), and how much of each the claims tell.
struct Parts<'m, 'a> {
    material: &'m Material<'a>,
    parts: Vec<(BTreeSet<usize>, f64)>,
}

impl<'m, 'a> Parts<'m, 'a> {
    fn of(material: &'m Material<'a>) -> Self {
        let parts = material.parts().into_iter();
        Self {
            material,
            parts: parts.map(|part| (part, 0.0)).collect(),
        }
    }

    /// How much of one part a claim would tell that is not told yet.
    fn gain(&self, candidate: &Candidate<'_>) -> f64 {
        let parts = self.parts.iter();
        let gains = parts.map(|(part, told)| self.share(candidate, part) - told);
        gains.fold(0.0, f64::max)
    }

    /// A claim tells one part: that of which it says most.
    fn tell(&mut self, candidate: &Candidate<'_>) {
        let shares = self
            .parts
            .iter()
            .map(|(part, _)| self.share(candidate, part));
        // Of equals the first.
        let most = (0..)
            .zip(shares)
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        if let Some((at, share)) = most {
            let told = &mut self.parts[at].1;
            *told = share.max(*told);
        }
    }

    /// Of a row its first cell counts, which names what the others are about.
    fn share(&self, candidate: &Candidate<'_>, part: &BTreeSet<usize>) -> f64 {
        let is_row = candidate.lead.is_some_and(|lead| lead.contains('|'));
        let cell = candidate.text.split('|').next().filter(|_| is_row);
        let stems = self.material.stems(cell.unwrap_or(candidate.text));
        let told = &self.material.tells(&stems) & part;
        self.material.share_of(told.iter()) / self.material.share_of(part.iter())
    }
}

fn fits(material: &Material<'_>, candidate: &Candidate<'_>, chosen: &[Candidate<'_>]) -> bool {
    let repeats = |other: &Candidate<'_>| {
        other.overlaps(candidate)
            || other.text.contains(candidate.text)
            || candidate.text.contains(other.text)
            || (material.likeness(&other.stems, &candidate.stems) >= SAME
                && compare::difference(other, candidate).is_none())
    };
    !chosen.iter().any(repeats)
}

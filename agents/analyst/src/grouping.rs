//! Groups passages by what they have in common: seeds that differ, and every passage to the nearest.
//!
//! Deterministic: ties go to the better ranked passage.

use std::collections::BTreeSet;

use crate::feedback::Wishes;
use crate::material::Material;

/// Rounds after which groups stay as they are. They seldom change after the second.
const ROUNDS: usize = 4;
const SAME_DOCUMENT: f64 = 0.12;
const SAME_SECTION: f64 = 0.1;

/// At most `amount` groups of indices of evidence, the group of the best passage first.
pub fn groups(material: &Material<'_>, amount: usize, wishes: &Wishes) -> Vec<Vec<usize>> {
    let likeness = likenesses(material);
    let worth = worths(material, wishes);
    let mut groups: Vec<Vec<usize>> = seeds(&likeness, &worth, amount)
        .into_iter()
        .map(|seed| vec![seed])
        .collect();
    for _ in 0..ROUNDS {
        let next = assign(&likeness, &groups);
        if next == groups {
            break;
        }
        groups = next;
    }
    groups.retain(|group| !group.is_empty());
    let best = |group: &Vec<usize>| {
        group
            .iter()
            .map(|member| worth[*member])
            .fold(0.0, f64::max)
    };
    groups.sort_by(|a, b| best(b).total_cmp(&best(a)).then(a.cmp(b)));
    groups
}

fn worths(material: &Material<'_>, wishes: &Wishes) -> Vec<f64> {
    let total = material.evidence().len() as f64;
    let worth = |(rank, evidence): (usize, &aegis_contracts::findings::Evidence)| {
        let stems = material.stems(&evidence.passage);
        1.0 - 0.7 * rank as f64 / total + material.share(&wishes.wanted, &stems)
    };
    material.evidence().iter().enumerate().map(worth).collect()
}

fn likenesses(material: &Material<'_>) -> Vec<Vec<f64>> {
    let evidence = material.evidence();
    let stems: Vec<BTreeSet<String>> = evidence
        .iter()
        .map(|e| material.stems(&format!("{} {} {}", e.title, e.location, e.passage)))
        .collect();
    let like = |a: usize, b: usize| {
        let mut like = material.likeness(&stems[a], &stems[b]);
        if evidence[a].source == evidence[b].source {
            like += SAME_DOCUMENT;
            if section(&evidence[a].location) == section(&evidence[b].location) {
                like += SAME_SECTION;
            }
        }
        like
    };
    let row = |a: usize| (0..evidence.len()).map(|b| like(a, b)).collect();
    (0..evidence.len()).map(row).collect()
}

/// A location without its paragraph numbers.
pub fn section(location: &str) -> &str {
    match location.rfind("paragraph") {
        Some(at) => location[..at].trim_end_matches([',', ' ']),
        None => location,
    }
}

fn seeds(likeness: &[Vec<f64>], worth: &[f64], amount: usize) -> Vec<usize> {
    let mut seeds: Vec<usize> = Vec::new();
    while seeds.len() < amount.min(worth.len()) {
        let value = |number: usize| {
            let like = seeds.iter().map(|seed| likeness[number][*seed]);
            worth[number] - 1.1 * like.fold(0.0, f64::max)
        };
        let free = (0..worth.len()).filter(|number| !seeds.contains(number));
        let best = free.max_by(|a, b| value(*a).total_cmp(&value(*b)).then(b.cmp(a)));
        seeds.extend(best);
    }
    seeds
}

fn assign(likeness: &[Vec<f64>], groups: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut next = vec![Vec::new(); groups.len()];
    for (member, row) in likeness.iter().enumerate() {
        let mean = |group: &Vec<usize>| {
            let others = group.iter().filter(|other| **other != member);
            let (count, sum) = others.fold((0, 0.0), |(n, sum), other| (n + 1, sum + row[*other]));
            // The only member of a group stays, unless another group is really near.
            if count == 0 {
                0.2
            } else {
                sum / f64::from(count)
            }
        };
        let nearest = (0..groups.len())
            .filter(|g| !groups[*g].is_empty())
            .max_by(|a, b| {
                mean(&groups[*a])
                    .total_cmp(&mean(&groups[*b]))
                    .then(b.cmp(a))
            });
        if let Some(group) = nearest {
            next[group].push(member);
        }
    }
    next
}

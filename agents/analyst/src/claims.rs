//! Whole sentences of the evidence that can stand alone and bear on the topic.

use std::collections::BTreeSet;

use aegis_agent_kit::text::sentences;

use crate::feedback::Wishes;
use crate::material::{Material, mentions};
use crate::stance;

const WORDS: std::ops::RangeInclusive<usize> = 6..=55;
/// Beginnings that lean on the sentence before.
const LEANING: [&str; 59] = [
    "this ",
    "these ",
    "that ",
    "those ",
    "it ",
    "it's ",
    "they ",
    "he ",
    "she ",
    "we ",
    "such ",
    "however",
    "but ",
    "therefore",
    "thus",
    "hence",
    "moreover",
    "furthermore",
    "in addition",
    "for example",
    "for instance",
    "as a result",
    "in this case",
    "in that case",
    "also",
    "note that",
    "see ",
    "instead",
    "otherwise",
    "similarly",
    "its ",
    "their ",
    "by doing this",
    "if set to",
    "when set to",
    "if this",
    "the default",
    "by default",
    "then",
    "here",
    "there ",
    "both ",
    "neither",
    "another ",
    "other ",
    "so ",
    "and ",
    "or ",
    "yet",
    "the same",
    "the other",
    "the latter",
    "the former",
    "again",
    "in fact",
    "likewise",
    "consequently",
    "all of these",
    "each of",
];
/// Share of a group's best sentence that a further one must be worth.
const POOR: f64 = 0.5;
const LEANING_COST: f64 = 0.35;
/// Sentences about the document instead of the matter.
const ABOUT_ITSELF: [&str; 9] = [
    "see section",
    "see chapter",
    "see also",
    "described in",
    "this section",
    "this chapter",
    "this article",
    "this document",
    "listed below",
];
const ABOUT_ITSELF_COST: f64 = 0.4;
/// The first sentence of a paragraph leans on nothing.
const FIRST_WORTH: f64 = 0.1;
/// The first sentence of a document says what it is about,
const LEAD_WORTH: f64 = 0.1;
/// and one that begins with the topic says something of it.
const OPENING_WORTH: f64 = 0.15;
const OPENING_WORDS: usize = 6;
/// That people disagree is worth knowing.
const DISPUTE_WORTH: f64 = 0.2;
/// What the approver asks about goes before all else.
const WANTED_WORTH: f64 = 0.6;

/// A sentence that may become a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate<'a> {
    /// Index of its evidence.
    pub evidence: usize,
    /// Number of the sentence in its passage.
    pub position: usize,
    pub text: &'a str,
    pub stems: BTreeSet<String>,
    /// How much it is worth saying, around 0 to 2.
    pub worth: f64,
}

/// All sentences that may be said, in the order of the evidence. One that names what the approver does not want is not among them.
pub fn candidates<'a>(material: &Material<'a>, wishes: &Wishes) -> Vec<Candidate<'a>> {
    let mut found = Vec::new();
    for (number, evidence) in material.evidence().iter().enumerate() {
        for (position, text) in sentences(&evidence.passage).into_iter().enumerate() {
            let words = text.split(' ').count();
            let stems = material.stems(text);
            let unwanted = wishes
                .unwanted
                .iter()
                .any(|(stem, _)| mentions(&stems, stem));
            if !WORDS.contains(&words) || unwanted || !is_statement(text) {
                continue;
            }
            let wanted = material.share(&wishes.wanted, &stems);
            let asked = if wanted > 0.0 {
                WANTED_WORTH * (1.0 + wanted)
            } else {
                0.0
            };
            let worth = worth(material, number, position, text, &stems) + asked;
            found.push(Candidate {
                evidence: number,
                position,
                text,
                stems,
                worth,
            });
        }
    }
    found
}

/// Not a question, a headline, the first half of a list or a piece of code.
fn is_statement(text: &str) -> bool {
    let closed = text
        .trim_end_matches([')', '"', '”', '’', '\'', ']'])
        .ends_with(['.', '!']);
    let letters = text
        .chars()
        .filter(|c| c.is_alphabetic() || *c == ' ')
        .count();
    let opened = text.matches('(').count() == text.matches(')').count();
    closed && opened && letters * 4 >= text.chars().count() * 3
}

fn worth(
    material: &Material<'_>,
    rank: usize,
    position: usize,
    text: &str,
    stems: &BTreeSet<String>,
) -> f64 {
    let evidence = &material.evidence()[rank];
    let total = material.evidence().len() as f64;
    // A sentence under a heading about the topic is about it, though it does not repeat the words.
    let around = material.stems(&format!("{} {} {text}", evidence.title, evidence.location));
    let when = |condition: bool, worth: f64| if condition { worth } else { 0.0 };
    let opening: Vec<&str> = text.split(' ').take(OPENING_WORDS).collect();
    let opening = material.stems(&opening.join(" "));
    let lead = evidence.location.starts_with("paragraph") && position == 0;
    let lower = text.to_lowercase();
    0.5 * material.on_topic(stems)
        + 0.2 * material.on_topic(&around)
        + 0.35 * (1.0 - rank as f64 / total)
        + when(text.chars().any(|c| c.is_ascii_digit()), 0.1)
        + when(position == 0, FIRST_WORTH)
        + when(lead, LEAD_WORTH)
        + when(material.on_topic(&opening) >= 0.5, OPENING_WORTH)
        + when(stance::dispute_cue(text).is_some(), DISPUTE_WORTH)
        - when(leans(text), LEANING_COST)
        - when(
            ABOUT_ITSELF.iter().any(|cue| lower.contains(cue)),
            ABOUT_ITSELF_COST,
        )
}

/// Whether a sentence can hardly be understood without the one before it.
pub fn leans(text: &str) -> bool {
    let lower = text.to_lowercase();
    // A word of a program may begin a sentence, another word in lower case is the rest of one.
    let first = text.split(' ').next().unwrap_or_default();
    let rest = first.starts_with(char::is_lowercase) && first.chars().all(char::is_alphabetic);
    rest || text.starts_with(['(', '`']) || LEANING.iter().any(|start| lower.starts_with(start))
}

/// The best few of a group that do not repeat each other, best first.
pub fn pick<'a>(
    material: &Material<'_>,
    candidates: &[&Candidate<'a>],
    amount: usize,
) -> Vec<Candidate<'a>> {
    let mut sorted = candidates.to_vec();
    let place = |candidate: &Candidate<'_>| (candidate.evidence, candidate.position);
    sorted.sort_by(|a, b| b.worth.total_cmp(&a.worth).then(place(a).cmp(&place(b))));
    let mut picked: Vec<Candidate<'a>> = Vec::new();
    for candidate in sorted {
        let from_there = picked
            .iter()
            .filter(|p| p.evidence == candidate.evidence)
            .count();
        let repeats = picked
            .iter()
            .any(|p| material.likeness(&p.stems, &candidate.stems) > 0.6);
        // A leaning sentence is better than silence only.
        let first = picked.first().map_or(0.0, |first| first.worth);
        let stands =
            picked.is_empty() || (!leans(candidate.text) && candidate.worth >= first * POOR);
        if picked.len() < amount && from_there < 2 && !repeats && stands {
            picked.push(candidate.clone());
        }
    }
    picked
}

//! Do sources say the same, or something else? Careful: it compares words, it understands nothing. So a
//! difference is only ever called possible, and says what it was seen by.

use std::collections::BTreeSet;

use aegis_contracts::findings::Stance;

use crate::claims::Candidate;
use crate::material::Material;

/// Overlap from which two sentences are about the same thing.
const SAME_SUBJECT: f64 = 0.42;
/// Overlap from which they say the same.
const SAME_STATEMENT: f64 = 0.47;
/// Likeness from which they are about the same thing: a short sentence must not be lost in a long one.
const LIKE: f64 = 0.38;
/// Words besides the topic's that both must have.
const SHARED_WORDS: usize = 5;

const OPPOSITES: [(&str, &str); 20] = [
    ("increase", "decrease"),
    ("increases", "decreases"),
    ("rise", "fall"),
    ("rising", "falling"),
    ("higher", "lower"),
    ("more", "less"),
    ("faster", "slower"),
    ("secure", "insecure"),
    ("possible", "impossible"),
    ("likely", "unlikely"),
    ("advantage", "disadvantage"),
    ("cheap", "expensive"),
    ("cheaper", "costlier"),
    ("safe", "unsafe"),
    ("effective", "ineffective"),
    ("urgent", "premature"),
    ("recommends", "discourages"),
    ("improves", "worsens"),
    ("sufficient", "insufficient"),
    ("gain", "loss"),
];
const NEGATIONS: [&str; 9] = [
    "not", "no", "never", "cannot", "without", "neither", "nor", "hardly", "unable",
];
const DISPUTES: [&str; 19] = [
    "critics",
    "opponents",
    "sceptics",
    "skeptics",
    "disputed",
    "controversial",
    "disagree",
    "debated",
    "contested",
    "argue against",
    "advise against",
    "advises against",
    "opposing view",
    "recommends against",
    "does not recommend",
    "objection",
    "object to",
    "rebuttal",
    "argued against",
];

/// What the sources of one group say together.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    pub stance: Stance,
    pub note: String,
    /// Sentences that show it, which must be among the claims.
    pub shown_by: Vec<(usize, usize)>,
}

/// Looks at every pair of a claim and a sentence of another source.
pub fn verdict(
    material: &Material<'_>,
    all: &[Candidate<'_>],
    claims: &[Candidate<'_>],
) -> Verdict {
    let mut agreement: Option<(f64, &Candidate<'_>, &Candidate<'_>)> = None;
    let mut contrast: Option<(f64, &Candidate<'_>, &Candidate<'_>, String)> = None;
    for a in claims {
        for b in all {
            let overlap = material.overlap(&a.stems, &b.stems);
            if source(material, a) == source(material, b)
                || a.text == b.text
                || overlap < SAME_SUBJECT
                || material.likeness(&a.stems, &b.stems) < LIKE
                || shared(material, a, b) < SHARED_WORDS
            {
                continue;
            }
            match difference(a.text, b.text) {
                Some(why) if contrast.as_ref().is_none_or(|(best, ..)| overlap > *best) => {
                    contrast = Some((overlap, a, b, why));
                }
                None if overlap >= SAME_STATEMENT
                    && agreement.is_none_or(|(best, ..)| overlap > best) =>
                {
                    agreement = Some((overlap, a, b));
                }
                _ => {}
            }
        }
    }
    if let Some((_, a, b, why)) = contrast {
        let note = format!(
            "“{}” and “{}” may differ: {why}.",
            title(material, a),
            title(material, b)
        );
        return shown(Stance::Disagreement, note, &[a, b]);
    }
    if let Some((claim, cue)) = dispute(claims) {
        let note = format!(
            "“{}” itself reports that opinions may differ (“{cue}”).",
            title(material, claim)
        );
        return shown(Stance::Disagreement, note, &[claim]);
    }
    if let Some((_, a, b)) = agreement {
        let note = format!(
            "“{}” and “{}” say much the same.",
            title(material, a),
            title(material, b)
        );
        return shown(Stance::Agreement, note, &[a, b]);
    }
    shown(Stance::SingleSource, alone(material, claims), &[])
}

fn shown(stance: Stance, note: String, by: &[&Candidate<'_>]) -> Verdict {
    Verdict {
        stance,
        note,
        shown_by: by.iter().map(|c| (c.evidence, c.position)).collect(),
    }
}

fn alone(material: &Material<'_>, claims: &[Candidate<'_>]) -> String {
    let titles: BTreeSet<&str> = claims.iter().map(|claim| title(material, claim)).collect();
    match titles.iter().next() {
        Some(title) if titles.len() == 1 => format!("All of it rests on one source, “{title}”."),
        _ => format!(
            "{} sources add to each other; none of the statements was found in a second one.",
            titles.len()
        ),
    }
}

fn source<'a>(material: &Material<'a>, candidate: &Candidate<'_>) -> &'a str {
    &material.evidence()[candidate.evidence].source
}

fn title<'a>(material: &Material<'a>, candidate: &Candidate<'_>) -> &'a str {
    &material.evidence()[candidate.evidence].title
}

fn shared(material: &Material<'_>, a: &Candidate<'_>, b: &Candidate<'_>) -> usize {
    let common = a.stems.intersection(&b.stems);
    common.filter(|stem| !material.is_topic(stem)).count()
}

fn dispute<'c, 'a>(claims: &'c [Candidate<'a>]) -> Option<(&'c Candidate<'a>, &'static str)> {
    claims
        .iter()
        .find_map(|claim| Some((claim, dispute_cue(claim.text)?)))
}

/// The words by which a sentence reports that people disagree.
pub fn dispute_cue(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    DISPUTES.into_iter().find(|cue| lower.contains(cue))
}

/// What tells two sentences about the same thing apart, in words for the note.
fn difference(a: &str, b: &str) -> Option<String> {
    let (a, b) = (words(a), words(b));
    for (one, other) in OPPOSITES {
        let across = |x: &[String], y: &[String]| {
            has(x, one) && has(y, other) && !has(x, other) && !has(y, one)
        };
        if across(&a, &b) || across(&b, &a) {
            return Some(format!("one says “{one}”, the other “{other}”"));
        }
    }
    let negated = |words: &[String]| NEGATIONS.iter().any(|n| has(words, n));
    if negated(&a) != negated(&b) {
        return Some("one of them negates".to_owned());
    }
    let (mut numbers_a, mut numbers_b) = (numbers(&a), numbers(&b));
    numbers_a.retain(|(_, unit)| numbers_b.iter().any(|(_, other)| other == unit));
    numbers_b.retain(|(_, unit)| numbers_a.iter().any(|(_, other)| other == unit));
    let first = numbers_a
        .iter()
        .find(|number| !numbers_b.contains(number))?;
    if numbers_a.iter().any(|number| numbers_b.contains(number)) {
        return None;
    }
    let second = numbers_b.iter().find(|(_, unit)| *unit == first.1)?;
    let unit = &first.1;
    Some(format!(
        "{} {unit} here, {} {unit} there",
        first.0, second.0
    ))
}

fn words(text: &str) -> Vec<String> {
    aegis_agent_kit::text::words(text)
        .map(str::to_lowercase)
        .collect()
}

fn has(words: &[String], word: &str) -> bool {
    words.iter().any(|w| w == word)
}

/// Numbers with the word behind them, which is taken as their unit.
fn numbers(words: &[String]) -> Vec<(&str, &str)> {
    let is_number = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_digit())
            && word
                .chars()
                .all(|c| c.is_ascii_digit() || matches!(c, ',' | '.'))
    };
    let pairs = words
        .windows(2)
        .map(|pair| (pair[0].as_str(), pair[1].as_str()));
    let telling = |unit: &str| unit.len() > 3 && unit.chars().all(char::is_alphabetic);
    pairs
        .filter(|(number, unit)| is_number(number) && telling(unit))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_between_sentences_about_the_same() {
        let differ = |a, b| difference(a, b);
        assert_eq!(
            differ("It costs 40 euros.", "It costs 40 euros today."),
            None
        );
        let why = differ("A break needs 2,330 qubits.", "A break needs 6,146 qubits.").unwrap();
        assert_eq!(why, "2,330 qubits here, 6,146 qubits there");
        let why = differ("Prices rise in winter.", "Prices fall in winter.").unwrap();
        assert!(why.contains("“rise”"));
        assert!(
            differ("It is ready.", "It is not ready.")
                .unwrap()
                .contains("negates")
        );
        assert_eq!(
            differ("Published in 2001 by A.", "Published in 2002 by B."),
            None,
            "`by` is no unit"
        );
    }
}

//! Do sources say the same, or something else? Careful: it compares words, it understands nothing. So a
//! difference is only ever called possible, and says what it was seen by.

use std::collections::BTreeSet;

use aegis_agent_kit::text::counted;
use aegis_contracts::findings::Stance;

use crate::claims::Candidate;
use crate::difference::difference;
use crate::material::Material;

/// Overlap from which two sentences are about the same thing.
const SAME_SUBJECT: f64 = 0.42;
/// Overlap from which they say the same.
const SAME_STATEMENT: f64 = 0.47;
/// Likeness from which they are about the same thing: a short sentence must not be lost in a long one.
const LIKE: f64 = 0.38;
/// Words besides the topic's that both must have.
const SHARED_WORDS: usize = 5;

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
            "The statements come from {}, and each was found in one of them only.",
            counted(titles.len(), "source")
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

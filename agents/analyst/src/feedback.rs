//! What an approver asked to be changed: words to look for, words to leave out, more or less of it all.

use std::collections::BTreeSet;

use aegis_agent_kit::text::{Terms, counted};
use aegis_contracts::findings::FeedbackTaken;

use crate::claims::Candidate;
use crate::material::{Material, mentions};

/// Words of requests that name no subject.
const REQUESTS: &str = "please add also more less focus include mention cover expand elaborate section finding findings claim \
    claims would like see want wants missing better deeper evidence source sources say says said include including look looking \
    put give take take emphasise emphasize highlight stress concentrate remove drop skip exclude omit ignore avoid leave left out \
    without instead rather only just much many short shorter brief concise long longer detail details depth thing things part \
    point points issue change changes revise rewrite weigh weight too very really enough approver reader";
/// Cues that a clause says what is not wanted.
const REFUSALS: [&str; 12] = [
    "less ",
    "without ",
    "drop ",
    "remove ",
    "exclude ",
    "skip ",
    "omit ",
    "leave out",
    "not about",
    "ignore ",
    "avoid ",
    "no need for",
];

/// The feedback in the analyst's terms.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wishes {
    pub wanted: Vec<(String, String)>,
    pub unwanted: Vec<(String, String)>,
    pub length: Length,
}

/// How long the approver wants the report to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Length {
    Shorter,
    #[default]
    AsItIs,
    Longer,
}

impl Wishes {
    pub fn read(feedback: &str, terms: &Terms) -> Self {
        let noise: BTreeSet<String> = terms.of(REQUESTS).into_iter().collect();
        let mut wishes = Self::default();
        for clause in clauses(feedback) {
            let lower = clause.to_lowercase();
            let refusal = REFUSALS.iter().filter_map(|cue| lower.find(cue)).min();
            // `Focus on cost without the history`: what stands before the cue is wanted still.
            let (before, after) = match refusal {
                Some(at) if lower.len() == clause.len() => clause.split_at(at),
                Some(_) => ("", clause),
                None => (clause, ""),
            };
            add(&mut wishes.wanted, terms, &noise, before);
            add(&mut wishes.unwanted, terms, &noise, after);
        }
        let lower = feedback.to_lowercase();
        let any = |cues: &[&str]| cues.iter().any(|cue| lower.contains(cue));
        if any(&["shorter", "brief", "concise", "too long"]) {
            wishes.length = Length::Shorter;
        } else if any(&["longer", "more detail", "deeper", "too short", "elaborate"]) {
            wishes.length = Length::Longer;
        }
        let unwanted = wishes.unwanted.clone();
        wishes.wanted.retain(|word| !unwanted.contains(word));
        wishes
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn clauses(text: &str) -> impl Iterator<Item = &str> {
    text.split(['.', ';', ',', '!', '?', '\n'])
        .flat_map(|part| part.split(" but "))
}

fn add(words: &mut Vec<(String, String)>, terms: &Terms, noise: &BTreeSet<String>, text: &str) {
    for (stem, label) in terms.labelled(text) {
        let known = words.iter().any(|(other, _)| *other == stem);
        if !known && !noise.contains(&stem) && !terms.is_filler(&stem) {
            words.push((stem, label));
        }
    }
}

/// One claim as its place in the evidence: (evidence, byte of the passage).
type Place = (usize, usize);

/// What came of the feedback, as it can be seen by comparing the analysis with the one without it.
pub fn taken(
    material: &Material<'_>,
    feedback: &str,
    wishes: &Wishes,
    before: &[Candidate<'_>],
    after: &[Candidate<'_>],
) -> FeedbackTaken {
    let places = |claims: &[Candidate<'_>]| -> BTreeSet<Place> {
        claims
            .iter()
            .map(|claim| (claim.evidence, claim.start))
            .collect()
    };
    let (old, new) = (places(before), places(after));
    let added = new.difference(&old).count();
    let removed = old.difference(&new).count();
    let mut effect: Vec<String> = Vec::new();
    for (stem, label) in &wishes.wanted {
        effect.push(found(material, stem, label, after));
    }
    let length = match wishes.length {
        Length::Shorter => "The report may have half as many claims.",
        Length::AsItIs => "",
        Length::Longer => "The report may have twice as many claims.",
    };
    effect.extend((!length.is_empty()).then(|| length.to_owned()));
    for (_, label) in &wishes.unwanted {
        effect.push(format!("Statements that mention “{label}” were left out."));
    }
    effect.push(match (wishes.is_empty(), added + removed) {
        (true, _) => "The feedback names nothing that could be searched for in the evidence; \
            the analysis is unchanged."
            .to_owned(),
        (false, 0) => "The claims are the same as before.".to_owned(),
        (false, _) => format!("Claims added: {added}, removed: {removed}."),
    });
    FeedbackTaken {
        feedback: feedback.to_owned(),
        effect: effect.join(" "),
    }
}

fn found(material: &Material<'_>, stem: &str, label: &str, claims: &[Candidate<'_>]) -> String {
    let stems = |text: &str| material.stems(text);
    let evidence = material.evidence().iter();
    let passages = evidence
        .filter(|e| mentions(&stems(&e.passage), stem))
        .count();
    let claims = claims
        .iter()
        .filter(|claim| mentions(&claim.stems, stem))
        .count();
    if passages == 0 {
        return format!("No evidence was found for “{label}”.");
    }
    format!(
        "“{label}” is mentioned in {} and now in {}.",
        counted(passages, "passage"),
        counted(claims, "claim")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(words: &[(String, String)]) -> Vec<&str> {
        words.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn requests_are_reduced_to_what_they_name() {
        let terms = Terms::english();
        let wishes = Wishes::read(
            "Please focus more on migration costs, and leave out Grover.",
            &terms,
        );
        assert_eq!(labels(&wishes.wanted), ["migration", "costs"]);
        assert_eq!(labels(&wishes.unwanted), ["Grover"]);
        let wishes = Wishes::read("Look at signatures without hash functions; shorter", &terms);
        assert_eq!(labels(&wishes.wanted), ["signatures"]);
        assert_eq!(labels(&wishes.unwanted), ["hash", "functions"]);
        assert_eq!(wishes.length, Length::Shorter);
        assert!(Wishes::read("Please do better!", &terms).is_empty());
    }
}

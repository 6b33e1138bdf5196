//! What the claims are and how far they answer: told at the top of a report, so it must be true. Where words cannot tell whether
//! something is missing, nothing is said to be.

use std::collections::BTreeSet;

use aegis_agent_kit::text::{counted, spaced, words};
use aegis_contracts::findings::{AskedWord, Evidence, Origin};

use crate::claims::Candidate;
use crate::material::{Asked, Material};
use crate::question::{has_number, has_number_word};

/// Share of the topic's weight that a claim must name before it may be called an answer.
const HALF: f64 = 0.5;
/// and below which it is said that none names all.
const MOST: f64 = 2.0 / 3.0;

/// `branches`: the claims are on several questions, of which one claim need not answer more than one.
pub fn summary(material: &Material<'_>, claims: &[Candidate<'_>], branches: bool) -> String {
    if claims.is_empty() {
        return "No claim is left: people took all of them out.".to_owned();
    }
    let sources: BTreeSet<&str> = claims
        .iter()
        .map(|claim| cited(material, claim).source.as_str())
        .collect();
    let mut text = format!(
        "{} from {}, word for word, chosen by the words that they share with the topic. No language model read them, so they may \
         miss what was meant.",
        counted(claims.len(), "claim"),
        counted(sources.len(), "document")
    );
    text.push_str(&named(material, claims));
    for asked in &material.file.asked {
        text.push_str(&taken_for(asked, claims));
    }
    if !branches {
        text.push_str(doubt(material, claims));
    }
    text
}

fn cited<'a>(material: &Material<'a>, claim: &Candidate<'_>) -> &'a Evidence {
    &material.evidence()[claim.evidence]
}

/// A claim with all that a reader sees beside it.
fn surroundings(material: &Material<'_>, claim: &Candidate<'_>) -> String {
    let evidence = cited(material, claim);
    let lead = claim.lead.unwrap_or_default();
    let headings = evidence.headings.join(" ");
    let (source, title) = (&evidence.source, &evidence.title);
    format!(
        "{} {lead} {} {headings} {title} {source}",
        claim.text, evidence.passage
    )
}

/// Which of the topic's words stand in the claims or around them.
fn named(material: &Material<'_>, claims: &[Candidate<'_>]) -> String {
    let around: Vec<String> = claims
        .iter()
        .map(|claim| surroundings(material, claim))
        .collect();
    let around = around.join("\n");
    let stems = material.stems(&around);
    let written: BTreeSet<String> = words(&around).map(str::to_lowercase).collect();
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for asked in material
        .asked
        .iter()
        .filter(|asked| !asked.aside && !asked.filler)
    {
        let label = format!("“{}”", asked.label);
        let is_there = asked.is_in(&stems)
            || written
                .iter()
                .any(|word| alike(word, &asked.label.to_lowercase()));
        if is_there {
            found.push(label)
        } else {
            missing.push(label)
        }
    }
    let (found, missing) = (found.join(", "), missing.join(", "));
    match (found.is_empty(), missing.is_empty()) {
        (false, true) => format!(" They name {found}."),
        (false, false) => format!(" They name {found}, but not {missing}."),
        (true, false) => format!(" None of them names {missing}."),
        (true, true) => String::new(),
    }
}

/// Whether two words may be forms of one, which some stemmers do not see: `kostet` and `kosten`. To miss that something is
/// missing is better than to say it falsely.
fn alike(a: &str, b: &str) -> bool {
    let shared = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let longer = a.chars().count().max(b.chars().count());
    shared >= 4 && shared + 2 >= longer
}

/// What a word was taken for, if a claim was chosen for it.
fn taken_for(asked: &AskedWord, claims: &[Candidate<'_>]) -> String {
    let says = |text: &str| {
        let text = spaced(text);
        claims.iter().any(|claim| {
            let lead = claim.lead.unwrap_or_default();
            spaced(&format!("{lead} {}", claim.text)).contains(&text)
        })
    };
    match &asked.origin {
        Origin::MisspeltFor { word } => format!(" “{}” was taken for “{word}”.", asked.word),
        Origin::AbbreviationOf { words } if says(words) && !says(&asked.word) => {
            format!(" “{}” was taken for “{words}”.", asked.word)
        }
        Origin::AbbreviationOf { .. } | Origin::AsWritten | Origin::Unknown => String::new(),
    }
}

/// Whether no piece names all of the topic.
pub fn is_doubtful(material: &Material<'_>, claims: &[Candidate<'_>]) -> bool {
    share_of_all(material, claims) < MOST
}

/// Why the claims may be no answer.
fn doubt(material: &Material<'_>, claims: &[Candidate<'_>]) -> &'static str {
    if material.is_vague() {
        return " The topic names one thing alone that can be looked for: what is said of it may not be what was asked.";
    }
    match share_of_all(material, claims) {
        ..HALF => {
            " No claim names the greater part of what is asked: the documents may not answer it."
        }
        HALF..MOST => " No single claim names all of this.",
        _ => "",
    }
}

/// The largest share of the topic that one claim names.
fn share_of_all(material: &Material<'_>, claims: &[Candidate<'_>]) -> f64 {
    let shares = claims.iter().map(|claim| share_of_topic(material, claim));
    shares.fold(0.0, f64::max)
}

/// The share of the topic that a claim names, with what introduces it and the headings above.
pub fn share_of_topic(material: &Material<'_>, claim: &Candidate<'_>) -> f64 {
    share(material, claim, &(0..material.asked.len()).collect())
}

/// Of some words of the topic, by weight.
fn share(material: &Material<'_>, claim: &Candidate<'_>, words: &BTreeSet<usize>) -> f64 {
    let mut stems = claim.stems.clone();
    stems.extend(material.stems(claim.lead.unwrap_or_default()));
    let named = material.named(claim.evidence, &stems);
    let meant = |number: &usize| {
        let label = &material.asked[*number].label;
        material.question.is_meant_by(label, claim.text)
    };
    let weight = |number: &usize| {
        let asked = &material.asked[*number];
        let counts = !asked.aside && !asked.filler;
        if counts { asked.weight } else { 0.0 }
    };
    let found = words.iter().filter(|at| named.contains(at) || meant(at));
    let found: f64 = found.map(weight).sum();
    let total: f64 = words.iter().map(weight).sum();
    if total > 0.0 { found / total } else { 1.0 }
}

/// That the claims on one of several questions may be no answer to it.
pub fn unanswered(question: &Material<'_>, claims: &[Candidate<'_>]) -> Option<String> {
    // What people took out is not missing from the documents.
    let doubtful = !claims.is_empty() && share_of_all(question, claims) < HALF;
    let topic = &question.file.topic;
    doubtful.then(|| {
        format!("No claim names the greater part of “{topic}”: the documents may not answer it.")
    })
}

/// Words of the topic that no passage has, in sentences.
pub fn unnamed(material: &Material<'_>, claims: &[Candidate<'_>]) -> Vec<String> {
    // What people took out is not missing from the documents.
    if claims.is_empty() {
        return Vec::new();
    }
    let unknown = material
        .asked
        .iter()
        .filter(|asked| !asked.known && !asked.aside && !asked.filler);
    let sentence = |asked: &Asked| {
        format!(
            "No passage names “{}”, which the topic asks about.",
            asked.label
        )
    };
    unknown.map(sentence).collect()
}

/// What was not found, in sentences.
pub fn gaps(material: &Material<'_>, claims: &[Candidate<'_>]) -> Vec<String> {
    if claims.is_empty() {
        return Vec::new();
    }
    let mut gaps = unnamed(material, claims);
    let parts = material.question.parts();
    for part in parts.iter().filter(|_| parts.len() > 1) {
        let said: BTreeSet<&str> = words(part).collect();
        let numbers = (0..material.asked.len())
            .filter(|number| said.contains(material.asked[*number].label.as_str()));
        let numbers = numbers.collect();
        let shares = claims.iter().map(|claim| share(material, claim, &numbers));
        if shares.fold(0.0, f64::max) < HALF {
            gaps.push(format!("No claim was found for the part “{part}”."));
        }
    }
    let number = |claim: &Candidate<'_>| has_number(claim.text) || has_number_word(claim.text);
    if material.question.counts() && !claims.iter().any(number) {
        gaps.push("The topic asks for a number; no claim has one.".to_owned());
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abbreviation_is_told_where_a_claim_has_only_its_words() {
        let asked = AskedWord {
            word: "2PC".to_owned(),
            stems: Vec::new(),
            weight: 1.0,
            origin: Origin::AbbreviationOf {
                words: "two phase commit".to_owned(),
            },
            aside: false,
        };
        let claim = |text| Candidate {
            evidence: 0,
            start: 0,
            text,
            lead: None,
            stems: BTreeSet::new(),
            worth: 1.0,
            wanted: 0.0,
            announced: false,
        };
        let told = |text| taken_for(&asked, &[claim(text)]);
        assert_eq!(
            told("It is prepared for two-phase commit."),
            " “2PC” was taken for “two phase commit”."
        );
        assert_eq!(told("2PC is a two-phase commit."), "");
    }

    #[test]
    fn forms_of_a_word_are_not_missing() {
        assert!(alike("kostet", "kosten") && alike("wait", "waits"));
        assert!(
            !alike("record", "recover") && !alike("port", "support") && !alike("decide", "decimal")
        );
    }
}

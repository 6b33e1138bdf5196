//! The analyst's pure part: evidence and wishes in, analysis out.
//!
//! Deterministic, no I/O, no clock. A model-backed analyst would take the place of [`analyse`] and return the same.

use std::collections::BTreeSet;

use aegis_agent_kit::text::counted;
use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::changes::ChangeRequest;
use aegis_contracts::findings::{AnalysisFile, Claim, EvidenceFile, Finding, Origin, Stance};

use crate::choice::{answering, choose};
use crate::claims::{Candidate, candidates};
use crate::compare::{Verdict, verdict};
use crate::material::Material;
use crate::sections::{Section, sections};
use crate::wishes::{self, Wishes};

/// Share of the topic's weight that a claim must name before it may be called an answer.
const HALF: f64 = 0.5;

/// `asked` is the latest change request, and the analysis that it is about.
pub fn analyse(
    file: &EvidenceFile,
    revision: u32,
    asked: Option<(&ChangeRequest, &AnalysisFile)>,
) -> AnalysisFile {
    let material = Material::new(file);
    let wishes = asked
        .map(|(request, former)| Wishes::of(request, former, &material.terms))
        .unwrap_or_default();
    let chosen = chosen(&material, &wishes);
    AnalysisFile {
        schema_version: SCHEMA_VERSION,
        workflow_id: file.workflow_id.clone(),
        topic: file.topic.clone(),
        revision,
        summary: summary(&material, &chosen.claims),
        gaps: gaps(&material, &chosen.claims),
        revised: asked
            .map(|(request, former)| wishes::revised(&material, request, former, &chosen.claims)),
        findings: findings(&material, chosen),
        left_out: wishes.left_out.into_iter().collect(),
    }
}

/// The claims, best first, and all that they may be compared with.
struct Chosen<'a> {
    claims: Vec<Candidate<'a>>,
    answering: Vec<Candidate<'a>>,
}

fn chosen<'a>(material: &Material<'a>, wishes: &Wishes) -> Chosen<'a> {
    let all = candidates(material, wishes);
    let mut claims = choose(material, &all, wishes);
    // Where people took everything out, nothing is what they want.
    if claims.is_empty() && wishes.left_out.is_empty() {
        claims.extend(first_line(material));
    }
    let answering = match wishes.shown {
        // A later revision shows no claim that nobody asked for.
        Some(_) => claims.clone(),
        None => answering(&all).cloned().collect(),
    };
    Chosen { claims, answering }
}

/// Where nothing can be said by itself (a note of two words), the best passage speaks.
fn first_line<'a>(material: &Material<'a>) -> Option<Candidate<'a>> {
    let first = material.evidence().first()?;
    let text = first.passage.lines().find(|line| !line.trim().is_empty())?;
    Some(Candidate {
        evidence: 0,
        start: text.as_ptr() as usize - first.passage.as_ptr() as usize,
        text,
        lead: None,
        stems: material.stems(text),
        worth: 1.0,
        wanted: 0.0,
    })
}

fn findings(material: &Material<'_>, chosen: Chosen<'_>) -> Vec<Finding> {
    let Chosen { claims, answering } = chosen;
    let mut said: BTreeSet<(usize, usize)> = claims
        .iter()
        .map(|claim| (claim.evidence, claim.start))
        .collect();
    let mut findings = Vec::new();
    for (number, mut section) in (1..).zip(sections(material, claims)) {
        let verdict = compared(material, &mut section, &answering, &mut said);
        let claim = |claim: Candidate<'_>| Claim {
            text: claim.text.to_owned(),
            lead: claim.lead.map(str::to_owned),
            evidence: material.evidence()[claim.evidence].id.clone(),
        };
        findings.push(Finding {
            id: format!("f{number}"),
            heading: section.heading,
            claims: section.claims.into_iter().map(claim).collect(),
            stance: verdict.stance,
            note: verdict.note,
        });
    }
    findings
}

/// How the section's claims compare with all that answers, differences before agreement. What a claim differs from is said
/// beside it, so that a reader can judge.
fn compared<'a>(
    material: &Material<'a>,
    section: &mut Section<'a>,
    answering: &[Candidate<'a>],
    said: &mut BTreeSet<(usize, usize)>,
) -> Verdict {
    let mut agreement = None;
    for (at, claim) in section.claims.iter().enumerate() {
        for other in answering {
            match verdict(material, claim, other) {
                Some(verdict) if verdict.stance == Stance::Disagreement => {
                    if said.insert((other.evidence, other.start)) {
                        section.claims.insert(at + 1, other.clone());
                    }
                    return verdict;
                }
                Some(verdict) => agreement = agreement.or(Some(verdict)),
                None => {}
            }
        }
    }
    agreement.unwrap_or_else(Verdict::silent)
}

/// What the claims are, and how far they answer.
fn summary(material: &Material<'_>, claims: &[Candidate<'_>]) -> String {
    let sources: BTreeSet<&str> = claims
        .iter()
        .map(|claim| material.evidence()[claim.evidence].source.as_str())
        .collect();
    let mut text = format!(
        "{} from {}, word for word, chosen by the words that they share with the topic. No language model read them, so they may \
         miss what was meant.",
        counted(claims.len(), "claim"),
        counted(sources.len(), "document")
    );
    let names = |claim: &Candidate<'_>| {
        let mut stems = claim.stems.clone();
        stems.extend(material.stems(claim.lead.unwrap_or_default()));
        material.named(claim.evidence, &stems)
    };
    let named: BTreeSet<usize> = claims.iter().flat_map(names).collect();
    let told = |number: usize| !material.asked[number].aside && !material.asked[number].filler;
    let quoted = |wanted: &dyn Fn(usize) -> bool| {
        let numbers = (0..material.asked.len()).filter(|number| told(*number) && wanted(*number));
        let labels = numbers.map(|number| format!("“{}”", material.asked[number].label));
        labels.collect::<Vec<_>>().join(", ")
    };
    let (found, missing) = (
        quoted(&|n| named.contains(&n)),
        quoted(&|n| !named.contains(&n)),
    );
    text.push_str(&match (found.is_empty(), missing.is_empty()) {
        (false, true) => format!(" They name {found}."),
        (false, false) => format!(" They name {found}, but not {missing}."),
        (true, false) => format!(" None of them names {missing}."),
        (true, true) => String::new(),
    });
    for asked in &material.file.asked {
        match &asked.origin {
            Origin::MisspeltFor { word } => {
                text.push_str(&format!(" “{}” was taken for “{word}”.", asked.word))
            }
            Origin::AbbreviationOf { words } => {
                text.push_str(&format!(" “{}” was taken for “{words}”.", asked.word))
            }
            Origin::AsWritten | Origin::Unknown => {}
        }
    }
    let weight = |number: &usize| material.asked[*number].weight;
    let needed = |number: &usize| !material.asked[*number].aside;
    let total: f64 = (0..material.asked.len())
        .filter(needed)
        .map(|number| weight(&number))
        .sum();
    let share = |claim: &Candidate<'_>| {
        names(claim)
            .iter()
            .filter(|n| needed(n))
            .map(weight)
            .sum::<f64>()
    };
    let best = claims.iter().map(share).fold(0.0, f64::max);
    if best < HALF * total {
        text.push_str(
            " No claim names the greater part of what is asked: the documents may not answer it.",
        );
    }
    text
}

fn gaps(material: &Material<'_>, claims: &[Candidate<'_>]) -> Vec<String> {
    let unknown = material
        .asked
        .iter()
        .filter(|asked| !asked.known && !asked.aside && !asked.filler);
    let mut gaps: Vec<String> = unknown
        .map(|asked| {
            format!(
                "No passage names “{}”, which the topic asks about.",
                asked.label
            )
        })
        .collect();
    let digit = |claim: &Candidate<'_>| claim.text.contains(|c: char| c.is_numeric());
    if material.question.wants_numbers() && !claims.iter().any(digit) {
        gaps.push("The topic asks for a number; no claim has one.".to_owned());
    }
    gaps
}

//! The analyst's pure part: evidence and wishes in, analysis out.
//!
//! Deterministic, no I/O, no clock. A model-backed analyst would take the place of [`analyse`] and return the same.

use std::collections::BTreeSet;

use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::changes::ChangeRequest;
use aegis_contracts::findings::{AnalysisFile, Claim, EvidenceFile, Finding, Stance};

use crate::branches::is_same;
use crate::choice::{answering, choose, choose_in_turn};
use crate::claims::{Candidate, candidates};
use crate::compare::{Verdict, verdict};
use crate::material::Material;
use crate::missing;
use crate::sections::{Section, sections};
use crate::wishes::{self, Wishes};

/// `asked` is the latest change request, and the analysis that it is about.
pub fn analyse(
    file: &EvidenceFile,
    revision: u32,
    asked: Option<(&ChangeRequest, &AnalysisFile)>,
) -> AnalysisFile {
    analyse_branches(file, &[], revision, asked)
}

/// Like [`analyse`], where `file` is what the branches of a step found [together](crate::branches::merged): each of their
/// questions is answered by itself.
pub fn analyse_branches(
    file: &EvidenceFile,
    branches: &[EvidenceFile],
    revision: u32,
    asked: Option<(&ChangeRequest, &AnalysisFile)>,
) -> AnalysisFile {
    let material = Material::new(file);
    let wishes = asked
        .map(|(request, former)| Wishes::of(request, former, &material.terms))
        .unwrap_or_default();
    let chosen = chosen(&material, branches, &wishes);
    AnalysisFile {
        schema_version: SCHEMA_VERSION,
        workflow_id: file.workflow_id.clone(),
        topic: file.topic.clone(),
        revision,
        summary: missing::summary(&material, &chosen.claims, !branches.is_empty()),
        gaps: chosen.gaps.clone(),
        evidence_sha256: None,
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
    /// What they do not tell.
    gaps: Vec<String>,
}

fn chosen<'a>(
    material: &Material<'a>,
    branches: &'a [EvidenceFile],
    wishes: &Wishes,
) -> Chosen<'a> {
    let mut chosen = if branches.is_empty() {
        let all = candidates(material, wishes);
        Chosen {
            claims: choose(material, &all, wishes),
            answering: answering(&all).cloned().collect(),
            gaps: Vec::new(),
        }
    } else {
        in_turn(material, branches, wishes)
    };
    // Where people took everything out, nothing is what they want.
    if chosen.claims.is_empty() && wishes.left_out.is_empty() {
        chosen.claims.extend(first_line(material));
    }
    // A later revision shows no claim that nobody asked for.
    if wishes.shown.is_some() {
        chosen.answering.clone_from(&chosen.claims);
    }
    let gaps = match branches {
        [] => missing::gaps(material, &chosen.claims),
        _ => missing::unnamed(material, &chosen.claims),
    };
    chosen.gaps.splice(0..0, gaps);
    chosen
}

/// Of each branch what answers its question.
fn in_turn<'a>(
    material: &Material<'a>,
    branches: &'a [EvidenceFile],
    wishes: &Wishes,
) -> Chosen<'a> {
    let mut claims = Vec::new();
    let mut all: Vec<Candidate<'a>> = Vec::new();
    let mut known = BTreeSet::new();
    let mut gaps = Vec::new();
    for file in branches {
        let question = Material::new(file);
        let candidates = candidates(&question, wishes);
        // By its place among the passages of all branches.
        let cited = |claim: &Candidate<'a>| {
            let passage = file.evidence.get(claim.evidence)?;
            let mut passages = material.evidence().iter();
            let evidence = passages.position(|other| is_same(other, passage))?;
            Some(Candidate {
                evidence,
                ..claim.clone()
            })
        };
        let chosen = choose(&question, &candidates, wishes);
        gaps.extend(missing::unanswered(&question, &chosen));
        claims.push(chosen.iter().filter_map(cited).collect::<Vec<_>>());
        let answering = answering(&candidates).filter_map(cited);
        all.extend(answering.filter(|claim| known.insert(key(claim))));
    }
    Chosen {
        claims: choose_in_turn(material, &claims, wishes),
        answering: all,
        gaps,
    }
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
        announced: false,
    })
}

fn findings(material: &Material<'_>, chosen: Chosen<'_>) -> Vec<Finding> {
    let Chosen {
        claims, answering, ..
    } = chosen;
    let mut said: BTreeSet<Key> = claims.iter().map(key).collect();
    let mut pairs = BTreeSet::new();
    let mut findings = Vec::new();
    for (number, mut section) in (1..).zip(sections(material, claims)) {
        let verdict = compared(material, &mut section, &answering, &mut said, &mut pairs);
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

/// A claim by its place.
type Key = (usize, usize);

fn key(claim: &Candidate<'_>) -> Key {
    (claim.evidence, claim.start)
}

/// How the section's claims compare with all that answers, differences before agreement. What a claim differs from is said
/// beside it, so that a reader can judge.
fn compared<'a>(
    material: &Material<'a>,
    section: &mut Section<'a>,
    answering: &[Candidate<'a>],
    said: &mut BTreeSet<Key>,
    pairs: &mut BTreeSet<BTreeSet<Key>>,
) -> Verdict {
    let mut agreement = None;
    for (at, claim) in section.claims.iter().enumerate() {
        for other in answering {
            match verdict(material, claim, other) {
                Some(verdict) if verdict.stance == Stance::Disagreement => {
                    // Told once, at the better claim.
                    if !pairs.insert([key(claim), key(other)].into_iter().collect()) {
                        continue;
                    }
                    if said.insert(key(other)) {
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

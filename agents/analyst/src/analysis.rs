//! The analyst's pure part: evidence and feedback in, analysis out.
//!
//! Deterministic, no I/O, no clock. A model-backed analyst would take the place of [`analyse`] and return the same.

use std::collections::BTreeSet;

use aegis_agent_kit::text::counted;
use aegis_contracts::SCHEMA_VERSION;
use aegis_contracts::findings::{AnalysisFile, Claim, EvidenceFile, Finding, Stance};
use aegis_contracts::request::Depth;

use crate::claims::{Candidate, candidates, leans, pick};
use crate::feedback::{self, Wishes};
use crate::grouping::groups;
use crate::heading::heading;
use crate::material::{Material, mentions};
use crate::stance::{Verdict, verdict};

/// Claims that the summary repeats.
const IN_SUMMARY: usize = 3;
/// Likeness from which a sentence was said before.
const TOLD: f64 = 0.5;

/// A finding before it is written down.
struct Draft<'a> {
    heading: String,
    claims: Vec<Candidate<'a>>,
    verdict: Verdict,
}

impl Draft<'_> {
    fn says_something(&self) -> bool {
        self.claims.iter().any(|claim| !leans(claim.text))
    }
}

pub fn analyse(file: &EvidenceFile, revision: u32, feedback: Option<&str>) -> AnalysisFile {
    let material = Material::new(file);
    let feedback = feedback.map(str::trim).filter(|text| !text.is_empty());
    let wishes = feedback
        .map(|text| Wishes::read(text, &material.terms))
        .unwrap_or_default();
    let drafts = drafts(&material, &wishes);
    let taken = feedback.map(|text| {
        let before = said(&self::drafts(&material, &Wishes::default()));
        feedback::taken(&material, text, &wishes, &before, &said(&drafts))
    });
    AnalysisFile {
        schema_version: SCHEMA_VERSION,
        workflow_id: file.workflow_id.clone(),
        topic: file.topic.clone(),
        revision,
        summary: summary(&drafts),
        gaps: gaps(&material, &wishes, &drafts),
        findings: (1..)
            .zip(drafts)
            .map(|(number, draft)| written(file, number, draft))
            .collect(),
        feedback: taken,
    }
}

/// Findings and claims per finding.
fn amounts(depth: Depth, evidence: usize, wishes: &Wishes) -> (usize, usize) {
    let (findings, claims) = match depth {
        Depth::Quick => (2, 2),
        Depth::Standard => (4, 3),
        Depth::Comprehensive => (6, 4),
    };
    let claims = usize::try_from(claims + wishes.claims).unwrap_or(1).max(1);
    // A group needs about two passages to be more than a quotation.
    (findings.min(evidence.div_ceil(2)).max(1), claims)
}

fn drafts<'a>(material: &Material<'a>, wishes: &Wishes) -> Vec<Draft<'a>> {
    let depth = material.file.depth;
    let (findings, amount) = amounts(depth, material.evidence().len(), wishes);
    let all = candidates(material, wishes);
    let mut drafts: Vec<Draft<'a>> = Vec::new();
    for group in groups(material, findings, wishes) {
        // What one finding says, another need not say again.
        let before = said(&drafts);
        let told = |c: &&Candidate<'a>| {
            before
                .iter()
                .any(|b| material.likeness(&b.stems, &c.stems) > TOLD)
        };
        let here = all.iter().filter(|c| group.contains(&c.evidence));
        let own: Vec<&Candidate<'a>> = here.filter(|c| !told(c)).collect();
        let mut claims = pick(material, &own, amount);
        if claims.is_empty() {
            continue;
        }
        let verdict = verdict(material, &all, &claims);
        show(&mut claims, &all, &verdict);
        let used: Vec<String> = drafts.iter().map(|draft| draft.heading.clone()).collect();
        let spoken: Vec<usize> = claims.iter().map(|claim| claim.evidence).collect();
        drafts.push(Draft {
            heading: heading(material, &spoken, &used),
            claims,
            verdict,
        });
    }
    // A group that has nothing to say for itself is better left out, unless it is all there is.
    if drafts.iter().any(|draft| draft.says_something()) {
        drafts.retain(Draft::says_something);
    }
    if drafts.is_empty() {
        drafts.extend(whole(material));
    }
    drafts
}

/// Sentences that the verdict names become claims, so that a reader can judge for himself.
fn show<'a>(claims: &mut Vec<Candidate<'a>>, all: &[Candidate<'a>], verdict: &Verdict) {
    for place in &verdict.shown_by {
        let is = |candidate: &Candidate<'_>| (candidate.evidence, candidate.position) == *place;
        if !claims.iter().any(is) {
            claims.extend(all.iter().find(|candidate| is(candidate)).cloned());
        }
    }
}

/// Where nothing is a proper sentence (lists, tables, a note of three words), the best passage speaks as a whole.
fn whole<'a>(material: &Material<'a>) -> Option<Draft<'a>> {
    let first = material.evidence().first()?;
    let claim = Candidate {
        evidence: 0,
        position: 0,
        text: &first.passage,
        stems: material.stems(&first.passage),
        worth: 1.0,
    };
    Some(Draft {
        heading: heading(material, &[0], &[]),
        verdict: verdict(material, &[], std::slice::from_ref(&claim)),
        claims: vec![claim],
    })
}

fn said<'a>(drafts: &[Draft<'a>]) -> Vec<Candidate<'a>> {
    drafts
        .iter()
        .flat_map(|draft| draft.claims.iter().cloned())
        .collect()
}

fn summary(drafts: &[Draft<'_>]) -> String {
    let first = drafts.iter().filter_map(|draft| draft.claims.first());
    let mut parts: Vec<String> = first.take(IN_SUMMARY).map(|c| c.text.to_owned()).collect();
    let count = |stance: Stance| drafts.iter().filter(|d| d.verdict.stance == stance).count();
    let (agree, differ) = (count(Stance::Agreement), count(Stance::Disagreement));
    parts.push(format!(
        "Of {}, sources agree on {agree}, may differ on {differ}, and {} rest on a single source each.",
        counted(drafts.len(), "finding"),
        count(Stance::SingleSource)
    ));
    parts.join(" ")
}

fn gaps(material: &Material<'_>, wishes: &Wishes, drafts: &[Draft<'_>]) -> Vec<String> {
    let evidence = material.evidence();
    let text = |e: &aegis_contracts::findings::Evidence| {
        format!("{} {} {}", e.title, e.location, e.passage)
    };
    let everything: BTreeSet<String> = evidence
        .iter()
        .flat_map(|e| material.stems(&text(e)))
        .collect();
    let mut gaps = Vec::new();
    for (stem, label) in &material.topic {
        if !mentions(&everything, stem) {
            gaps.push(format!(
                "No passage mentions “{label}”, which the topic asks about."
            ));
        }
    }
    for (stem, label) in &wishes.wanted {
        if !mentions(&everything, stem) {
            gaps.push(format!(
                "No passage mentions “{label}”, which the approver asked about."
            ));
        }
    }
    let claims = said(drafts);
    let amounts = ["cost", "price", "much", "many", "long"];
    let asks = |word: &str| amounts.contains(&word.to_lowercase().trim_end_matches('s'));
    let asked = aegis_agent_kit::text::words(&material.file.topic).any(asks);
    if asked
        && !claims
            .iter()
            .any(|c| c.text.chars().any(|c| c.is_ascii_digit()))
    {
        gaps.push("The topic asks for amounts; the statements found name no numbers.".to_owned());
    }
    let sources: BTreeSet<&str> = evidence.iter().map(|e| e.source.as_str()).collect();
    if sources.len() == 1 {
        gaps.push(
            "All evidence comes from one document, so nothing could be checked against another."
                .to_owned(),
        );
    }
    gaps
}

fn written(file: &EvidenceFile, number: usize, draft: Draft<'_>) -> Finding {
    let claim = |claim: Candidate<'_>| Claim {
        text: claim.text.to_owned(),
        evidence: file.evidence[claim.evidence].id.clone(),
    };
    Finding {
        id: format!("f{number}"),
        heading: draft.heading,
        claims: draft.claims.into_iter().map(claim).collect(),
        stance: draft.verdict.stance,
        note: draft.verdict.note,
    }
}

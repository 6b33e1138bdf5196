//! Numbers the passages that a report cites, and refuses an analysis that says what its evidence does not.

use std::collections::{BTreeMap, BTreeSet};

use aegis_contracts::findings::{AnalysisFile, Claim, Evidence, EvidenceFile, PassageKind};

/// Why an analysis must not become a report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfounded {
    #[error("the claim “{claim}” cites `{evidence}`, which the evidence does not hold")]
    UnknownEvidence { claim: String, evidence: String },
    #[error(
        "the claim “{claim}” does not stand in the source as one text: no line of the passage `{evidence}` that it cites holds it"
    )]
    NotVerbatim { claim: String, evidence: String },
    #[error("“{lead}” does not introduce the passage `{evidence}`")]
    NotItsLead { lead: String, evidence: String },
    #[error("the evidence holds two passages called `{0}`")]
    AmbiguousEvidence(String),
    #[error("the finding “{0}` makes no claim")]
    NoClaim(String),
    #[error("the analysis has no findings")]
    NoFinding,
    #[error("the analysis is of another workflow than the evidence")]
    OtherWorkflow,
}

/// The passages that are cited, by their number from 1 in the order of their first use.
#[derive(Debug, Clone, PartialEq)]
pub struct Citations<'a> {
    numbers: BTreeMap<&'a str, usize>,
    passages: Vec<&'a Evidence>,
}

impl<'a> Citations<'a> {
    /// # Errors
    /// For the first claim that is not to be found, word by word, in one line of the passage that it names.
    pub fn check(
        evidence: &'a EvidenceFile,
        analysis: &'a AnalysisFile,
    ) -> Result<Self, Unfounded> {
        if evidence.workflow_id != analysis.workflow_id {
            return Err(Unfounded::OtherWorkflow);
        }
        let mut known: BTreeMap<&str, &'a Evidence> = BTreeMap::new();
        for item in &evidence.evidence {
            if known.insert(&item.id, item).is_some() {
                return Err(Unfounded::AmbiguousEvidence(item.id.clone()));
            }
        }
        // Approvers may have taken all of them out; else an analyst that found nothing has failed.
        if analysis.findings.is_empty() && analysis.left_out.is_empty() {
            return Err(Unfounded::NoFinding);
        }
        let mut citations = Self {
            numbers: BTreeMap::new(),
            passages: Vec::new(),
        };
        for finding in &analysis.findings {
            if finding.claims.is_empty() {
                return Err(Unfounded::NoClaim(finding.heading.clone()));
            }
            for claim in &finding.claims {
                citations.add(&known, claim)?;
            }
        }
        Ok(citations)
    }

    fn add(
        &mut self,
        known: &BTreeMap<&str, &'a Evidence>,
        claim: &Claim,
    ) -> Result<(), Unfounded> {
        let Claim {
            text,
            lead,
            evidence,
        } = claim;
        let Some(item) = known.get(evidence.as_str()).copied() else {
            return Err(Unfounded::UnknownEvidence {
                claim: text.clone(),
                evidence: evidence.clone(),
            });
        };
        if text.trim().is_empty() || !stands(item, text) {
            return Err(Unfounded::NotVerbatim {
                claim: text.clone(),
                evidence: evidence.clone(),
            });
        }
        if let Some(lead) = lead.as_ref().filter(|lead| !introduces(item, lead)) {
            return Err(Unfounded::NotItsLead {
                lead: lead.clone(),
                evidence: evidence.clone(),
            });
        }
        if !self.numbers.contains_key(item.id.as_str()) {
            self.passages.push(item);
            self.numbers.insert(&item.id, self.passages.len());
        }
        Ok(())
    }

    /// The number of a claim's passage. Every claim that was checked has one.
    pub fn number(&self, claim: &Claim) -> usize {
        self.numbers
            .get(claim.evidence.as_str())
            .copied()
            .unwrap_or(0)
    }

    /// What a claim's passage is. Every claim that was checked has one.
    pub fn kind(&self, claim: &Claim) -> PassageKind {
        let passage = self
            .number(claim)
            .checked_sub(1)
            .and_then(|at| self.passages.get(at));
        passage.map_or(PassageKind::Paragraph, |passage| passage.kind)
    }

    /// In the order of their numbers. Each is cited by at least one claim.
    pub fn passages(&self) -> &[&'a Evidence] {
        &self.passages
    }

    /// The documents that the cited passages are from.
    pub fn sources(&self) -> BTreeSet<&'a str> {
        self.passages
            .iter()
            .map(|passage| passage.source.as_str())
            .collect()
    }
}

/// Each line of a passage is one text of the source. What begins in one and ends in another never stood there so.
fn stands(item: &Evidence, text: &str) -> bool {
    match item.kind {
        PassageKind::Code => item.passage.contains(text),
        _ => item.passage.lines().any(|line| line.contains(text)),
    }
}

fn introduces(item: &Evidence, lead: &str) -> bool {
    item.lead.as_deref() == Some(lead) || item.passage.lines().any(|line| line == lead)
}

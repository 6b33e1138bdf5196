//! What approvers asked to be changed, as the choice of claims needs it, and what was done about it.
//!
//! A revision shows what the one before it showed, but for what was asked: nothing else comes or goes. Where the sources
//! were searched again, what answers may come in addition.

use std::collections::BTreeSet;

use aegis_agent_kit::text::{Terms, counted};
use aegis_contracts::changes::{ChangeRequest, findings};
use aegis_contracts::findings::{AnalysisFile, Finding, Revised};

use crate::claims::Candidate;
use crate::material::{Material, mentions};

/// Claims that each term may add.
const FOR_A_TERM: usize = 2;

/// What is asked of the claims.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wishes {
    /// Stems that claims shall have, with their words.
    pub wanted: Vec<(String, String)>,
    /// Texts that were taken out, in this revision or an earlier one.
    pub left_out: BTreeSet<String>,
    /// Texts that were shown before and stay. `None`: there was no revision before.
    pub shown: Option<BTreeSet<String>>,
    /// Beside those that stay and those that are wanted, whatever answers may be said.
    pub search_again: bool,
    /// At most so many claims.
    pub at_most: Option<usize>,
    /// Claims beyond the usual number.
    pub more: usize,
}

impl Wishes {
    /// `former` is the analysis that the request is about.
    pub fn of(request: &ChangeRequest, former: &AnalysisFile, terms: &Terms) -> Self {
        let mut wishes = Self::default();
        let changes = &request.changes;
        for (stem, label) in changes.terms.iter().flat_map(|term| terms.labelled(term)) {
            if !wishes.wanted.iter().any(|(known, _)| *known == stem) {
                wishes.wanted.push((stem, label));
            }
        }
        wishes.more = FOR_A_TERM * changes.terms.len();
        wishes.left_out = former.left_out.iter().cloned().collect();
        for (number, finding) in (1..).zip(&former.findings) {
            let kept = changes.keep.is_empty() || changes.keep.contains(&number);
            if !kept || changes.drop.contains(&number) {
                wishes.left_out.extend(texts(finding));
            }
        }
        let shown: BTreeSet<String> = former.findings.iter().flat_map(texts).collect();
        if changes.shorter {
            wishes.at_most = Some(shown.len().div_ceil(2).max(1));
        }
        wishes.shown = Some(&shown - &wishes.left_out);
        wishes.search_again = changes.search_again;
        wishes
    }

    /// Whether the text may be said at all.
    pub fn admit(&self, text: &str, wanted: bool) -> bool {
        let shown = self.shown.as_ref();
        let open = self.search_again || shown.is_none_or(|texts| texts.contains(text));
        !self.left_out.contains(text) && (wanted || open)
    }

    /// Whether it was shown before, and nobody asked for it to go.
    pub fn stays(&self, text: &str) -> bool {
        let shown = self.shown.as_ref();
        shown.is_some_and(|texts| texts.contains(text))
    }
}

fn texts(finding: &Finding) -> impl Iterator<Item = String> {
    finding.claims.iter().map(|claim| claim.text.clone())
}

/// What became of the latest request.
pub fn revised(
    material: &Material<'_>,
    request: &ChangeRequest,
    former: &AnalysisFile,
    claims: &[Candidate<'_>],
) -> Revised {
    let changes = &request.changes;
    let mut done = Vec::new();
    let numbers = |wanted: &[u32]| -> (Vec<u32>, Vec<u32>) {
        let known = former.findings.len();
        let is_there = |number: &u32| usize::try_from(*number).is_ok_and(|number| number <= known);
        wanted.iter().copied().partition(is_there)
    };
    let (dropped, unknown) = numbers(&changes.drop);
    match dropped.as_slice() {
        [] => {}
        [_] => done.push(format!("{} was taken out.", capital(&dropped))),
        _ => done.push(format!("{} were taken out.", capital(&dropped))),
    }
    let (kept, not_kept) = numbers(&changes.keep);
    match kept.as_slice() {
        [] if !changes.keep.is_empty() => done.push("All findings were taken out.".to_owned()),
        [] => {}
        [_] => done.push(format!("{} alone was kept.", capital(&kept))),
        _ => done.push(format!("{} alone were kept.", capital(&kept))),
    }
    let unknown = [unknown, not_kept].concat();
    if !unknown.is_empty() {
        let revision = request.revision;
        done.push(format!(
            "Revision {revision} has no {}.",
            findings(&unknown)
        ));
    }
    if changes.search_again {
        done.push("The sources were searched again.".to_owned());
    }
    for term in &changes.terms {
        done.push(found(material, term, changes.search_again, claims));
    }
    if changes.shorter {
        let before = former.findings.iter().flat_map(texts).count();
        let now = claims.len();
        done.push(match now < before {
            true => format!(
                "Made shorter: {now} instead of {}.",
                counted(before, "claim")
            ),
            false => "It could not be made shorter.".to_owned(),
        });
    }
    if changes.is_empty() {
        done.push(
            "The comment is kept, and changed nothing: this analyst only takes out or keeps findings, adds terms, has the \
             sources searched again and makes the report shorter."
                .to_owned(),
        );
    }
    if claims.is_empty() {
        done.push("Nothing is left to report.".to_owned());
    }
    Revised {
        request: request.clone(),
        done,
    }
}

/// At the beginning of a sentence.
fn capital(numbers: &[u32]) -> String {
    findings(numbers).replacen('f', "F", 1)
}

fn found(
    material: &Material<'_>,
    term: &str,
    searched_again: bool,
    claims: &[Candidate<'_>],
) -> String {
    let labelled = material.terms.labelled(term);
    if labelled.is_empty() {
        return format!("“{term}” names nothing that can be looked for.");
    }
    // What was looked for: words without a subject are not.
    let mut words: Vec<&str> = labelled.iter().map(|(_, label)| label.as_str()).collect();
    words.dedup();
    let term = words.join(" ");
    let stems: Vec<&String> = labelled.iter().map(|(stem, _)| stem).collect();
    let names = |text: &BTreeSet<String>| stems.iter().all(|stem| mentions(text, stem));
    let evidence = material.evidence().iter();
    let passages = evidence.filter(|evidence| names(&material.stems(&evidence.passage)));
    let passages = passages.count();
    if passages == 0 && searched_again {
        return format!("No passage that was found names “{term}”.");
    }
    if passages == 0 {
        return format!("No passage of the evidence names “{term}”; another search may find one.");
    }
    let claims = claims.iter().filter(|claim| names(&claim.stems)).count();
    format!(
        "“{term}” is named in {}, and now in {}.",
        counted(passages, "passage"),
        counted(claims, "claim")
    )
}

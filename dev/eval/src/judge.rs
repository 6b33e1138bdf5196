//! Whether what the agents wrote holds the answer, and how clean it is.

use std::collections::BTreeMap;

use aegis_contracts::findings::{AnalysisFile, Claim, Evidence, Stance};
use anyhow::Context;
use regex::{Regex, RegexBuilder};

use crate::ask::{Answer, Made};
use crate::one_text::Pieces;
use crate::packages::Loaded;
use crate::questions::Question;

/// Claims that a reader surely sees.
const FIRST: usize = 4;

/// How far one piece of an answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    pub in_evidence: bool,
    pub in_claims: bool,
    pub in_first_claims: bool,
}

#[derive(Debug)]
pub struct Judged {
    pub id: String,
    pub pieces: Vec<Piece>,
    /// Why, where the researcher refused.
    pub refused: Option<String>,
    pub evidence: usize,
    pub claims: usize,
    /// Claims that stand nowhere in their source as one text.
    pub nowhere: usize,
    /// Headings over claims in the report.
    pub headings: usize,
    pub says_sources_differ: bool,
    pub seconds: f64,
}

/// # Errors
/// Where a pattern is none, or evidence names a file that was not read.
pub fn judge(question: &Question, answer: &Answer, loaded: &Loaded) -> anyhow::Result<Judged> {
    let mut judged = Judged {
        id: question.id.clone(),
        pieces: Vec::new(),
        refused: None,
        evidence: 0,
        claims: 0,
        nowhere: 0,
        headings: 0,
        says_sources_differ: false,
        seconds: answer.seconds,
    };
    let patterns = question.pieces.iter().map(|pattern| {
        let built = RegexBuilder::new(pattern).case_insensitive(true).build();
        built.with_context(|| format!("{}: the pattern {pattern}", question.id))
    });
    let patterns: Vec<Regex> = patterns.collect::<anyhow::Result<_>>()?;
    match &answer.made {
        Made::Refused(reason) => {
            judged.refused = Some(reason.clone());
            let lost = Piece {
                in_evidence: false,
                in_claims: false,
                in_first_claims: false,
            };
            judged.pieces = vec![lost; patterns.len()];
        }
        Made::Report {
            evidence,
            analysis,
            report,
        } => {
            let claims = claims(analysis);
            let first = &claims[..claims.len().min(FIRST)];
            let says =
                |claims: &[&Claim], p: &Regex| claims.iter().any(|claim| p.is_match(&shown(claim)));
            judged.pieces = patterns
                .iter()
                .map(|pattern| Piece {
                    in_evidence: evidence
                        .evidence
                        .iter()
                        .any(|e| pattern.is_match(&e.passage)),
                    in_claims: says(&claims, pattern),
                    in_first_claims: says(first, pattern),
                })
                .collect();
            judged.evidence = evidence.evidence.len();
            judged.claims = claims.len();
            judged.nowhere = nowhere(&claims, &evidence.evidence, loaded)?;
            judged.headings = headings(report);
            let differ = |stance: Stance| stance == Stance::Disagreement;
            judged.says_sources_differ = analysis.findings.iter().any(|f| differ(f.stance));
        }
    }
    Ok(judged)
}

/// With what introduces it.
fn shown(claim: &Claim) -> String {
    let lead = claim.lead.as_deref().unwrap_or_default();
    format!("{lead} {}", claim.text)
}

/// In the order in which a report shows them.
fn claims(analysis: &AnalysisFile) -> Vec<&Claim> {
    let findings = analysis.findings.iter();
    findings.flat_map(|finding| &finding.claims).collect()
}

fn nowhere(claims: &[&Claim], evidence: &[Evidence], loaded: &Loaded) -> anyhow::Result<usize> {
    let mut read: BTreeMap<&str, Pieces> = BTreeMap::new();
    let mut count = 0;
    for claim in claims {
        let cited = evidence.iter().find(|e| e.id == claim.evidence);
        let source = &cited.context("a claim cites unknown evidence")?.source;
        if !read.contains_key(source.as_str()) {
            let file = loaded.files.iter().find(|file| file.uri == *source);
            let document = loaded.documents().iter().find(|d| d.uri == *source);
            let (file, document) = file.zip(document).context("evidence of an unknown file")?;
            read.insert(source, Pieces::of(file, document));
        }
        let held = read
            .get(source.as_str())
            .is_some_and(|pieces| pieces.hold(&claim.text));
        count += usize::from(!held);
    }
    Ok(count)
}

/// Those over claims, not those that every report has.
fn headings(report: &str) -> usize {
    let own = [
        "## What is uncertain",
        "## How this was made",
        "## References",
    ];
    let headings = report.lines().filter(|line| line.starts_with("## "));
    headings.filter(|line| !own.contains(line)).count()
}

#[cfg(test)]
mod tests {
    use aegis_agent_researcher::sources::RawFile;
    use aegis_contracts::findings::Depth;

    use super::*;
    use crate::ask::ask;
    use crate::questions::Outcome;

    fn loaded() -> Loaded {
        let files = vec![RawFile {
            uri: "s3://eval/lake.html".to_owned(),
            bytes: b"<h1>The lake</h1><p>The deepest point of the lake lies 212 metres under its surface, \
                     which divers reached in 1961.</p><p>Boats may cross the lake at all hours of the day, \
                     and no permit is asked for.</p>"
                .to_vec(),
        }];
        Loaded::of(files)
    }

    fn question(text: &str, pieces: &[&str]) -> Question {
        Question {
            id: "T01".to_owned(),
            set: "lake".to_owned(),
            kind: "fact".to_owned(),
            question: text.to_owned(),
            _answer: String::new(),
            pieces: pieces.iter().map(|p| (*p).to_owned()).collect(),
            outcome: Outcome::Answer,
        }
    }

    fn judged(text: &str, pieces: &[&str]) -> Judged {
        let (question, loaded) = (question(text, pieces), loaded());
        let answer = ask(text, Depth::Standard, loaded.library()).unwrap();
        judge(&question, &answer, &loaded).unwrap()
    }

    #[test]
    fn an_answer_is_followed_from_evidence_to_the_first_claims() {
        let judged = judged(
            "How deep is the deepest point of the lake?",
            &["212 METRES", "ocean"],
        );
        let piece = |found| Piece {
            in_evidence: found,
            in_claims: found,
            in_first_claims: found,
        };
        assert_eq!(judged.pieces, [piece(true), piece(false)]);
        assert!(judged.claims > 0);
        assert_eq!((judged.nowhere, judged.refused), (0, None));
    }

    #[test]
    fn a_refusal_holds_no_piece() {
        let judged = judged("Which grapes grow on volcanoes?", &["212 metres"]);
        assert!(judged.refused.is_some());
        assert!(!judged.pieces[0].in_evidence);
    }

    #[test]
    fn headings_over_claims_are_counted() {
        let report =
            "# Topic\n\n## Depth\n\n- It is deep. [1]\n\n## How this was made\n\n## References\n";
        assert_eq!(headings(report), 1);
    }
}

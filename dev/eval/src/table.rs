//! What was judged, for a terminal.

use crate::judge::{Judged, Piece};
use crate::questions::{Outcome, Question};

/// Peak memory of this process in MiB, where the system tells.
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024)
}

fn count(pieces: &[Piece], is: impl Fn(&Piece) -> bool) -> usize {
    pieces.iter().filter(|piece| is(piece)).count()
}

fn far(pieces: &[Piece]) -> [usize; 3] {
    [
        count(pieces, |p| p.in_evidence),
        count(pieces, |p| p.in_claims),
        count(pieces, |p| p.in_first_claims),
    ]
}

pub fn row(question: &Question, judged: &Judged) {
    let [evidence, claims, first] = far(&judged.pieces);
    let outcome = match (question.outcome, &judged.refused) {
        (Outcome::NoEvidence, Some(_)) => "refused, right",
        (Outcome::NoEvidence, None) => "ANSWERED",
        (Outcome::Answer | Outcome::Disagreement, Some(_)) => "REFUSED",
        (Outcome::Disagreement, None) if judged.says_sources_differ => "answered, differ",
        (Outcome::Answer | Outcome::Disagreement, None) => "answered",
    };
    println!(
        "{:4} {:26} {outcome:16} pieces {}: evidence {evidence} claims {claims} first {first} | \
         {:2} passages, {:2} claims ({} nowhere), {} headings, {:.1} s",
        question.id,
        question.kind,
        judged.pieces.len(),
        judged.evidence,
        judged.claims,
        judged.nowhere,
        judged.headings,
        judged.seconds
    );
    if let Some(reason) = &judged.refused {
        println!("       {reason}");
    }
}

pub fn totals(questions: &[Question], judged: &[Judged]) {
    let of = |question: &Question| judged.iter().find(|j| j.id == question.id);
    let (mut pieces, mut asked, mut refused) = (Vec::new(), 0, 0);
    let (mut silent, mut answered) = (0, 0);
    for (question, judged) in questions.iter().filter_map(|q| Some((q, of(q)?))) {
        if question.outcome == Outcome::NoEvidence {
            silent += 1;
            answered += usize::from(judged.refused.is_none());
        } else {
            asked += 1;
            refused += usize::from(judged.refused.is_some());
            pieces.extend(judged.pieces.iter().copied());
        }
    }
    let [evidence, claims, first] = far(&pieces);
    let sum = |number: fn(&Judged) -> usize| judged.iter().map(number).sum::<usize>();
    let slowest = judged.iter().map(|j| j.seconds).fold(0.0, f64::max);
    println!(
        "     {} pieces: {evidence} in the evidence, {claims} in claims, {first} in the first four",
        pieces.len()
    );
    println!(
        "     refused wrongly {refused} of {asked}, answered wrongly {answered} of {silent}; {} claims, {} nowhere; \
         {} headings; slowest {slowest:.1} s",
        sum(|j| j.claims),
        sum(|j| j.nowhere),
        sum(|j| j.headings),
    );
    if let Some(memory) = peak_memory() {
        println!("     peak memory {memory} MiB, of all documents so far and their text");
    }
}

//! That answers do not become worse: questions over the articles that ship, whose answers are known.

use aegis_agent_researcher::corpus;
use aegis_contracts::findings::Depth;

use crate::ask::ask;
use crate::judge::judge;
use crate::packages::Loaded;
use crate::questions::{Outcome, Question};

/// A question, and patterns of its answer.
const ANSWERED: [(&str, &[&str]); 14] = [
    (
        "How many satellites does the nominal GPS constellation have?",
        &["24 satellites"],
    ),
    (
        "When was the first ARPANET message sent?",
        &["29 October 1969"],
    ),
    (
        "How many members does a consensus group need to survive f crash failures?",
        &["2f \\+ 1"],
    ),
    (
        "How often does PostgreSQL start a checkpoint by default?",
        &["every five minutes"],
    ),
    (
        "How much memory did the Block II Apollo guidance computer have?",
        &["2,048 words", "36,864 words"],
    ),
    (
        "When was smallpox declared eradicated?",
        &["May 1980|December 1979"],
    ),
    (
        "What election timeouts does the Raft paper suggest?",
        &["150 to 300 milliseconds"],
    ),
    (
        "How long does methane stay in the atmosphere?",
        &["about a decade"],
    ),
    (
        "Why do ground-source heat pumps have a higher seasonal factor?",
        &["Ground temperatures are warmer"],
    ),
    (
        "What happens to the efficiency of an air-source heat pump when it is cold?",
        &["fall as the outdoor air becomes colder|coldest days"],
    ),
    (
        "How many hours should adults sleep?",
        &["seven or more hours|seven to nine hours"],
    ),
    (
        "What is the difference between a steal and a no-force policy?",
        &["allows uncommitted pages", "commit before its pages"],
    ),
    (
        "Why does write-ahead logging make undo possible?",
        &["always contains the information"],
    ),
    (
        "Who built the Interface Message Processors?",
        &["Bolt Beranek and Newman"],
    ),
];
const NOT_TOLD: [&str; 2] = [
    "Which grapes grow on volcanic slopes?",
    "How do I connect an Oracle tablespace over JDBC?",
];
/// Of 16 pieces of answers, and claims for all questions. Better figures may be written down here.
const IN_FIRST_CLAIMS: usize = 16;
const CLAIMS: usize = 20;

fn question(text: &str, pieces: &[&str]) -> Question {
    Question {
        id: text.to_owned(),
        set: "corpus".to_owned(),
        kind: "fact".to_owned(),
        question: text.to_owned(),
        _answer: String::new(),
        pieces: pieces.iter().map(|piece| (*piece).to_owned()).collect(),
        outcome: Outcome::Answer,
    }
}

#[test]
fn the_first_claims_answer_questions_over_the_articles() {
    let loaded = Loaded::of(corpus::articles());
    let (mut lost, mut pieces, mut claims) = (Vec::new(), 0, 0);
    for (text, patterns) in ANSWERED {
        let answer = ask(text, Depth::Comprehensive, loaded.library()).unwrap();
        let judged = judge(&question(text, patterns), &answer, &loaded).unwrap();
        assert_eq!(judged.refused, None, "{text}");
        assert_eq!(judged.nowhere, 0, "{text}");
        assert!(!judged.says_sources_differ, "{text}: they do not");
        claims += judged.claims;
        pieces += judged.pieces.len();
        let missing = judged.pieces.iter().filter(|piece| !piece.in_first_claims);
        lost.extend(missing.map(|piece| format!("{text}: {piece:?}")));
    }
    assert!(pieces - lost.len() >= IN_FIRST_CLAIMS, "{lost:#?}");
    assert!(claims <= CLAIMS, "{claims} claims");
    for text in NOT_TOLD {
        let answer = ask(text, Depth::Comprehensive, loaded.library()).unwrap();
        let judged = judge(&question(text, &[]), &answer, &loaded).unwrap();
        assert!(judged.refused.is_some(), "{text}");
    }
}

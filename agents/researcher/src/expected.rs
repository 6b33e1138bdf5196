//! What an answer of the question's kind is likely to say, in other words than the question's.

use std::collections::BTreeSet;

use aegis_agent_kit::text::{KINDS, spaced};

use crate::index::{Index, Term};

/// Terms of the documents that answers of the question's kinds say, one list for each kind.
pub fn expected(topic: &str, index: &Index) -> Vec<BTreeSet<Term>> {
    let topic = spaced(topic);
    let kinds = KINDS.iter().filter(|kind| kind.is_asked(&topic));
    let terms = kinds.map(|kind| {
        let words = kind.likely.split_whitespace();
        words.flat_map(|word| index.terms(word)).collect()
    });
    terms
        .filter(|terms: &BTreeSet<Term>| !terms.is_empty())
        .collect()
}

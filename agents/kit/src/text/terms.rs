//! From text to terms: words without stop words, brought to their stem by the tokenizer of the `bm25` crate.

use std::collections::BTreeSet;
use std::ops::Range;

use bm25::{DefaultTokenizer, Language, Tokenizer};

/// Words of questions and orders that say nothing about a subject, as people write them.
const FILLERS: [&str; 62] = [
    "about",
    "analyse",
    "analysis",
    "analyze",
    "article",
    "aspect",
    "aspects",
    "best",
    "compare",
    "comparison",
    "current",
    "describe",
    "detail",
    "detailed",
    "details",
    "difference",
    "differences",
    "discuss",
    "does",
    "effect",
    "effects",
    "evaluate",
    "example",
    "examples",
    "explain",
    "future",
    "good",
    "guide",
    "happen",
    "happens",
    "help",
    "impact",
    "impacts",
    "implication",
    "implications",
    "important",
    "influence",
    "introduction",
    "latest",
    "main",
    "make",
    "mean",
    "need",
    "new",
    "overview",
    "pros",
    "question",
    "report",
    "research",
    "role",
    "should",
    "state",
    "study",
    "summarise",
    "summarize",
    "summary",
    "tell",
    "today",
    "topic",
    "use",
    "way",
    "work",
];

/// Splits text into terms.
pub struct Terms {
    tokenizer: DefaultTokenizer,
    fillers: BTreeSet<String>,
}

impl Default for Terms {
    fn default() -> Self {
        Self::english()
    }
}

impl Terms {
    pub fn english() -> Self {
        let tokenizer = DefaultTokenizer::new(Language::English);
        let fillers = FILLERS.iter().flat_map(|word| tokenizer.tokenize(word));
        Self {
            fillers: fillers.collect(),
            tokenizer,
        }
    }

    /// Every term of the text, in order, with repetitions.
    pub fn of(&self, text: &str) -> Vec<String> {
        self.tokenizer.tokenize(text)
    }

    /// The telling terms in order, each once and with the word as written. All terms, where there are only fillers.
    pub fn labelled(&self, text: &str) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = Vec::new();
        for word in words(text) {
            for term in self.of(word) {
                if !all.iter().any(|(known, _)| *known == term) {
                    all.push((term, word.to_owned()));
                }
            }
        }
        let telling = all.iter().filter(|(term, _)| !self.is_filler(term));
        let telling: Vec<_> = telling.cloned().collect();
        if telling.is_empty() { all } else { telling }
    }

    pub fn is_filler(&self, term: &str) -> bool {
        self.fillers.contains(term)
    }
}

/// The words of a text as written, without punctuation around them.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty())
}

/// Whether two terms are forms of one word. `recover` and `recovery` have the stems `recov` and `recoveri`: forms share all but
/// a short ending.
pub fn same_word(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    a == b || (short.len() >= 5 && long.len() <= short.len() + 4 && long.starts_with(short))
}

/// What three to five neighbouring words would be called by their initials: `quantum key distribution` is `qkd`. With the
/// positions of the words. Whether anybody calls it so is to be seen in the documents.
pub fn acronyms(labelled: &[(String, String)]) -> Vec<(String, Range<usize>)> {
    let initial = |(_, label): &(String, String)| label.chars().next();
    let mut found = Vec::new();
    for length in 3..=5 {
        for (start, words) in labelled.windows(length).enumerate() {
            let letters: String = words.iter().filter_map(initial).collect();
            found.push((letters.to_lowercase(), start..start + length));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_reduced_to_their_subject() {
        let labels = |text: &str| -> Vec<String> {
            let labelled = Terms::english().labelled(text).into_iter();
            labelled.map(|(_, label)| label).collect()
        };
        let topic = "How does PostgreSQL recover after a crash?";
        assert_eq!(labels(topic), ["PostgreSQL", "recover", "crash"]);
        let topic = "Impact of quantum computing on cryptography";
        assert_eq!(labels(topic), ["quantum", "computing", "cryptography"]);
        assert_eq!(labels("Overview"), ["Overview"]);
    }

    #[test]
    fn neighbours_have_acronyms() {
        let labelled = Terms::english().labelled("Should we use quantum key distribution?");
        assert_eq!(acronyms(&labelled), [("qkd".to_owned(), 0..3)]);
    }

    #[test]
    fn forms_of_a_word_are_the_same() {
        assert!(same_word("recov", "recoveri"));
        assert!(same_word("cryptographi", "cryptograph"));
        assert!(!same_word("cost", "costli"), "too short to be sure");
        assert!(!same_word("recov", "record"));
    }
}

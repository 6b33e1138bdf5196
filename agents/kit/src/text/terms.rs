//! From text to terms: words without stop words, brought to their stem by the tokenizer of the `bm25` crate.

use std::collections::BTreeSet;

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

    /// The different terms that say something about a subject.
    pub fn telling(&self, text: &str) -> BTreeSet<String> {
        let terms = self.of(text).into_iter();
        terms.filter(|term| !self.fillers.contains(term)).collect()
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

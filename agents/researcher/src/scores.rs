//! BM25 by the `bm25` crate, over stems instead of text.

use std::collections::HashMap;

use bm25::{Embedder, EmbedderBuilder, Scorer, Tokenizer};

use crate::topic::Concept;

/// BM25's `b`. Passages are cut to about one length, so length says little.
const LENGTH_WEIGHT: f32 = 0.4;

/// Stems separated by spaces are tokens already; forms of a concept count as its first, and an acronym as all that it
/// stands for.
struct Stems(HashMap<String, Vec<String>>);

impl Tokenizer for Stems {
    fn tokenize(&self, stems: &str) -> Vec<String> {
        let mut tokens = Vec::new();
        for stem in stems.split(' ') {
            match self.0.get(stem) {
                Some(concepts) => tokens.extend(concepts.iter().cloned()),
                None => tokens.push(stem.to_owned()),
            }
        }
        tokens
    }
}

pub struct Scores {
    embedder: Embedder<u32, Stems>,
    scorer: Scorer<usize>,
}

impl Scores {
    /// Over passages given as stems separated by spaces.
    pub fn new(passages: &[String], concepts: &[Concept]) -> Self {
        let mut forms: HashMap<String, Vec<String>> = HashMap::new();
        for concept in concepts {
            for stem in concept.stems.iter().skip(1) {
                let first = concept.stems.first().cloned();
                forms.entry(stem.clone()).or_default().extend(first);
            }
        }
        let corpus: Vec<&str> = passages.iter().map(String::as_str).collect();
        let stems = Stems(forms);
        let embedder =
            EmbedderBuilder::<u32, Stems>::with_tokenizer_and_fit_to_corpus(stems, &corpus)
                .b(LENGTH_WEIGHT)
                .build();
        let mut scorer = Scorer::new();
        for (number, text) in corpus.iter().enumerate() {
            scorer.upsert(&number, embedder.embed(text));
        }
        Self { embedder, scorer }
    }

    /// Passages that hold any of the stems, with their scores; in no order.
    pub fn of(&self, stems: &[&str]) -> HashMap<usize, f64> {
        let query = self.embedder.embed(&stems.join(" "));
        let found = self.scorer.matches(&query).into_iter();
        found
            .map(|scored| (scored.id, f64::from(scored.score)))
            .collect()
    }
}

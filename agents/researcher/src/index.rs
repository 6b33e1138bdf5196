//! The passages of all documents as numbered terms, in the order of the text.
//!
//! An index is asked one question and thrown away. So it has no posting lists: a look over all terms takes a few
//! milliseconds, less than building them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aegis_agent_kit::text::{Language, Terms, definitions, pairs, words};

use crate::document::Document;
use crate::passages::{Passage, passages};

/// A term's number.
pub type Term = u32;
/// Letters of a document that its language is told by.
const LOOKED_AT: usize = 20_000;

pub struct Index {
    pub passages: Vec<Passage>,
    pub titles: Vec<Vec<Term>>,
    pub documents: usize,
    /// Of the documents, the most used one first.
    pub languages: Vec<Language>,
    /// By number.
    names: Vec<String>,
    numbers: HashMap<String, Term>,
    /// In how many passages and titles a term stands, by number.
    frequencies: Vec<u32>,
    texts: Vec<Text>,
    /// What the documents explain abbreviations by.
    definitions: BTreeMap<Term, BTreeMap<Vec<Term>, Definition>>,
}

struct Definition {
    /// As it is first written.
    words: String,
    /// By how many passages.
    given: usize,
}

/// The terms of a passage by field.
pub struct Text {
    pub body: Box<[Term]>,
    pub headings: Box<[Term]>,
    pub lead: Box<[Term]>,
}

impl Index {
    pub fn build(documents: &[Document]) -> Self {
        let mut index = Self {
            passages: Vec::new(),
            titles: Vec::new(),
            documents: documents.len(),
            languages: Vec::new(),
            names: Vec::new(),
            numbers: HashMap::new(),
            frequencies: Vec::new(),
            texts: Vec::new(),
            definitions: BTreeMap::new(),
        };
        let mut readers: BTreeMap<Option<Language>, Reader> = BTreeMap::new();
        let mut languages: BTreeMap<Language, usize> = BTreeMap::new();
        for (number, document) in documents.iter().enumerate() {
            let language = Language::of(&sample(document));
            if let Some(language) = language {
                *languages.entry(language).or_default() += 1;
            }
            let reader = readers
                .entry(language)
                .or_insert_with(|| Reader::new(language));
            let title = index.read(reader, &document.title);
            for term in title.iter().collect::<BTreeSet<_>>() {
                index.frequencies[*term as usize] += 1;
            }
            index.titles.push(title);
            for passage in passages(number, document) {
                index.add(reader, passage);
            }
        }
        // One page in French, or taken for it, does not make French words of a question's.
        let share = documents.len() / 10;
        languages.retain(|_, count| *count > share);
        index.languages = languages.keys().copied().collect();
        index
            .languages
            .sort_by_key(|language| std::cmp::Reverse(languages[language]));
        index
    }

    fn add(&mut self, reader: &mut Reader, passage: Passage) {
        let text = Text {
            body: self.read(reader, &passage.text).into(),
            headings: self.read(reader, &passage.section.join("\n")).into(),
            lead: self
                .read(reader, passage.introduction.as_deref().unwrap_or_default())
                .into(),
        };
        let different: BTreeSet<Term> = text.body.iter().chain(&text.headings).copied().collect();
        for term in different {
            self.frequencies[term as usize] += 1;
        }
        for (short, words) in definitions(&passage.text) {
            let short = self.read(reader, &short);
            let long = self.read(reader, &words);
            if let ([short], [_, _, ..]) = (&short[..], &long[..]) {
                let given = self.definitions.entry(*short).or_default();
                let definition = given.entry(long).or_insert(Definition { words, given: 0 });
                definition.given += 1;
            }
        }
        self.texts.push(text);
        self.passages.push(passage);
    }

    /// The terms of a text, and behind them those of its pairs of Chinese characters.
    fn read(&mut self, reader: &mut Reader, text: &str) -> Vec<Term> {
        let mut terms = Vec::new();
        for word in words(text) {
            match reader.known.get(word) {
                Some(known) => terms.extend_from_slice(known),
                None => {
                    let of_word = reader.terms.of_word(word);
                    let numbers: Vec<Term> = of_word.into_iter().map(|t| self.number(t)).collect();
                    terms.extend_from_slice(&numbers);
                    reader.known.insert(word.to_owned(), numbers);
                }
            }
        }
        if !text.is_ascii() {
            for pair in pairs(text) {
                let pair = self.number(pair);
                // A word of two characters is counted once.
                if !terms.contains(&pair) {
                    terms.push(pair);
                }
            }
        }
        terms
    }

    fn number(&mut self, term: String) -> Term {
        if let Some(number) = self.numbers.get(&term) {
            return *number;
        }
        // Memory ends before numbers do.
        let number = Term::try_from(self.names.len()).unwrap_or(Term::MAX);
        self.names.push(term.clone());
        self.frequencies.push(0);
        self.numbers.insert(term, number);
        number
    }

    /// The number of a term that stands in a passage or a title.
    pub fn find(&self, term: &str) -> Option<Term> {
        let number = self.numbers.get(term).copied()?;
        (self.frequency(number) > 0).then_some(number)
    }

    /// A word's stems in the documents' languages, those that they have.
    pub fn terms(&self, word: &str) -> impl Iterator<Item = Term> {
        let languages = self
            .languages
            .iter()
            .map(|language| Terms::new(Some(*language)));
        let stems = languages.filter_map(|terms| terms.of_word(word).into_iter().next());
        let stems: BTreeSet<String> = stems.collect();
        stems.into_iter().filter_map(|stem| self.find(&stem))
    }

    pub fn name(&self, term: Term) -> &str {
        self.names
            .get(term as usize)
            .map(String::as_str)
            .unwrap_or_default()
    }

    /// Passages and titles that a term stands in.
    pub fn frequency(&self, term: Term) -> usize {
        self.frequencies
            .get(term as usize)
            .map_or(0, |n| *n as usize)
    }

    /// Every term that stands in a passage or a title.
    pub fn vocabulary(&self) -> impl Iterator<Item = (Term, &str)> {
        let all = (0..).zip(self.names.iter().map(String::as_str));
        all.filter(|(term, _)| self.frequency(*term) > 0)
    }

    pub fn text(&self, passage: usize) -> &Text {
        &self.texts[passage]
    }

    /// What the documents explain abbreviations by. An abbreviation of several things (`VM`) stands for what most passages
    /// say, and for nothing where they do not agree.
    pub fn definitions(&self) -> impl Iterator<Item = (Term, &[Term], &str)> {
        self.definitions.iter().filter_map(|(short, all)| {
            let total: usize = all.values().map(|definition| definition.given).sum();
            let (long, most) = all.iter().max_by_key(|(_, definition)| definition.given)?;
            let agreed = most.given * 3 >= total * 2;
            agreed.then_some((*short, long.as_slice(), most.words.as_str()))
        })
    }
}

/// Makes terms of one language's words, each word once.
struct Reader {
    terms: Terms,
    known: HashMap<String, Vec<Term>>,
}

impl Reader {
    fn new(language: Option<Language>) -> Self {
        Self {
            terms: Terms::new(language),
            known: HashMap::new(),
        }
    }
}

fn sample(document: &Document) -> String {
    let mut sample = document.title.clone();
    for block in &document.blocks {
        sample.push('\n');
        sample.push_str(&block.text);
        if sample.len() > LOOKED_AT {
            break;
        }
    }
    sample
}

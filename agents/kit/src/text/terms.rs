//! From text to terms: words without stop words, brought to their stem by their language.

use std::collections::BTreeSet;

use rust_stemmers::Stemmer;

use super::language::Language;
use super::script::{is_dense, is_han, is_hiragana};
use super::verbs::{person, present};
use super::words::{parts, words};

/// Makes terms of the text of one language.
pub struct Terms {
    language: Option<Language>,
    stemmer: Option<Stemmer>,
    stop_words: BTreeSet<&'static str>,
    fillers: BTreeSet<String>,
}

impl Terms {
    /// Where the language is unknown, words are only brought to lower case.
    pub fn new(language: Option<Language>) -> Self {
        let mut terms = Self {
            language,
            stemmer: language.and_then(Language::stemmer).map(Stemmer::create),
            stop_words: language
                .map(Language::stop_words)
                .unwrap_or_default()
                .into_iter()
                .collect(),
            fillers: BTreeSet::new(),
        };
        let fillers = language.into_iter().flat_map(Language::fillers);
        terms.fillers = fillers.flat_map(|word| terms.of_word(word)).collect();
        terms
    }

    /// Every term of the text, in order, with repetitions: of each word what [`Terms::of_word`] says, and last the
    /// pairs of Chinese characters that stand together, as two dictionaries seldom agree on words.
    pub fn of(&self, text: &str) -> Vec<String> {
        let mut terms = Vec::new();
        for word in words(text) {
            terms.extend(self.of_word(word));
        }
        terms.extend(pairs(text));
        terms
    }

    /// The terms of one of [`words`]: its stem, and of an identifier the stems of its parts too. None of a stop word.
    pub fn of_word(&self, word: &str) -> Vec<String> {
        let Some(whole) = self.term(word) else {
            return Vec::new();
        };
        let mut terms = vec![whole];
        terms.extend(parts(word).into_iter().filter_map(|part| self.term(part)));
        terms
    }

    /// The stem of a word, and nothing for a stop word.
    fn term(&self, word: &str) -> Option<String> {
        let word = plain(word);
        let grammar = word.chars().all(is_hiragana) && word.chars().count() <= 3;
        if self.stop_words.contains(word.as_str()) || grammar {
            return None;
        }
        let is_word = word.chars().all(|c| c.is_alphabetic() || c == '\'');
        Some(match &self.stemmer {
            Some(stemmer) if is_word => match self.language {
                Some(Language::English) => stemmer.stem(present(&word)).into_owned(),
                Some(Language::German) => person(stemmer, stemmer.stem(&word).into_owned()),
                _ => stemmer.stem(&word).into_owned(),
            },
            _ => word,
        })
    }

    /// The telling terms in order, each once and with the word as written. All terms, where there are only fillers.
    pub fn labelled(&self, text: &str) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = Vec::new();
        for word in words(text) {
            for term in self.of_word(word) {
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

/// One way to write a word: small letters, ASCII for its full-width twins, no separators in numbers, no long vowel at
/// the end of a Japanese word (which some write and some do not).
fn plain(word: &str) -> String {
    let half = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '’' => '\'',
        _ => c,
    };
    let number = word
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, ',' | '.'));
    let kept = word.chars().filter(|c| !(number && *c == ','));
    let mut word = kept.map(half).collect::<String>().to_lowercase();
    if word.ends_with('ー') && word.chars().count() > 3 {
        word.pop();
    }
    word
}

/// Pairs of neighbouring Chinese characters.
pub fn pairs(text: &str) -> impl Iterator<Item = String> + '_ {
    let chars = text.chars().zip(text.chars().skip(1));
    chars
        .filter(|(a, b)| is_han(*a) && is_han(*b))
        .map(|(a, b)| [a, b].iter().collect())
}

/// Endings that stemmers leave at one form of a word and take from another.
const ENDINGS: &str = "e i y s t n r es en er em ed et te al ic iv ist ism ion ing ent ant anc enc iti eri abl ibl ment ness \
    ten tet end iert ert ier ung ungs ig igt lich bar";

/// Whether two terms are forms of one word. `recover` and `recovery` have the stems `recov` and `recoveri`: forms share all but
/// an ending. `server` and `serverless` are two words. Words of Chinese characters have no endings.
pub fn same_word(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let ending = |long: &str| ENDINGS.split_whitespace().any(|ending| ending == long);
    a == b
        || (short.len() >= 5
            && long.strip_prefix(short).is_some_and(ending)
            && !short.chars().any(is_dense))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn english() -> Terms {
        Terms::new(Some(Language::English))
    }

    #[test]
    fn questions_are_reduced_to_their_subject() {
        let labels = |text: &str| -> Vec<String> {
            let labelled = english().labelled(text).into_iter();
            labelled.map(|(_, label)| label).collect()
        };
        let topic = "How does Postgres recover after a crash?";
        assert_eq!(labels(topic), ["Postgres", "recover", "crash"]);
        let topic = "Impact of quantum computing on cryptography";
        assert_eq!(labels(topic), ["quantum", "computing", "cryptography"]);
        assert_eq!(labels("Overview"), ["Overview"]);
    }

    #[test]
    fn each_language_has_its_own_stems_and_stop_words() {
        let of = |language, text| Terms::new(Some(language)).of(text);
        assert_eq!(
            of(Language::German, "der Häuser"),
            of(Language::German, "das Haus")
        );
        assert_eq!(
            of(Language::English, "the 1,600 columns"),
            ["1600", "column"]
        );
        assert_eq!(
            of(Language::Japanese, "ディレクトリーの"),
            of(Language::Japanese, "ディレクトリ")
        );
        let chinese = of(Language::Chinese, "父目录的所有组");
        assert!(chinese.contains(&"目录".to_owned()) && !chinese.contains(&"的".to_owned()));
        assert!(chinese.contains(&"父目".to_owned()), "pairs: {chinese:?}");
    }

    #[test]
    fn identifiers_are_whole_and_in_parts() {
        let terms = english().of("full_page_writes");
        assert_eq!(terms, ["full_page_writes", "full", "page", "write"]);
    }

    #[test]
    fn forms_of_a_word_are_the_same() {
        assert!(same_word("recov", "recoveri"));
        assert!(same_word("cryptographi", "cryptograph"));
        assert!(!same_word("cost", "costli"), "too short to be sure");
        assert!(!same_word("recov", "record"));
        assert!(!same_word("server", "serverless"), "no ending");
        assert!(!same_word("目录", "目录下"), "another word");
    }
}

//! The words of a text of any script, by Unicode's rules and, where there are no spaces, by a dictionary.

use std::cell::LazyCell;

use icu_segmenter::options::WordBreakInvariantOptions;
use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed};

thread_local! {
    static SEGMENTER: LazyCell<WordSegmenterBorrowed<'static>> =
        LazyCell::new(|| WordSegmenter::new_auto(WordBreakInvariantOptions::default()));
}

/// The words of a text as written, in order, without punctuation. `vm.swappiness` and `full_page_writes` are one word,
/// `apt-get` is two; Chinese, Japanese and Thai are cut by a dictionary.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    let segmenter = SEGMENTER.with(|segmenter| **segmenter);
    let mut breaks = segmenter.segment_str(text).iter_with_word_type();
    let mut start = 0;
    std::iter::from_fn(move || {
        loop {
            let (end, kind) = breaks.next()?;
            let word = &text[start..end];
            start = end;
            if kind.is_word_like() {
                return Some(word);
            }
        }
    })
}

/// What an identifier is made of: `full_page_writes`, `vm.swappiness` and `MaxRequestWorkers` have parts, a word has none.
pub fn parts(word: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for piece in word.split(['_', '.', ':']) {
        camel(piece, &mut parts);
    }
    parts.retain(|part| !part.is_empty());
    if parts.len() < 2 || word.chars().all(|c| !c.is_alphabetic()) {
        parts.clear();
    }
    parts
}

/// Cuts before a capital behind a small letter.
fn camel<'a>(piece: &'a str, parts: &mut Vec<&'a str>) {
    let mut start = 0;
    let mut small = false;
    for (at, c) in piece.char_indices() {
        if small && c.is_uppercase() {
            parts.push(&piece[start..at]);
            start = at;
        }
        small = c.is_lowercase();
    }
    parts.push(&piece[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_all_scripts() {
        let seen = |text| words(text).collect::<Vec<_>>();
        assert_eq!(
            seen("What does vm.swappiness (60) do?"),
            ["What", "does", "vm.swappiness", "60", "do"]
        );
        assert_eq!(seen("apt-get, 1,600 MB"), ["apt", "get", "1,600", "MB"]);
        assert_eq!(seen("父目录的所有组"), ["父", "目录", "的", "所有", "组"]);
        assert!(seen("書込みパーミッション").contains(&"パーミッション"));
    }

    #[test]
    fn identifiers_have_parts() {
        assert_eq!(parts("full_page_writes"), ["full", "page", "writes"]);
        assert_eq!(parts("gc.pruneExpire"), ["gc", "prune", "Expire"]);
        assert_eq!(parts("PostgreSQL"), ["Postgre", "SQL"]);
        assert!(parts("word").is_empty() && parts("3.5").is_empty() && parts("WAL").is_empty());
    }
}

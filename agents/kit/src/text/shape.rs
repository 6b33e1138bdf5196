//! The outer shape of text: white space and length.

use super::script::is_dense;

/// Every run of white space becomes one space, none remains at the ends. The one normalisation that passages
/// have seen: a passage is verbatim if it occurs in its source's text after this.
pub fn collapse(text: &str) -> String {
    let mut collapsed = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !collapsed.is_empty() {
            collapsed.push(' ');
        }
        collapsed.push_str(word);
    }
    collapsed
}

/// How much a text says, in letters of an alphabet: a character of Chinese or Japanese counts as three of them.
pub fn extent(text: &str) -> usize {
    text.chars().map(|c| if is_dense(c) { 3 } else { 1 }).sum()
}

/// At most `limit` characters; where something was cut off, the last one is `…`.
pub fn shorten(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(limit.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_collapses() {
        assert_eq!(collapse("  a\n\t b\u{a0}c "), "a b c");
        assert_eq!(collapse(" \n"), "");
    }

    #[test]
    fn scripts_say_differently_much() {
        assert_eq!(extent("thirty days"), 11);
        assert_eq!(extent("三十天"), 9);
    }

    #[test]
    fn long_text_is_cut_at_characters() {
        assert_eq!(shorten("äöü", 3), "äöü");
        assert_eq!(shorten("äöüß", 3), "äö…");
    }
}

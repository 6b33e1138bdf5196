//! The outer shape of text: white space and length.

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
    fn long_text_is_cut_at_characters() {
        assert_eq!(shorten("äöü", 3), "äöü");
        assert_eq!(shorten("äöüß", 3), "äö…");
    }
}

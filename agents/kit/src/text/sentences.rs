//! Splits text into sentences, each an exact piece of the text.
//!
//! Careful rather than clever: where it is not sure that a sentence ends, it does not end.

/// Abbreviations behind which a full stop ends nothing, in lower case.
const ABBREVIATIONS: [&str; 28] = [
    "e.g", "i.e", "cf", "vs", "etc", "dr", "mr", "mrs", "ms", "prof", "st", "fig", "figs", "eq",
    "no", "vol", "pp", "al", "approx", "ca", "inc", "ltd", "co", "jr", "sr", "sec", "ch", "u.s",
];

/// The sentences of a text in order, without the white space between them.
pub fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        if !matches!(c, '.' | '!' | '?') {
            continue;
        }
        let end = closing(text, at + 1);
        if ends_here(text, start, at, c, end) {
            keep(&mut found, &text[start..end]);
            start = end;
        }
    }
    if start < text.len() {
        keep(&mut found, &text[start..]);
    }
    found
}

fn keep<'a>(found: &mut Vec<&'a str>, piece: &'a str) {
    let piece = piece.trim();
    if !piece.is_empty() {
        found.push(piece);
    }
}

/// Brackets and quotation marks behind the full stop still belong to the sentence.
fn closing(text: &str, mut end: usize) -> usize {
    for c in text[end..].chars() {
        if !matches!(c, ')' | ']' | '"' | '\'' | '”' | '’' | '»') {
            break;
        }
        end += c.len_utf8();
    }
    end
}

fn ends_here(text: &str, start: usize, at: usize, mark: char, end: usize) -> bool {
    let rest = &text[end..];
    if rest.is_empty() {
        return true;
    }
    if !rest.starts_with(char::is_whitespace) {
        return false;
    }
    let next = rest.trim_start().chars().next();
    let opens = next.is_none_or(|c| {
        c.is_uppercase() || c.is_numeric() || matches!(c, '(' | '[' | '"' | '“' | '‘' | '«')
    });
    // A piece in brackets inside a sentence: the sentence goes on in lower case.
    if !opens {
        return false;
    }
    mark != '.' || !abbreviated(&text[start..at])
}

fn abbreviated(before: &str) -> bool {
    let word = before
        .rsplit(|c: char| c.is_whitespace() || c == '(')
        .next();
    let word = word.unwrap_or_default();
    let initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    initial || ABBREVIATIONS.contains(&word.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_pieces_of_the_text() {
        let text =
            "WAL comes first. It costs 3.5 ms, e.g. On disk. Really? (Yes.) \"So it is.\" End";
        let expected = [
            "WAL comes first.",
            "It costs 3.5 ms, e.g. On disk.",
            "Really?",
            "(Yes.)",
            "\"So it is.\"",
            "End",
        ];
        assert_eq!(sentences(text), expected);
    }

    #[test]
    fn names_and_versions_do_not_split() {
        assert_eq!(sentences("P. W. Shor wrote it. See v1.2 of it.").len(), 2);
        assert_eq!(
            sentences("Use pg_wal. then wait.").len(),
            1,
            "lower case goes on"
        );
        assert!(sentences(" ").is_empty());
    }
}

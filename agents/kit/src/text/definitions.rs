//! Abbreviations, only as a text itself explains them: `write-ahead log (WAL)` or `NMU (Non-Maintainer Upload)`.

use super::words::words;

/// Letters of an abbreviation.
const SHORTEST: usize = 2;
const LONGEST: usize = 8;

/// An abbreviation and what it stands for, both as written.
pub fn definitions(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = text[from..].find('(').map(|at| from + at) {
        let inside = &text[open + 1..];
        let Some(close) = inside.find(')') else { break };
        let (before, inside) = (text[..open].trim_end(), inside[..close].trim());
        from = open + 1;
        if is_abbreviation(inside) {
            if let Some(long) = spelled_before(before, inside) {
                found.push((inside.to_owned(), long.to_owned()));
            }
        } else if let Some(short) = words(before).last().filter(|w| is_abbreviation(w))
            && before.ends_with(short)
            && spells(inside, short)
        {
            found.push((short.to_owned(), inside.to_owned()));
        }
    }
    found
}

/// Capitals, perhaps with digits and one small `s` behind.
fn is_abbreviation(word: &str) -> bool {
    let letters = word.strip_suffix('s').unwrap_or(word);
    let length = letters.chars().count();
    (SHORTEST..=LONGEST).contains(&length)
        && letters
            .chars()
            .all(|c| c.is_uppercase() || c.is_ascii_digit())
        && letters.chars().filter(|c| c.is_uppercase()).count() >= SHORTEST
}

/// The last words of a text that spell an abbreviation by their initials. Small words in between do not count.
fn spelled_before<'a>(before: &'a str, short: &str) -> Option<&'a str> {
    let tail = before.char_indices().rev().nth(200).map_or(0, |(at, _)| at);
    let tail = &before[tail..];
    let starts: Vec<usize> = words(tail)
        .map(|w| w.as_ptr() as usize - tail.as_ptr() as usize)
        .collect();
    let letters = short.chars().filter(|c| c.is_uppercase()).count();
    let most = starts.len().saturating_sub(letters * 2 + 1);
    let mut candidates = starts[most..].iter().rev().map(|start| &tail[*start..]);
    candidates.find(|long| spells(long, short))
}

/// Whether the initials of some of the words, the first and the last important one among them, are the letters.
fn spells(long: &str, short: &str) -> bool {
    let letters: Vec<char> = short
        .chars()
        .filter(|c| c.is_uppercase())
        .flat_map(char::to_lowercase)
        .collect();
    let mut open = letters.iter();
    let mut next = open.next();
    let mut first = true;
    for word in words(long) {
        let initial = word
            .chars()
            .next()
            .into_iter()
            .flat_map(char::to_lowercase)
            .next();
        if initial.is_some() && initial == next.copied() {
            next = open.next();
        } else if first || word.chars().count() > 3 {
            // Only small words may be left out.
            return false;
        }
        first = false;
    }
    !first && next.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_text_explains() {
        let one = |short: &str, long: &str| vec![(short.to_owned(), long.to_owned())];
        assert_eq!(
            definitions("Each change goes to the write-ahead log (WAL) first."),
            one("WAL", "write-ahead log")
        );
        assert_eq!(
            definitions("An NMU (Non-Maintainer Upload) is done by others."),
            one("NMU", "Non-Maintainer Upload")
        );
        assert_eq!(
            definitions("the Internet of Things (IoT)"),
            Vec::new(),
            "small letters are no abbreviation"
        );
        assert!(definitions("It is big although removed (BAX). See (a, b) (unclosed").is_empty());
    }
}

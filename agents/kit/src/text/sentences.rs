//! Splits text into sentences, each an exact piece of the text, by Unicode's rules.
//!
//! Careful rather than clever: behind an abbreviation no sentence ends.

use icu_segmenter::SentenceSegmenter;

/// Abbreviations behind which a full stop ends nothing, in lower case.
const ABBREVIATIONS: [&str; 50] = [
    "e.g", "i.e", "cf", "vs", "etc", "dr", "mr", "mrs", "ms", "prof", "st", "fig", "figs", "eq",
    "no", "vol", "pp", "al", "approx", "ca", "inc", "ltd", "co", "jr", "sr", "sec", "ch", "u.s",
    "max", "min", "z.b", "d.h", "u.a", "o.ä", "bzw", "usw", "vgl", "nr", "abs", "bspw", "ggf",
    "evtl", "abb", "kap", "inkl", "zzgl", "str", "tel", "etw", "sog",
];

/// The sentences of a text in order, without the white space between them. A line break ends a sentence.
pub fn sentences(text: &str) -> Vec<&str> {
    let segmenter = SentenceSegmenter::new(Default::default());
    let mut found: Vec<&str> = Vec::new();
    let mut start = 0;
    for end in segmenter.segment_str(text) {
        let piece = &text[start..end];
        if ends_here(piece, &text[end..]) {
            let piece = piece.trim();
            found.extend((!piece.is_empty()).then_some(piece));
            start = end;
        }
    }
    let rest = text.get(start..).unwrap_or_default().trim();
    found.extend((!rest.is_empty()).then_some(rest));
    found
}

fn ends_here(piece: &str, rest: &str) -> bool {
    if piece.ends_with(['\n', '\u{85}', '\u{2028}', '\u{2029}']) || rest.is_empty() {
        return true;
    }
    let piece = piece.trim_end();
    // `v1.` of `v1. 2`, and what goes on in small letters behind a bracket.
    if rest.starts_with(char::is_lowercase) {
        return false;
    }
    match piece.strip_suffix('.') {
        Some(before) => !abbreviated(before) && !ordinal(before, rest),
        None => true,
    }
}

fn abbreviated(before: &str) -> bool {
    let word = before
        .rsplit(|c: char| c.is_whitespace() || c == '(')
        .next()
        .unwrap_or_default();
    // `P. W. Shor`, `z. B.`
    let initial = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    initial || ABBREVIATIONS.contains(&word.to_lowercase().as_str())
}

/// Words before a German ordinal: `am 31. März`, `bis zum 3. Werktag`.
const BEFORE_ORDINALS: [&str; 14] = [
    "am", "ab", "bis", "zum", "vom", "beim", "im", "dem", "den", "der", "des", "und", "oder",
    "seit",
];

/// Whether the full stop makes a number of one or two digits an ordinal.
fn ordinal(before: &str, rest: &str) -> bool {
    let mut words = before.rsplit(char::is_whitespace);
    let number = words.next().unwrap_or_default();
    let counts =
        (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    let after_word = words
        .next()
        .is_some_and(|word| BEFORE_ORDINALS.contains(&word.to_lowercase().as_str()));
    counts && after_word && rest.starts_with(char::is_uppercase)
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
        assert_eq!(sentences("Das gilt z. B. Freitags. Sonst nicht.").len(), 2);
        assert!(sentences(" ").is_empty());
        let dates = "Resturlaub verfällt am 31. März. Zahlbar bis zum 3. Werktag, ab dem 1. Januar. Es waren 31. Mehr nicht.";
        assert_eq!(sentences(dates).len(), 4, "{:?}", sentences(dates));
    }

    #[test]
    fn other_scripts_have_other_full_stops() {
        assert_eq!(
            sentences("今日は晴れ。明日は雨。"),
            ["今日は晴れ。", "明日は雨。"]
        );
        assert_eq!(sentences("保留三十天！然后删除？是。").len(), 3);
        assert_eq!(sentences("كيف؟ هكذا.").len(), 2);
    }

    #[test]
    fn lines_are_sentences() {
        assert_eq!(
            sentences("Daily: 30 days\nWeekly: a year"),
            ["Daily: 30 days", "Weekly: a year"]
        );
    }
}

//! Headings of documents: what of them tells a person something.

/// Headings that could stand over anything.
const EMPTY: &[&str] = &[
    "introduction",
    "overview",
    "summary",
    "conclusion",
    "conclusions",
    "background",
    "description",
    "notes",
    "note",
    "details",
    "general",
    "discussion",
    "abstract",
    "usage",
    "synopsis",
    "examples",
    "example",
    "compatibility",
    "parameters",
    "arguments",
    "options",
    "results",
    "methods",
    "history",
    "definition",
    "name",
    "outlook",
    "settings",
    "changes",
    "commands",
    "caveats",
    "files",
    "see also",
    "contents",
    "table of contents",
    "index",
    "preface",
    "warning",
    "caution",
    "tip",
    "important",
    "untitled",
    "einführung",
    "einleitung",
    "überblick",
    "zusammenfassung",
    "beschreibung",
    "hinweise",
    "beispiele",
    "inhalt",
    "inhaltsverzeichnis",
    "はじめに",
    "概要",
    "目次",
    "注意",
    "例",
    "简介",
    "概述",
    "目录",
    "说明",
    "示例",
    "注意事项",
];

/// Without the numbers of chapters: `30.3. Write-Ahead Logging` is `Write-Ahead Logging`.
pub fn without_number(text: &str) -> String {
    let mut rest = text.trim();
    for word in [
        "Chapter ",
        "Appendix ",
        "Section ",
        "Kapitel ",
        "Anhang ",
        "Abschnitt ",
    ] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    let split = rest.split_once([' ', '\u{a0}']);
    match split {
        Some((number, title)) if is_number(number) => title.trim().to_owned(),
        _ => text.trim().to_owned(),
    }
}

/// `30.3.`, `E.21.3.`, `7`, `M.`
fn is_number(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_digit() || c == '.' || c.is_ascii_uppercase();
    let letters = word.chars().filter(|c| c.is_ascii_uppercase()).count();
    word.chars().all(plain)
        && letters <= 1
        && word.contains(|c: char| c.is_ascii_digit() || c == '.')
}

/// Whether a heading says what stands below it. `Introduction` and `page 12` do not.
pub fn is_telling(text: &str) -> bool {
    let lower = text.to_lowercase();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    letters >= 2
        && text.chars().count() <= 90
        && !text.contains("..")
        && !text.contains(". .")
        && !text.contains('…')
        && !text.starts_with('-')
        && !EMPTY.contains(&lower.trim_end_matches([':', '.', '¶']))
        && !lower.starts_with("page ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_chapters_are_dropped() {
        assert_eq!(
            without_number("30.3.\u{a0}Write-Ahead Logging (WAL)"),
            "Write-Ahead Logging (WAL)"
        );
        assert_eq!(without_number("Chapter 30. Reliability"), "Reliability");
        assert_eq!(without_number("E.21.3. Changes"), "Changes");
        assert_eq!(without_number("Appendix M. Glossary"), "Glossary");
        assert_eq!(without_number("Chapters of a life"), "Chapters of a life");
        assert_eq!(without_number("A Case"), "A Case");
    }

    #[test]
    fn headings_that_tell_nothing_are_known() {
        for text in [
            "Introduction",
            "Notes:",
            "page 12",
            "Preface . . . . 3",
            "概要",
            "3",
        ] {
            assert!(!is_telling(text), "{text}");
        }
        for text in ["VACUUM", "Storage of dates", "权限管理"] {
            assert!(is_telling(text), "{text}");
        }
    }
}

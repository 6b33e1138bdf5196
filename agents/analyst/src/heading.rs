//! Names a group after the heading in its sources that fits it best: people wrote those, and they read well.

use std::collections::BTreeSet;

use crate::grouping::section;
use crate::material::Material;

/// Headings that could stand over anything.
const EMPTY: [&str; 29] = [
    "introduction",
    "overview",
    "summary",
    "conclusion",
    "conclusions",
    "background",
    "description",
    "notes",
    "details",
    "general",
    "discussion",
    "abstract",
    "usage",
    "examples",
    "example",
    "compatibility",
    "parameters",
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
];

/// A heading for the group that no other group has.
pub fn heading(material: &Material<'_>, group: &[usize], used: &[String]) -> String {
    let all = material.evidence();
    let text: String = group
        .iter()
        .map(|member| all[*member].passage.as_str())
        .collect::<Vec<_>>()
        .join(" ");
    let stems = material.stems(&text);
    let mut options: Vec<(f64, String)> = Vec::new();
    for (rank, member) in group.iter().enumerate() {
        let evidence = &all[*member];
        let place = section(&evidence.location);
        let inner = place.split(" › ").map(|heading| (heading, 1.25));
        for (text, liking) in inner.chain([(evidence.title.as_str(), 1.0)]) {
            let text = tidy(text);
            if !is_telling(&text) || used.contains(&text) {
                continue;
            }
            // The group's best passage names it, unless another heading fits far better.
            let worth = liking * fit(material, &stems, &text) / (1.0 + 0.5 * rank as f64);
            match options.iter_mut().find(|(_, known)| *known == text) {
                Some((known, _)) => *known += 0.5 * worth,
                None => options.push((worth, text)),
            }
        }
    }
    options.sort_by(|a, b| b.0.total_cmp(&a.0));
    let best = options.into_iter().next().map(|(_, text)| text);
    let title = group.first().map(|member| tidy(&all[*member].title));
    let title = title.filter(|title| !title.is_empty() && !used.contains(title));
    best.or(title)
        .unwrap_or_else(|| salient(material, &stems, used))
}

/// Without the numbers of chapters: `30.3. Write-Ahead Logging` is `Write-Ahead Logging`.
fn tidy(text: &str) -> String {
    let mut rest = text.trim();
    for word in ["Chapter ", "Appendix ", "Section "] {
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

fn is_telling(text: &str) -> bool {
    let lower = text.to_lowercase();
    // A name from a program is no heading, and one word only if it is a proper one.
    let proper = |word: &str| word.len() > 5 && word.starts_with(char::is_uppercase);
    (text.contains([' ', '-']) || proper(text))
        && !text.starts_with('-')
        && !text
            .split(' ')
            .next()
            .is_some_and(|word| word.contains(['_', '(', '=']))
        && text.chars().count() <= 90
        && !EMPTY.contains(&lower.as_str())
        && !lower.starts_with("page ")
}

/// How well the group's words carry a heading: a mean over its words, so that long headings gain nothing.
fn fit(material: &Material<'_>, stems: &BTreeSet<String>, text: &str) -> f64 {
    let words = material.stems(text);
    if words.is_empty() {
        return 0.0;
    }
    let found: f64 = words
        .iter()
        .filter(|w| stems.contains(*w))
        .map(|w| material.weight(w))
        .sum();
    found / (words.len() as f64 + 1.0)
}

/// The group's most telling words, where its sources have no headings.
fn salient(material: &Material<'_>, stems: &BTreeSet<String>, used: &[String]) -> String {
    let topic = material
        .topic
        .iter()
        .filter(|(stem, _)| stems.contains(stem));
    let words: Vec<&str> = topic.map(|(_, label)| label.as_str()).collect();
    let base = if words.is_empty() {
        "Further points".to_owned()
    } else {
        format!("On {}", words.join(", "))
    };
    if !used.contains(&base) {
        return base;
    }
    let numbered = |number: usize| format!("{base} ({number})");
    (2..)
        .map(numbered)
        .find(|text| !used.contains(text))
        .unwrap_or(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_chapters_are_dropped() {
        assert_eq!(
            tidy("30.3.\u{a0}Write-Ahead Logging (WAL)"),
            "Write-Ahead Logging (WAL)"
        );
        assert_eq!(tidy("Chapter 30. Reliability"), "Reliability");
        assert_eq!(tidy("E.21.3. Changes"), "Changes");
        assert_eq!(tidy("Appendix M. Glossary"), "Glossary");
        assert_eq!(tidy("Chapters of a life"), "Chapters of a life");
        assert_eq!(tidy("A Case"), "A Case");
        assert!(!is_telling("Introduction") && !is_telling("page 12"));
    }
}

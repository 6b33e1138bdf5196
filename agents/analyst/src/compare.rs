//! Do two sources say the same, or something else? Careful: it compares words, it understands nothing. So only claims that
//! answer are compared, and only those that say nearly the same in nearly the same words; of all others it says nothing.
//! A difference is only ever called possible, with the words by which it was seen.

use std::collections::BTreeSet;

use aegis_agent_kit::text::words;
use aegis_contracts::findings::Stance;

use crate::claims::Candidate;
use crate::material::Material;
use crate::question::{same_unit, spelled};

/// Likeness, numbers and negations aside, from which two claims say the same.
const SAME_STATEMENT: f64 = 0.65;
/// Different words that both must have;
const SHARED_WORDS: usize = 3;
/// and one of them may have more for each that is shared, where the other has none of its own. With words of their own on both
/// sides they may be about two things: `connections time out after 5 s` and `reads time out after 10 s`.
const MORE_WORDS: f64 = 0.4;

/// Share of a question that a claim must name itself before its number is taken for the answer.
const NEARLY_ALL: f64 = 0.75;

const NEGATIONS: [&str; 22] = [
    "not", "no", "never", "cannot", "without", "neither", "nor", "isn't", "don't", "doesn't",
    "can't", "won't", "unable", "nicht", "kein", "keine", "keinen", "keiner", "nie", "niemals",
    "ohne", "weder",
];
/// Negations of scripts without spaces.
const NEGATING: [&str; 8] = ["ない", "ません", "なし", "不", "没有", "無", "无", "未"];
/// Words before a number that make it a name: `version 14`, `section 3`.
const NAMING: [&str; 28] = [
    "version",
    "versions",
    "release",
    "section",
    "sections",
    "chapter",
    "table",
    "figure",
    "example",
    "step",
    "page",
    "note",
    "item",
    "rfc",
    "level",
    "type",
    "phase",
    "no",
    "kapitel",
    "abschnitt",
    "tabelle",
    "abbildung",
    "seite",
    "schritt",
    "第",
    "图",
    "表",
    "図",
];

/// What the claims of one finding say together.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    pub stance: Stance,
    /// Empty where there is nothing to compare.
    pub note: String,
}

impl Verdict {
    pub fn silent() -> Self {
        Self {
            stance: Stance::SingleSource,
            note: String::new(),
        }
    }
}

/// What two claims have to do with each other, if anything.
pub fn verdict(material: &Material<'_>, a: &Candidate<'_>, b: &Candidate<'_>) -> Option<Verdict> {
    if source(material, a) == source(material, b)
        || a.text == b.text
        || !both_answer(material, a, b)
    {
        return None;
    }
    let names = format!("“{}” and “{}”", title(material, a), title(material, b));
    if let Some(why) = difference(a, b).or_else(|| other_answer(material, a, b)) {
        return Some(Verdict {
            stance: Stance::Disagreement,
            note: format!("{names} may differ: {why}."),
        });
    }
    (likeness(material, a, b) >= SAME_STATEMENT).then(|| Verdict {
        stance: Stance::Agreement,
        note: format!("{names} say much the same."),
    })
}

/// Both name a word of the topic, and the same one.
fn both_answer(material: &Material<'_>, a: &Candidate<'_>, b: &Candidate<'_>) -> bool {
    material
        .asked
        .iter()
        .any(|asked| asked.is_in(&a.stems) && asked.is_in(&b.stems))
}

/// What tells two claims about the same thing apart, in words for the note.
pub fn difference(a: &Candidate<'_>, b: &Candidate<'_>) -> Option<String> {
    if !same_subject(&frame(&a.stems), &frame(&b.stems)) {
        return None;
    }
    let negated = || {
        (negates(a.text) != negates(b.text)).then(|| "only one of them has a negation".to_owned())
    };
    other_numbers(a.text, b.text).or_else(negated)
}

/// Where a number is the answer, both claims name nearly all of the question themselves, and each has one number for what is asked
/// and another one: `three years of support` and `5 years of support`.
fn other_answer(material: &Material<'_>, a: &Candidate<'_>, b: &Candidate<'_>) -> Option<String> {
    let names = |claim: &Candidate<'_>| {
        let told = material.tells(&claim.stems);
        material.share_of(told.iter()) >= NEARLY_ALL
    };
    let answer = |text| {
        let mut found = amounts(text);
        found.retain(|amount| material.question.is_counted_in(amount.unit));
        found.dedup();
        let [one] = found.as_slice() else { return None };
        Some((one.value, one.unit, format!("{} {}", one.number, one.unit)))
    };
    if !names(a) || !names(b) {
        return None;
    }
    let ((ours, unit, one), (theirs, their_unit, other)) = (answer(a.text)?, answer(b.text)?);
    let same = same_unit(&unit.to_lowercase(), &their_unit.to_lowercase());
    (same && ours != theirs).then(|| format!("one says “{one}”, the other “{other}”"))
}

fn same_subject(a: &BTreeSet<String>, b: &BTreeSet<String>) -> bool {
    let shared = a.intersection(b).count();
    let (fewer, more) = (a.len().min(b.len()), a.len().max(b.len()));
    shared >= SHARED_WORDS
        && fewer == shared
        && (more - shared) as f64 <= MORE_WORDS * shared as f64
}

/// Likeness of what is neither number nor negation. 0 where too few words are shared to tell.
fn likeness(material: &Material<'_>, a: &Candidate<'_>, b: &Candidate<'_>) -> f64 {
    let (a, b) = (frame(&a.stems), frame(&b.stems));
    if a.intersection(&b).count() < SHARED_WORDS {
        return 0.0;
    }
    material.likeness(&a, &b)
}

fn frame(stems: &BTreeSet<String>) -> BTreeSet<String> {
    let rest = |stem: &&String| {
        !stem.contains(|c: char| c.is_numeric()) && !NEGATIONS.contains(&stem.as_str())
    };
    stems.iter().filter(rest).cloned().collect()
}

fn negates(text: &str) -> bool {
    let word = |word: &str| NEGATIONS.contains(&word.to_lowercase().replace('’', "'").as_str());
    words(text).any(word) || NEGATING.iter().any(|negating| text.contains(negating))
}

/// A number and the word behind it.
#[derive(Debug)]
struct Amount<'a> {
    /// As written.
    number: &'a str,
    value: f64,
    unit: &'a str,
}

impl PartialEq for Amount<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value && self.unit == other.unit
    }
}

/// Where both give other numbers for the same unit.
fn other_numbers(a: &str, b: &str) -> Option<String> {
    let (ours, theirs) = (amounts(a), amounts(b));
    let same_unit = |one: &&Amount<'_>, others: &[Amount<'_>]| {
        others.iter().any(|other| other.unit == one.unit)
    };
    let ours: Vec<&Amount<'_>> = ours.iter().filter(|one| same_unit(one, &theirs)).collect();
    // One number in common, and the others may be about something else.
    if ours.iter().any(|one| theirs.contains(one)) {
        return None;
    }
    let first = ours.first()?;
    let second = theirs.iter().find(|other| other.unit == first.unit)?;
    let shown =
        |amount: &Amount<'_>| format!("“{} {}”", amount.number, amount.unit).replace(" ”", "”");
    Some(format!(
        "one says {}, the other {}",
        shown(first),
        shown(second)
    ))
}

/// The amounts of a text. A number that is part of a name or a word is none.
fn amounts(text: &str) -> Vec<Amount<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].find(|c: char| c.is_ascii_digit()) {
        let start = at + next;
        let rest = &text[start..];
        let length = rest
            .find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ','))
            .unwrap_or(rest.len());
        let number = rest[..length].trim_end_matches(['.', ',']);
        at = start + length.max(1);
        if !is_name(&text[..start], &rest[number.len()..]) {
            let unit = unit(&rest[number.len()..]);
            let value = number.replace(',', "").parse().unwrap_or(f64::NAN);
            found.push(Amount {
                number,
                value,
                unit,
            });
        }
    }
    found.extend(words(text).filter_map(|word| {
        let end = word.as_ptr() as usize - text.as_ptr() as usize + word.len();
        Some(Amount {
            number: word,
            value: f64::from(spelled(word)?),
            unit: unit(&text[end..]),
        })
    }));
    found
}

fn is_name(before: &str, behind: &str) -> bool {
    let joined =
        |c: char| c.is_ascii_alphabetic() || matches!(c, '-' | '_' | '/' | '.' | '#' | '^');
    if before.ends_with(joined) || behind.starts_with(['_', '/', '^']) {
        return true;
    }
    let before = before.trim_end();
    let word = before.rsplit(' ').next().unwrap_or_default();
    let proper = word != before && word.starts_with(char::is_uppercase) && word.is_ascii();
    let lower = word.to_lowercase();
    proper
        || NAMING
            .iter()
            .any(|name| lower == *name || (!name.is_ascii() && lower.ends_with(name)))
}

/// The word behind a number; `%` and the like; of scripts without spaces the first character.
fn unit(behind: &str) -> &str {
    let behind = behind.trim_start_matches([' ', '\u{a0}', '-']);
    let Some(first) = behind.chars().next() else {
        return "";
    };
    if !first.is_alphabetic() {
        return if matches!(first, '%' | '€' | '$' | '°') {
            &behind[..first.len_utf8()]
        } else {
            ""
        };
    }
    if first >= '\u{2e80}' {
        return &behind[..first.len_utf8()];
    }
    let end = behind
        .find(|c: char| !c.is_alphabetic() || c >= '\u{2e80}')
        .unwrap_or(behind.len());
    &behind[..end]
}

fn source<'a>(material: &Material<'a>, candidate: &Candidate<'_>) -> &'a str {
    &material.evidence()[candidate.evidence].source
}

fn title<'a>(material: &Material<'a>, candidate: &Candidate<'_>) -> &'a str {
    &material.evidence()[candidate.evidence].title
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_differ_where_their_unit_is_the_same() {
        let differ = |a, b| other_numbers(a, b).is_some();
        assert_eq!(
            other_numbers("A break needs 2,330 qubits.", "A break needs 6,146 qubits.").unwrap(),
            "one says “2,330 qubits”, the other “6,146 qubits”"
        );
        assert!(differ("The crane lifts 40 t.", "The crane lifts 12 t."));
        assert!(differ("Sie gilt 30 Tage.", "Sie gilt 90 Tage."));
        assert!(differ("保存期間は30日です。", "保存期間は90日です。"));
        assert!(differ("保留30天。", "保留90天。"));
        assert!(differ("It grew by 5%.", "It grew by 7 %."));
        for (a, b) in [
            ("It costs 40 euros.", "It costs 40 euros today."),
            ("It takes 5 days or 3 weeks.", "It takes 5 days or 4 weeks."),
            (
                "It was added in Python 3.9 for all.",
                "It was added in Python 3.10 for all.",
            ),
            ("See section 3 of it.", "See section 4 of it."),
            ("It holds 2 files.", "It holds 3 folders."),
            ("It uses utf-8 here.", "It uses utf-16 here."),
        ] {
            assert!(!differ(a, b), "{a} {b}");
        }
    }

    #[test]
    fn negations_are_seen_in_four_languages() {
        for text in [
            "It is not so.",
            "Das ist kein Fehler.",
            "そうではない。",
            "这不可以。",
        ] {
            assert!(negates(text), "{text}");
        }
        assert!(!negates("It is noted."));
    }
}

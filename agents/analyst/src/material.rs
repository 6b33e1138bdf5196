//! Evidence prepared for the choice of claims: its words, their weights, and which of the topic's words stand where.

use std::collections::{BTreeMap, BTreeSet};

use aegis_agent_kit::text::{Language, Terms, same_word, words};
use aegis_contracts::findings::{AskedWord, Evidence, EvidenceFile};

use crate::claims::Candidate;
use crate::leaning::names_a_kind;
use crate::question::{self, Question};

/// A word that the topic asks about.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// As the topic writes it.
    pub label: String,
    /// Stems that count as the word, where all of one form are there.
    forms: Vec<BTreeSet<String>>,
    /// How much it tells one passage from another, above 0.
    pub weight: f64,
    /// Whether any passage has it, in its text, headings or title.
    pub known: bool,
    /// It need not be in the documents.
    pub aside: bool,
    /// Only asks, as "impact" does: nobody misses it.
    pub filler: bool,
}

impl Asked {
    pub fn is_in(&self, stems: &BTreeSet<String>) -> bool {
        named(&self.forms, stems)
    }
}

/// What a word that only asks counts beside words that name a subject.
const FILLER: f64 = 0.3;

/// Share of the topic that a sentence must name before the next one may be its reason.
const HALF: f64 = 0.5;

/// What surrounds the sentences of one piece of evidence.
struct Surroundings {
    /// Of the innermost heading.
    heading: BTreeSet<String>,
    /// Of all headings and the title.
    headings: BTreeSet<String>,
    passage: BTreeSet<String>,
    /// Whether the innermost heading names nothing but what the topic asks about.
    is_subject: bool,
}

/// All of it, ready to be compared.
pub struct Material<'a> {
    pub file: &'a EvidenceFile,
    pub terms: Terms,
    pub question: Question,
    pub asked: Vec<Asked>,
    /// What is compared, as numbers of the topic's words.
    sides: Option<(usize, usize)>,
    surroundings: Vec<Surroundings>,
    /// In how many passages a stem occurs.
    frequencies: BTreeMap<String, usize>,
}

/// What a word of the topic counts that stands not in a sentence itself: in what introduces it or the heading right above it, in
/// another heading or the title, in the sentence beside it, elsewhere in its passage.
const IN_LEAD: f64 = 0.7;
/// What counts a word that asks for something (a maximum) where the text has the mark of it (limited to, and a number).
const MEANT: f64 = 0.9;
const ABOVE: f64 = 0.7;
/// In a heading that names nothing but what the topic asks about: all below it is about that.
const SUBJECT: f64 = 0.8;
const IN_HEADING: f64 = 0.45;
const BESIDE: f64 = 0.35;
const IN_PASSAGE: f64 = 0.2;

impl<'a> Material<'a> {
    pub fn new(file: &'a EvidenceFile) -> Self {
        let terms = Terms::new(language(file));
        let stems = |text: &str| -> BTreeSet<String> { terms.of(text).into_iter().collect() };
        let around = |evidence: &Evidence| Surroundings {
            heading: stems(evidence.headings.last().map_or("", String::as_str)),
            headings: stems(&format!(
                "{} {}",
                evidence.title,
                evidence.headings.join(" ")
            )),
            passage: stems(&evidence.passage),
            is_subject: false,
        };
        let mut surroundings: Vec<Surroundings> = file.evidence.iter().map(around).collect();
        let mut frequencies: BTreeMap<String, usize> = BTreeMap::new();
        for stem in surroundings.iter().flat_map(|around| &around.passage) {
            *frequencies.entry(stem.clone()).or_default() += 1;
        }
        let asked = asked(file, &terms, &surroundings);
        for (around, evidence) in surroundings.iter_mut().zip(&file.evidence) {
            let heading = evidence.headings.last();
            around.is_subject = heading.is_some_and(|heading| is_subject(heading, &terms, &asked));
        }
        Self {
            sides: sides(&file.topic, &asked),
            question: Question::new(&file.topic),
            asked,
            file,
            terms,
            surroundings,
            frequencies,
        }
    }

    pub fn evidence(&self) -> &'a [Evidence] {
        &self.file.evidence
    }

    /// The different stems of a text.
    pub fn stems(&self, text: &str) -> BTreeSet<String> {
        self.terms.of(text).into_iter().collect()
    }

    /// A stem that few passages use tells more.
    pub fn weight(&self, stem: &str) -> f64 {
        let found = self.frequencies.get(stem).copied().unwrap_or(0);
        weight(found, self.file.evidence.len())
    }

    /// Share of the weight of the topic's known words, 0 to 1, where each counts in full in the text, whose stems are `own`, and
    /// less around it.
    pub fn coverage(
        &self,
        evidence: usize,
        text: &str,
        own: &BTreeSet<String>,
        lead: &BTreeSet<String>,
        beside: &BTreeSet<String>,
    ) -> f64 {
        let around = &self.surroundings[evidence];
        let above = if around.is_subject { SUBJECT } else { ABOVE };
        let counts = |asked: &Asked| {
            let places = [
                (1.0, own),
                (IN_LEAD, lead),
                (above, &around.heading),
                (IN_HEADING, &around.headings),
                (BESIDE, beside),
                (IN_PASSAGE, &around.passage),
            ];
            let there = places.into_iter().filter(|(_, stems)| asked.is_in(stems));
            let counts = there.map(|(counts, _)| counts).fold(0.0, f64::max);
            let meant = counts < MEANT && self.question.is_meant_by(&asked.label, text);
            if meant { MEANT } else { counts }
        };
        share(&self.asked, counts)
    }

    /// Whether a sentence gives the reason for what the one before it says, where that is asked and both are about the topic.
    pub fn is_reason_for(&self, before: &str, sentence: &str) -> bool {
        let share = |text| self.share_of(self.tells(&self.stems(text)).iter());
        self.question.is_reason(sentence)
            && !self.question.is_reason(before)
            && share(before) >= HALF
            && share(sentence) > 0.0
    }

    /// Whether a question of a kind names one subject alone: all that is about it is as good an answer.
    pub fn is_vague(&self) -> bool {
        let subjects = self
            .asked
            .iter()
            .filter(|asked| !asked.filler && !asked.aside);
        self.question.has_kind() && subjects.count() < 2
    }

    /// Whether the question compares two things, and the stems name both.
    pub fn compares(&self, stems: &BTreeSet<String>) -> bool {
        let names = |side: usize| self.asked[side].is_in(stems);
        self.question.wants_comparison()
            && self
                .sides
                .is_some_and(|(one, other)| names(one) && names(other))
    }

    /// Whether a comparison is asked for, and `lead`, whose stems these are, introduces what speaks for or against one side.
    pub fn announces(&self, lead: &str, stems: &BTreeSet<String>) -> bool {
        let names = |side: usize| self.asked[side].is_in(stems);
        self.question.wants_comparison()
            && question::weighs(lead)
            && self
                .sides
                .is_some_and(|(one, other)| names(one) || names(other))
    }

    /// The words of each thing that the topic lists, or of each question in it. What has no known word is none.
    pub fn parts(&self) -> Vec<BTreeSet<usize>> {
        let numbers = |part: &String| {
            let said: BTreeSet<&str> = words(part).collect();
            let number = |number: &usize| said.contains(self.asked[*number].label.as_str());
            (0..self.asked.len()).filter(number).collect()
        };
        let parts = match self.question.listed() {
            [] if self.question.parts().len() > 1 => self.question.parts(),
            listed => listed,
        };
        let parts = parts.iter().map(numbers);
        parts
            .filter(|part: &BTreeSet<usize>| self.share_of(part.iter()) > 0.0)
            .collect()
    }

    /// Whether both are items of one list or rows of one table, which may be several passages.
    pub fn is_beside(&self, a: &Candidate<'_>, b: &Candidate<'_>) -> bool {
        let place = |candidate: &Candidate<'_>| {
            let evidence = &self.evidence()[candidate.evidence];
            (&evidence.source, &evidence.headings)
        };
        a.lead.is_some() && a.lead == b.lead && place(a) == place(b)
    }

    /// Whether the heading right above names nothing but what the topic asks about.
    pub fn is_subject_above(&self, evidence: usize) -> bool {
        self.surroundings[evidence].is_subject
    }

    /// Share of the topic that the heading right above names, where it names nothing else.
    pub fn subject_above(&self, evidence: usize) -> f64 {
        let around = &self.surroundings[evidence];
        let named = |asked: &Asked| f64::from(u8::from(asked.is_in(&around.heading)));
        if around.is_subject {
            share(&self.asked, named)
        } else {
            0.0
        }
    }

    /// Whether the evidence is an index or a table of contents, whose entries name everything and say nothing.
    pub fn is_register(&self, evidence: usize) -> bool {
        let evidence = &self.evidence()[evidence];
        let mut headings = evidence.headings.iter().chain([&evidence.title]);
        headings.any(|heading| REGISTERS.contains(&heading.trim().to_lowercase().as_str()))
    }

    /// Whether the evidence tells of versions, as a list of changes does.
    pub fn is_history(&self, evidence: usize) -> bool {
        let evidence = &self.evidence()[evidence];
        let mut headings = evidence.headings.iter().chain([&evidence.title]);
        headings.any(|heading| history(heading))
    }

    /// Which of the topic's words the stems or the headings around the evidence name.
    pub fn named(&self, evidence: usize, stems: &BTreeSet<String>) -> BTreeSet<usize> {
        let headings = &self.surroundings[evidence].headings;
        let named = |asked: &Asked| asked.is_in(stems) || asked.is_in(headings);
        (0..self.asked.len())
            .filter(|number| named(&self.asked[*number]))
            .collect()
    }

    /// Which of the topic's words that name a subject are among the stems.
    pub fn tells(&self, stems: &BTreeSet<String>) -> BTreeSet<usize> {
        let tells = |asked: &Asked| !asked.filler && !asked.aside && asked.is_in(stems);
        (0..self.asked.len())
            .filter(|number| tells(&self.asked[*number]))
            .collect()
    }

    /// Share of the weight of the topic's known words that these have, 0 to 1.
    pub fn share_of<'n>(&self, numbers: impl Iterator<Item = &'n usize>) -> f64 {
        let total: f64 = self
            .asked
            .iter()
            .filter(|asked| asked.known && !asked.aside)
            .map(|asked| asked.weight)
            .sum();
        let part: f64 = numbers
            .filter_map(|number| self.asked.get(*number))
            .filter(|asked| !asked.aside)
            .map(|asked| asked.weight)
            .sum();
        if total > 0.0 { part / total } else { 0.0 }
    }

    /// Share of these words that the stems mention, 0 to 1.
    pub fn share(&self, wanted: &[(String, String)], stems: &BTreeSet<String>) -> f64 {
        if wanted.is_empty() {
            return 0.0;
        }
        let found = wanted.iter().filter(|(word, _)| mentions(stems, word));
        found.count() as f64 / wanted.len() as f64
    }

    /// Weighted likeness, 0 to 1: 1 where both say the same.
    pub fn likeness(&self, a: &BTreeSet<String>, b: &BTreeSet<String>) -> f64 {
        let square = |stems: &BTreeSet<String>| {
            stems
                .iter()
                .map(|s| self.weight(s).powi(2))
                .sum::<f64>()
                .sqrt()
        };
        let common: f64 = a
            .intersection(b)
            .map(|stem| self.weight(stem).powi(2))
            .sum();
        let length = square(a) * square(b);
        if length > 0.0 { common / length } else { 0.0 }
    }
}

/// Share of the weight of the known words that `counts` gives, 0 to 1.
fn share(asked: &[Asked], counts: impl Fn(&Asked) -> f64) -> f64 {
    let known = || asked.iter().filter(|asked| asked.known && !asked.aside);
    let total: f64 = known().map(|asked| asked.weight).sum();
    let found: f64 = known().map(|asked| asked.weight * counts(asked)).sum();
    if total > 0.0 { found / total } else { 0.0 }
}

/// As the researcher looked for them. An agent that does not say how it did gets the topic's words, weighed by the passages.
fn asked(file: &EvidenceFile, terms: &Terms, surroundings: &[Surroundings]) -> Vec<Asked> {
    let found = |forms: &[BTreeSet<String>]| {
        let has = |around: &&Surroundings| {
            named(forms, &around.passage) || named(forms, &around.headings)
        };
        surroundings.iter().filter(has).count()
    };
    // Whoever asks may write in another language than the documents.
    let known = [Language::English, Language::German];
    let theirs = Terms::new(Language::among(&file.topic, &known));
    if file.asked.is_empty() {
        let asked = |(word, stems): &(&str, Vec<String>)| {
            // An identifier is named by its parts too.
            let (whole, parts) = stems.split_at(1);
            let forms = [whole, parts].into_iter().filter(|form| !form.is_empty());
            let forms: Vec<BTreeSet<String>> =
                forms.map(|form| form.iter().cloned().collect()).collect();
            let found = found(&forms);
            Asked {
                label: (*word).to_owned(),
                forms,
                weight: weight(found, surroundings.len()),
                known: found > 0,
                aside: false,
                filler: false,
            }
        };
        let told = telling(&file.topic, terms);
        let told = told.iter().filter(|(word, _)| !asks(&theirs, word));
        return told.map(asked).collect();
    }
    let filler = |word: &AskedWord| asks(terms, &word.word) || asks(&theirs, &word.word);
    let only_fillers = file.asked.iter().all(filler);
    let asked = |word: &AskedWord| {
        let filler = filler(word) && !only_fillers;
        let forms = word
            .stems
            .iter()
            .map(|stems| stems.split(' ').map(str::to_owned).collect());
        let forms: Vec<BTreeSet<String>> = forms.collect();
        let found = found(&forms);
        Asked {
            label: word.word.clone(),
            // Rare in the documents, and rare among the passages: what all passages have does not tell which one answers.
            weight: (word.weight * weight(found, surroundings.len())).sqrt()
                * if filler { FILLER } else { 1.0 },
            known: found > 0,
            aside: word.aside,
            filler,
            forms,
        }
    };
    file.asked.iter().map(asked).collect()
}

/// Whether at least two of three words of a heading are asked about. What stands in brackets (its type) tells nothing.
fn is_subject(heading: &str, terms: &Terms, asked: &[Asked]) -> bool {
    let heading = heading.split(" (").next().unwrap_or_default();
    let stems = |word| terms.of_word(word).into_iter().collect::<BTreeSet<_>>();
    let words: Vec<BTreeSet<String>> = words(heading)
        .filter(|word| !names_a_kind(word))
        .map(stems)
        .filter(|stems| !stems.is_empty())
        .collect();
    let named = words
        .iter()
        .filter(|stems| asked.iter().any(|asked| asked.is_in(stems)));
    !words.is_empty() && named.count() * 3 >= words.len() * 2
}

/// Whether a word only asks and names no subject.
fn asks(terms: &Terms, word: &str) -> bool {
    terms.of(word).iter().all(|stem| terms.is_filler(stem))
}

/// The words of the topic on both sides of the first word that sets two things against each other.
fn sides(topic: &str, asked: &[Asked]) -> Option<(usize, usize)> {
    let words: Vec<&str> = words(topic).collect();
    let number = |word: &&str| {
        let names = |asked: &Asked| !asked.filler && !question::compares(&asked.label);
        let mut named = asked.iter().enumerate().filter(|(_, asked)| names(asked));
        named
            .find(|(_, asked)| asked.label == **word)
            .map(|(number, _)| number)
    };
    // Of several words in a row, as in `WAL mode`, the one that tells most.
    let side = |words: &mut dyn Iterator<Item = &&str>| {
        let mut numbers = words
            .map(number)
            .skip_while(Option::is_none)
            .map_while(|n| n);
        let first = numbers.next()?;
        Some(numbers.fold(first, |best, next| {
            if asked[next].weight > asked[best].weight {
                next
            } else {
                best
            }
        }))
    };
    let sides = |at: usize| {
        let one = side(&mut words[..at].iter().rev());
        one.zip(side(&mut words[at + 1..].iter()))
    };
    let joins = |at: &usize| JOINING.contains(&words[*at].to_lowercase().as_str());
    (0..words.len()).filter(joins).find_map(sides)
}

const JOINING: [&str; 17] = [
    "and",
    "or",
    "versus",
    "vs",
    "with",
    "than",
    "from",
    "instead",
    "over",
    "und",
    "oder",
    "mit",
    "statt",
    "als",
    "gegenüber",
    "和",
    "与",
];

/// Whether one of the forms is there with all its stems.
fn named(forms: &[BTreeSet<String>], stems: &BTreeSet<String>) -> bool {
    forms
        .iter()
        .any(|form| form.iter().all(|stem| mentions(stems, stem)))
}

/// The words of the topic with their stems, each once, without those that only ask. All, where there are only such words.
fn telling<'t>(topic: &'t str, terms: &Terms) -> Vec<(&'t str, Vec<String>)> {
    let mut all: Vec<(&str, Vec<String>)> = Vec::new();
    for word in words(topic) {
        let stems = terms.of_word(word);
        if !stems.is_empty() && !all.iter().any(|(_, known)| *known == stems) {
            all.push((word, stems));
        }
    }
    let tells = |(_, stems): &&(&str, Vec<String>)| !stems.iter().all(|stem| terms.is_filler(stem));
    if all.iter().any(|word| tells(&word)) {
        all.retain(|word| tells(&word));
    }
    all
}

/// Of the topic, where it is one that the evidence is written in; else the first passages' own.
fn language(file: &EvidenceFile) -> Option<Language> {
    let written: Vec<Language> = file
        .evidence
        .iter()
        .filter_map(|e| Language::of(&e.passage))
        .collect();
    Language::among(&file.topic, &written).or_else(|| written.first().copied())
}

fn weight(found: usize, total: usize) -> f64 {
    (1.0 + total as f64 / (found as f64 + 0.5)).ln()
}

/// Whether the stems hold a word, in any of its forms.
pub fn mentions(stems: &BTreeSet<String>, word: &str) -> bool {
    stems.contains(word) || stems.iter().any(|stem| same_word(word, stem))
}

const REGISTERS: [&str; 9] = [
    "index",
    "contents",
    "table of contents",
    "list of figures",
    "list of tables",
    "inhaltsverzeichnis",
    "stichwortverzeichnis",
    "索引",
    "目次",
];

/// Headings of lists of changes.
fn history(heading: &str) -> bool {
    let heading = heading.to_lowercase();
    let names = [
        "changelog",
        "change log",
        "changes in",
        "release notes",
        "what's new",
        "what’s new",
        "news",
        "änderungen",
        "neuerungen",
        "変更履歴",
        "リリースノート",
        "更新日志",
        "发行说明",
    ];
    let numbered = |word: &str| {
        heading
            .strip_prefix(word)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    names.iter().any(|name| heading.contains(name)) || numbered("version ") || numbered("release ")
}

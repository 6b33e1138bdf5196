//! What kind of answer a question waits for, and whether a sentence has the marks of one. A question in a language without
//! cues has no kind, and its sentences are compared by their words alone.

use aegis_agent_kit::text::{KINDS, Kind, Mark, spaced, words};

fn is_answered_by(kind: &Kind, text: &str, is_code: bool) -> bool {
    let cue = || {
        let spaced = spaced(text);
        kind.answered.iter().any(|cue| spaced.contains(cue))
    };
    match kind.mark {
        Mark::Warning | Mark::Permission | Mark::Reason | Mark::Contrast => cue(),
        Mark::Number => has_number(text),
        Mark::CueAndNumber => has_number(text) && cue(),
        Mark::CueOrCommand => is_code || has_command(text) || cue(),
    }
}

/// Cues that versions or changes are asked for.
const HISTORY: &[&str] = &[
    " version",
    " release",
    " change",
    " new ",
    " since ",
    " änder",
    " neu",
    " seit ",
    "版本",
    "更新",
    "变更",
    "バージョン",
    "変更",
];

/// Cues that a number is asked for and nothing else.
const COUNTS: &[&str] = &[
    " how many ",
    " how much ",
    " how long ",
    " how often ",
    " how old ",
    " wie viel",
    " wie lange ",
    " wie oft ",
    " wie hoch ",
    "いくつ",
    "何日",
    "何時間",
    "多少",
    "几个",
    "几天",
    "多久",
];

const TIMES: [&str; 24] = [
    "second", "seconds", "minute", "minutes", "hour", "hours", "day", "days", "week", "weeks",
    "month", "months", "year", "years", "sekunden", "minuten", "stunden", "tage", "tagen",
    "wochen", "monate", "monaten", "jahre", "jahren",
];

/// Cues that several things are asked for.
const LISTS: &[&str] = &[
    " what are ",
    " which are ",
    " list ",
    " was sind ",
    " welche sind ",
    "哪些",
    "一覧",
];

/// What a question waits for. A question may be of several kinds.
pub struct Question {
    kinds: Vec<&'static Kind>,
    is_history: bool,
    is_list: bool,
    /// The things that it lists itself, as written.
    listed: Vec<String>,
    is_count: bool,
    /// As cues are looked for.
    topic: String,
    parts: Vec<String>,
}

impl Question {
    pub fn new(topic: &str) -> Self {
        let parts = parts(topic);
        let listed = listed(topic);
        let topic = spaced(topic);
        let mut kinds: Vec<&'static Kind> =
            KINDS.iter().filter(|kind| kind.is_asked(&topic)).collect();
        // `Should not` asks for no permission.
        if kinds.iter().any(|kind| kind.mark == Mark::Warning) {
            kinds.retain(|kind| kind.mark != Mark::Permission);
        }
        Self {
            kinds,
            parts,
            topic: topic.clone(),
            is_count: COUNTS.iter().any(|cue| topic.contains(cue)),
            is_list: !listed.is_empty() || LISTS.iter().any(|cue| topic.contains(cue)),
            is_history: HISTORY.iter().any(|cue| topic.contains(cue)),
            listed,
        }
    }

    /// Whether it asks for versions or changes.
    pub fn is_history(&self) -> bool {
        self.is_history
    }

    /// Whether a number is the only answer that there can be.
    pub fn counts(&self) -> bool {
        self.is_count
    }

    pub fn wants_commands(&self) -> bool {
        self.kinds
            .iter()
            .any(|kind| kind.mark == Mark::CueOrCommand)
    }

    /// Whether the answer is counted in this unit: in years where it is asked how long, in what stands behind "how many".
    pub fn is_counted_in(&self, unit: &str) -> bool {
        let unit = unit.to_lowercase();
        let long = [" how long ", " how old ", " wie lange "];
        if long.iter().any(|cue| self.topic.contains(cue)) {
            return TIMES.contains(&unit.as_str());
        }
        let many = [" how many ", " wie viele "];
        let many = many.iter().find_map(|cue| self.topic.split_once(cue));
        let counted = many.and_then(|(_, behind)| behind.split(' ').next());
        counted.is_some_and(|counted| same_unit(counted, &unit))
    }

    pub fn has_kind(&self) -> bool {
        !self.kinds.is_empty()
    }

    /// Whether it asks for several things.
    pub fn wants_list(&self) -> bool {
        self.is_list
    }

    /// The things that it lists itself, as written.
    pub fn listed(&self) -> &[String] {
        &self.listed
    }

    /// The questions in it, as written.
    pub fn parts(&self) -> &[String] {
        &self.parts
    }

    pub fn wants_comparison(&self) -> bool {
        self.kinds.iter().any(|kind| kind.mark == Mark::Contrast)
    }

    /// Whether it asks why, and the text gives a reason.
    pub fn is_reason(&self, text: &str) -> bool {
        let mut kinds = self.kinds.iter();
        kinds.any(|kind| kind.mark == Mark::Reason && is_answered_by(kind, text, false))
    }

    /// Share of the question's kinds that a text has a mark of, 0 to 1.
    pub fn answered_by(&self, text: &str, is_code: bool) -> f64 {
        if self.kinds.is_empty() {
            return 0.0;
        }
        let marked = |kind: &&&Kind| is_answered_by(kind, text, is_code);
        self.kinds.iter().filter(marked).count() as f64 / self.kinds.len() as f64
    }

    /// Whether a word of the topic is the cue of a kind that the text answers: `limited to` names a maximum.
    pub fn is_meant_by(&self, word: &str, text: &str) -> bool {
        let word = spaced(word);
        let mut kinds = self.kinds.iter().filter(|kind| kind.is_asked(&word));
        kinds.any(|kind| kind.mark != Mark::Number && is_answered_by(kind, text, false))
    }
}

/// Three things or more: `What are the limits: rows, columns, size of a field?`
fn listed(topic: &str) -> Vec<String> {
    let list = topic.rsplit([':', '：']).next().unwrap_or_default();
    let things: Vec<String> = list.split([',', '，', '、']).map(str::to_owned).collect();
    if things.len() > 2 { things } else { Vec::new() }
}

/// Several questions in one: `When was it built, and who lives there?`
fn parts(topic: &str) -> Vec<String> {
    let mut parts = Vec::new();
    for sentence in topic.split_inclusive(['?', '？']) {
        let mut rest = sentence;
        while let Some(at) = joint(rest) {
            let (part, behind) = rest.split_at(at);
            parts.push(part);
            rest = behind.trim_start_matches(',');
        }
        parts.push(rest);
    }
    let parts = parts.into_iter().map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Where the next question begins.
fn joint(text: &str) -> Option<usize> {
    let asks = [
        "how", "what", "when", "why", "which", "where", "who", "wie", "was", "wann", "warum",
        "welche", "wo", "wer",
    ];
    let joints = [" and ", " und "]
        .iter()
        .flat_map(|joint| text.match_indices(joint));
    let begins = |(at, joint): &(usize, &str)| {
        let next = text[at + joint.len()..]
            .split(' ')
            .next()
            .unwrap_or_default();
        asks.contains(&next.to_lowercase().as_str())
    };
    joints
        .filter(begins)
        .map(|(at, _)| at)
        .min()
        .filter(|at| *at > 0)
}

/// Whether a word asks for a comparison itself: it is none of the things that are compared.
pub fn compares(word: &str) -> bool {
    let word = spaced(word);
    let mut contrasts = KINDS.iter().filter(|kind| kind.mark == Mark::Contrast);
    contrasts.any(|kind| kind.is_asked(&word))
}

/// Whether a text introduces what speaks for or against something.
pub fn weighs(text: &str) -> bool {
    const CUES: [&str; 12] = [
        " advantage",
        " disadvantage",
        " benefit",
        " drawback",
        " pros ",
        " cons ",
        " vorteil",
        " nachteil",
        "利点",
        "欠点",
        "优点",
        "缺点",
    ];
    let text = spaced(text);
    CUES.iter().any(|cue| text.contains(cue))
}

/// `year` and `years`.
pub fn same_unit(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    !short.is_empty() && long.starts_with(short) && long.len() <= short.len() + 2
}

/// Whether a number is written as a word. Not enough to be the mark of an answer: `one` and 一 stand in most texts.
pub fn has_number_word(text: &str) -> bool {
    const WORDS: [&str; 42] = [
        "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
        "fifteen", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
        "hundred", "thousand", "million", "once", "twice", "zwei", "drei", "vier", "fünf", "sechs",
        "sieben", "acht", "neun", "zehn", "elf", "zwölf", "zwanzig", "dreißig", "hundert",
        "tausend", "einmal", "zweimal",
    ];
    const CHARACTERS: &str = "二三四五六七八九十百千万亿两";
    let mut words = words(text);
    words.any(|word| WORDS.contains(&word.to_lowercase().as_str()))
        || text.contains(|c| CHARACTERS.contains(c))
}

/// In digits or spelled out.
pub fn has_number(text: &str) -> bool {
    text.contains(|c: char| c.is_numeric()) || words(text).any(|word| spelled(word).is_some())
}

/// The number that a word is, of those that are mostly spelled out.
pub fn spelled(word: &str) -> Option<u8> {
    let word = word.to_lowercase();
    // What is one is rarely counted.
    let mut named = (2..).zip(ENGLISH).chain((2..).zip(GERMAN));
    named
        .find(|(_, name)| *name == word)
        .map(|(number, _)| number)
}

const ENGLISH: [&str; 11] = [
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
];
const GERMAN: [&str; 11] = [
    "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf",
];

/// An option (`--soft`), or a word in a program's type, in the text.
fn has_command(text: &str) -> bool {
    let option = |word: &str| {
        let name = word.trim_start_matches(['(', '`', '"', '“', '‘', '\'', '[']);
        name.len() > 1 && name.starts_with('-') && name.contains(|c: char| c.is_ascii_alphabetic())
    };
    text.contains('`') || text.split(' ').any(option)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_knows_the_marks_of_its_answers() {
        let cases = [
            (
                "Why are pages written?",
                "It is done because pages tear.",
                "Pages are written.",
            ),
            (
                "How many columns may a table have?",
                "It has 1,600.",
                "It has columns.",
            ),
            (
                "How do I undo a commit?",
                "git reset --soft does it.",
                "A commit is undone.",
            ),
            (
                "What is the difference between a and b?",
                "a is faster than b.",
                "a is fast.",
            ),
            (
                "Warum ist das so?",
                "Es ist so, weil es regnet.",
                "Es ist so.",
            ),
            ("なぜ必要か", "電源が切れるため必要です。", "必要です。"),
            ("为什么需要？", "因为断电。", "需要。"),
        ];
        for (question, answer, other) in cases {
            let question = Question::new(question);
            let (answer, other) = (
                question.answered_by(answer, false),
                question.answered_by(other, false),
            );
            assert!(answer > other, "{answer} {other}");
        }
        assert!(Question::new("Water on Mars").kinds.is_empty());
    }
}

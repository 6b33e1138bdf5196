//! What may be said: pieces of the evidence that can be understood alone, with their worth as an answer.
//!
//! A piece is a sentence, two sentences where the second leans on the first, an item, a row or a block of code. It
//! lies within one line of its passage, so it stands in the source as one text.

use std::collections::BTreeSet;
use std::ops::Range;

use aegis_agent_kit::text::{extent, sentences, words};
use aegis_contracts::findings::PassageKind;

use crate::leaning::{about_itself, is_reference, leans, leans_on_heading};
use crate::material::Material;
use crate::wishes::Wishes;

/// Extent of the shortest and longest piece.
const EXTENTS: Range<usize> = 12..700;
/// Words of the shortest sentence.
const FEWEST_WORDS: usize = 4;
/// Extent up to which an item is one piece, whatever number of sentences it has.
const ITEM: usize = 360;
/// Extent from which length costs.
const LONG: usize = 320;

/// What a text that has the marks of an answer to this kind of question gains.
const MARKED: f64 = 0.2;
/// What the first passage gains over the last.
const RANK: f64 = 0.2;
/// What two words of the topic gain that stand together in it and in the text.
const TOGETHER: f64 = 0.1;
/// What a list of changes loses, unless it is asked for.
const HISTORY_COST: f64 = 0.2;
/// What an entry of an index or a table of contents loses.
const REGISTER_COST: f64 = 0.5;
/// What the beginning of a section gains whose heading is what the topic asks about: most begin by saying what it is.
const DEFINING: f64 = 0.15;
/// What a text gains below a heading that names all of the topic and nothing else.
const BELOW: f64 = 0.2;
/// What a text gains that names little else than the topic.
const FOCUS: f64 = 0.15;
/// What a text gains that names both sides of a comparison.
const COMPARING: f64 = 0.1;
/// What an item gains whose list is announced as what speaks for and against one side.
const ANNOUNCED: f64 = 0.6;
/// What a sentence gains together with one that explains it.
const EXPLAINED: f64 = 0.01;
const LEANING_COST: f64 = 0.25;
const ABOUT_ITSELF_COST: f64 = 0.25;
const LONG_COST: f64 = 0.1;
/// What code counts where no command is asked for.
const CODE: f64 = 0.6;
/// What the approver asks about goes before all else.
const WANTED_WORTH: f64 = 0.6;

/// A piece that may become a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate<'a> {
    /// Index of its evidence.
    pub evidence: usize,
    /// Where in the passage, in bytes.
    pub start: usize,
    pub text: &'a str,
    /// What introduces it: a sentence before a list, the header of a table.
    pub lead: Option<&'a str>,
    /// Of the text, without those of the lead.
    pub stems: BTreeSet<String>,
    /// How well it answers, around 0 to 1.5.
    pub worth: f64,
    /// What it gains because the approver asks for it.
    pub wanted: f64,
    /// Whether its list is announced as what speaks for or against one side of the comparison that is asked for.
    pub announced: bool,
}

impl Candidate<'_> {
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    pub fn overlaps(&self, other: &Self) -> bool {
        self.evidence == other.evidence && self.start < other.end() && other.start < self.end()
    }
}

/// A piece before it is weighed.
struct Piece<'a> {
    start: usize,
    text: &'a str,
    lead: Option<&'a str>,
    /// Two sentences, where one explains the other.
    explained: bool,
    /// The sentences before and behind it.
    beside: String,
    /// Begins a passage that begins its section.
    first: bool,
    leans: bool,
    is_code: bool,
}

/// All pieces that may be said, in the order of the evidence. What approvers took out is not among them.
pub fn candidates<'a>(material: &Material<'a>, wishes: &Wishes) -> Vec<Candidate<'a>> {
    let mut found = Vec::new();
    for number in 0..material.evidence().len() {
        for piece in pieces(material, number) {
            let stems = material.stems(piece.text);
            let lead = material.stems(piece.lead.unwrap_or_default());
            let wanted = material.share(&wishes.wanted, &stems);
            let announced = piece
                .lead
                .is_some_and(|text| material.announces(text, &lead));
            if !wishes.admit(piece.text, wanted > 0.0) {
                continue;
            }
            found.push(Candidate {
                evidence: number,
                start: piece.start,
                text: piece.text,
                lead: piece.lead,
                worth: worth(material, number, &piece, &stems, &lead, announced),
                announced,
                wanted: if wanted > 0.0 {
                    WANTED_WORTH * (1.0 + wanted)
                } else {
                    0.0
                },
                stems,
            });
        }
    }
    found
}

fn worth(
    material: &Material<'_>,
    rank: usize,
    piece: &Piece<'_>,
    stems: &BTreeSet<String>,
    lead: &BTreeSet<String>,
    announced: bool,
) -> f64 {
    let total = material.evidence().len() as f64;
    let when = |condition: bool, worth: f64| if condition { worth } else { 0.0 };
    // A list of what speaks for one side answers as a whole: its items say what the line above it says.
    let own = if announced {
        stems | lead
    } else {
        stems.clone()
    };
    let coverage = covered(material, rank, piece, &own, lead);
    let too_long = extent(piece.text).saturating_sub(LONG) as f64 / LONG as f64;
    let subject_above = material.is_subject_above(rank);
    let defines = piece.first && subject_above;
    // `This option …` below the option's name can be understood.
    let explained = subject_above && (piece.first || leans_on_heading(piece.text));
    // Where one subject tells nothing apart, the marks of an answer must.
    let marked = if material.is_vague() { 2.0 } else { 1.0 } * MARKED;
    let worth = coverage
        + marked * material.question.answered_by(piece.text, piece.is_code)
        + RANK * (1.0 - rank as f64 / total)
        + TOGETHER * together(material, piece.text)
        + FOCUS * focus(material, piece)
        + when(defines, DEFINING)
        + BELOW * material.subject_above(rank)
        + when(material.compares(&(stems | lead)), COMPARING)
        + when(announced, ANNOUNCED)
        + when(piece.explained, EXPLAINED)
        - when(
            material.is_history(rank) && !material.question.is_history(),
            HISTORY_COST,
        )
        - when(material.is_register(rank), REGISTER_COST)
        - when(piece.leans && !explained, LEANING_COST)
        - when(about_itself(piece.text), ABOUT_ITSELF_COST)
        - LONG_COST * too_long;
    let beside_the_point = piece.is_code && !material.question.wants_commands();
    worth * if beside_the_point { CODE } else { 1.0 }
}

/// Share of the topic that the piece names.
fn covered(
    material: &Material<'_>,
    rank: usize,
    piece: &Piece<'_>,
    stems: &BTreeSet<String>,
    lead: &BTreeSet<String>,
) -> f64 {
    let beside = material.stems(&piece.beside);
    let cover = |own: &BTreeSet<String>, lead: &BTreeSet<String>| {
        material.coverage(rank, piece.text, own, lead, &beside)
    };
    let parts = sentences_of(piece).into_iter();
    let parts: Vec<BTreeSet<String>> = parts.map(|part| material.stems(part)).collect();
    let others = |at: usize| {
        let parts = parts.iter().enumerate();
        let others = parts.filter(|(other, _)| *other != at);
        let others = others.flat_map(|(_, stems)| stems);
        others.chain(lead).cloned().collect()
    };
    match parts.len() {
        // One of several sentences answers; the others introduce or explain it.
        2.. => (0..parts.len())
            .map(|at| cover(&parts[at], &others(at)))
            .fold(0.0, f64::max),
        _ => cover(stems, lead),
    }
}

fn sentences_of<'a>(piece: &Piece<'a>) -> Vec<&'a str> {
    match piece.is_code {
        true => vec![piece.text],
        false => sentences(piece.text),
    }
}

/// How much of one of its sentences names the topic, 0 to 1: every third word is as much as can be.
fn focus(material: &Material<'_>, piece: &Piece<'_>) -> f64 {
    let focus = |text| {
        let stems = material.stems(text);
        let named = material.tells(&stems).len();
        (3.0 * named as f64 / stems.len().max(1) as f64).min(1.0)
    };
    let sentences = sentences_of(piece).into_iter();
    sentences.map(focus).fold(0.0, f64::max)
}

/// Share of the topic's neighbouring words that are neighbours in the text, in either order.
fn together(material: &Material<'_>, text: &str) -> f64 {
    let pairs = material.asked.windows(2);
    let count = pairs.len();
    if count == 0 {
        return 0.0;
    }
    let stems = material.terms.of(text);
    let sets: Vec<BTreeSet<String>> = stems
        .into_iter()
        .map(|stem| BTreeSet::from([stem]))
        .collect();
    let near = |pair: &&[crate::material::Asked]| {
        sets.windows(2).any(|two| {
            (pair[0].is_in(&two[0]) && pair[1].is_in(&two[1]))
                || (pair[1].is_in(&two[0]) && pair[0].is_in(&two[1]))
        })
    };
    pairs.filter(near).count() as f64 / count as f64
}

fn pieces<'a>(material: &Material<'a>, number: usize) -> Vec<Piece<'a>> {
    let evidence = &material.evidence()[number];
    let passage = evidence.passage.as_str();
    let mut lead = evidence.lead.as_deref().filter(|lead| introduces(lead));
    if evidence.kind == PassageKind::Code {
        return code(passage, lead).into_iter().collect();
    }
    let begins = begins(&evidence.location);
    let lines: Vec<&'a str> = passage.lines().collect();
    let mut found: Vec<Piece<'a>> = Vec::new();
    for (number, line) in lines.iter().copied().enumerate() {
        let line_at = Line {
            text: line,
            start: offset(passage, line),
            before: number.checked_sub(1).map_or("", |before| lines[before]),
            behind: lines.get(number + 1).copied().unwrap_or_default(),
            first: begins && number == 0,
        };
        let leads = line.ends_with([':', '：']) || is_header(evidence.kind, number, line);
        let is_item = evidence.kind != PassageKind::Paragraph || lead.is_some();
        if leads {
            let row = evidence.kind == PassageKind::Row && !line.ends_with([':', '：']);
            lead = Some(line).filter(|line| introduces(line) && (!row || line.contains('|')));
        } else if is_item && (evidence.kind == PassageKind::Row || extent(line) <= ITEM) {
            found.extend(whole(&line_at, lead));
        } else {
            found.extend(in_sentences(material, &line_at, lead));
        }
        // Only the next paragraph is what a sentence with a colon introduces; a list is so as a whole.
        if !leads && evidence.kind == PassageKind::Paragraph && extent(line) > ITEM {
            lead = None;
        }
    }
    found
}

/// A header with one cell names a box (`| Caution`) and says nothing about its rows.
fn introduces(lead: &str) -> bool {
    let cells = lead.split('|').filter(|cell| !cell.trim().is_empty());
    !lead.contains('|') || cells.count() > 1
}

/// A line of a passage and its neighbours.
struct Line<'a> {
    text: &'a str,
    start: usize,
    before: &'a str,
    behind: &'a str,
    first: bool,
}

/// Whether a location is the first paragraph of its section.
fn begins(location: &str) -> bool {
    let behind = location
        .rsplit_once("paragraph")
        .map(|(_, behind)| behind.trim_start_matches(['s', ' ']));
    behind.is_some_and(|behind| behind == "1" || behind.starts_with("1–"))
}

/// The first row of a table without numbers says what the others mean.
fn is_header(kind: PassageKind, number: usize, line: &str) -> bool {
    kind == PassageKind::Row && number == 0 && !line.contains(|c: char| c.is_numeric())
}

fn offset(passage: &str, part: &str) -> usize {
    part.as_ptr() as usize - passage.as_ptr() as usize
}

/// Where the whole of an item or row is a piece.
fn whole<'a>(line: &Line<'a>, lead: Option<&'a str>) -> Option<Piece<'a>> {
    // A row may have empty cells at its ends.
    let text = line.text.trim_matches([' ', '|']);
    let says = EXTENTS.contains(&extent(text)) && !is_question(text) && !is_leader(text);
    says.then(|| Piece {
        start: line.start + offset(line.text, text),
        text,
        lead: lead.filter(|lead| extent(lead) < EXTENTS.end),
        explained: false,
        beside: [line.before, line.behind].join(" "),
        first: line.first,
        leans: lead.is_none() && leans(text),
        is_code: false,
    })
}

fn code<'a>(passage: &'a str, lead: Option<&'a str>) -> Option<Piece<'a>> {
    let says = passage.trim().len() > 2 && extent(passage) < EXTENTS.end;
    says.then(|| Piece {
        start: 0,
        text: passage,
        lead: lead.filter(|lead| extent(lead) < EXTENTS.end),
        explained: false,
        beside: String::new(),
        first: false,
        leans: false,
        is_code: true,
    })
}

fn in_sentences<'a>(
    material: &Material<'a>,
    line: &Line<'a>,
    lead: Option<&'a str>,
) -> Vec<Piece<'a>> {
    let sentences: Vec<&'a str> = sentences(line.text);
    let all = sentences.len();
    let mut found = Vec::new();
    for (number, sentence) in sentences.iter().copied().enumerate() {
        let from = offset(line.text, sentence);
        let before = number.checked_sub(1).map(|at| sentences[at]);
        let behind = sentences.get(number + 1).copied();
        let mut piece = Piece {
            start: line.start + from,
            text: sentence,
            lead: if number == 0 { lead } else { None },
            explained: false,
            beside: [before.unwrap_or(line.before), behind.unwrap_or(line.behind)].join(" "),
            first: line.first && number == 0,
            leans: leans(sentence),
            is_code: false,
        };
        // `No, it cannot.` says nothing without what follows.
        if let (true, Some(behind)) = (is_verdict(sentence), behind) {
            piece.text = &line.text[from..offset(line.text, behind) + behind.len()];
            piece.explained = true;
            piece.leans = false;
        } else if !is_statement(sentence, all == 1) && !is_verdict(sentence) {
            continue;
        } else if let Some(before) = before.filter(|before| {
            (is_statement(before, false) || is_verdict(before))
                && (piece.leans || material.is_reason_for(before, sentence))
        }) {
            let first = offset(line.text, before);
            let both = &line.text[first..from + sentence.len()];
            let pair = Piece {
                start: line.start + first,
                text: both,
                lead: if number == 1 { lead } else { None },
                explained: true,
                beside: behind.unwrap_or(line.behind).to_owned(),
                first: line.first && number == 1,
                leans: leans(before) && !is_verdict(before) && !(number == 1 && lead.is_some()),
                is_code: false,
            };
            if extent(both) >= EXTENTS.end {
                // Too long to be shown together.
            } else if piece.leans {
                piece = pair;
            } else {
                found.push(pair);
            }
        } else if piece.lead.is_some() {
            piece.leans = false;
        }
        if EXTENTS.contains(&extent(piece.text)) {
            found.push(piece);
        }
    }
    found
}

/// A short answer to a question above: `No, it cannot.`
fn is_verdict(text: &str) -> bool {
    let verdicts = [
        "yes",
        "no",
        "ja",
        "nein",
        "はい",
        "いいえ",
        "是",
        "是的",
        "不",
        "不是",
        "可以",
        "不可以",
    ];
    let first = text
        .split([',', '.', '!', '，', '。', '、', '！', ';', ':'])
        .next()
        .unwrap_or_default();
    extent(text) < 80 && verdicts.contains(&first.trim().to_lowercase().as_str())
}

/// Not a question, a headline, the first half of a list or a piece of code. A text that has no other sentence beside it may end
/// without a full stop: a note, a caption.
fn is_statement(text: &str, alone: bool) -> bool {
    let trimmed =
        without_note(text).trim_end_matches([')', '"', '”', '’', '\'', ']', '»', '」', '』', '）']);
    let closed = trimmed.ends_with(['.', '!', '。', '！', '．', '؟', '۔', '।']);
    let letters = text
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == ' ')
        .count();
    // A text that was cut within a quotation is no sentence.
    let quoted = text.matches('"').count() % 2 == 1;
    let opened = !quoted && text.matches(['(', '（']).count() == text.matches([')', '）']).count();
    let enough = words(text).count() >= FEWEST_WORDS;
    let says = closed || (alone && !trimmed.ends_with([',', ';', ':', '：', '、']));
    says && enough
        && (closed || !is_numbered(text))
        && opened
        && !is_question(text)
        && !is_leader(text)
        && !is_reference(text)
        && letters * 4 >= text.chars().count() * 3
}

/// A sentence that a PDF has run together with the number of its footnote: `All is well.1`
fn without_note(text: &str) -> &str {
    let before = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let word = before.strip_suffix('.').unwrap_or_default();
    let is_note = text.len() - before.len() <= 2 && word.ends_with(char::is_alphabetic);
    if is_note { before } else { text }
}

/// A heading among the lines of a page: `6.2 Maintainer scripts idempotency`.
fn is_numbered(text: &str) -> bool {
    let number = text.split(' ').next().unwrap_or_default();
    number.contains('.') && number.chars().all(|c| c.is_ascii_digit() || c == '.')
}

fn is_question(text: &str) -> bool {
    text.trim_end().ends_with(['?', '？'])
}

/// A line of a table of contents: its title, dots and a page.
fn is_leader(text: &str) -> bool {
    text.contains(". . .") || text.contains("....") || text.contains("……")
}

//! Cuts documents into passages: long enough to be understood alone, short enough to be cited.
//!
//! A passage is a piece of one section: neighbouring short blocks together, each a line of it, or a part of a long one cut
//! between sentences. Nothing is cut off, whatever script it is written in.

use aegis_agent_kit::text::{extent, sentences};

use crate::document::{Block, Document, Kind};

/// Extent below which a block is joined with the next one of its section.
const SHORT: usize = 240;
/// Extent that a passage does not exceed, unless one sentence does.
const LONG: usize = 900;
/// Extent that no passage exceeds.
const LONGEST: usize = 2_000;
/// Extent below which a passage says too little, if its document says more elsewhere.
const CRUMB: usize = 12;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Index of its document.
    pub document: usize,
    pub section: Vec<String>,
    /// Number of its first and last paragraph in the section, from 1.
    pub paragraphs: (usize, usize),
    pub kind: Kind,
    /// What introduces its first block.
    pub lead: Option<String>,
    /// The whole paragraph that the lead stands in, by which its items are found: `WAL has advantages over a journal. They
    /// are:` says what they are advantages of.
    pub introduction: Option<String>,
    /// Each block that it is made of is a line of it.
    pub text: String,
}

impl Passage {
    /// Where in the document: headings and paragraph numbers.
    pub fn location(&self) -> String {
        let (first, last) = self.paragraphs;
        let paragraphs = if first == last {
            format!("paragraph {first}")
        } else {
            format!("paragraphs {first}–{last}")
        };
        if self.section.is_empty() {
            paragraphs
        } else {
            format!("{}, {paragraphs}", self.section.join(" › "))
        }
    }
}

/// The passages of one document, in order.
pub fn passages(index: usize, document: &Document) -> Vec<Passage> {
    let mut cut = Cutter {
        document: index,
        passages: Vec::new(),
        open: None,
        lead: None,
        said: String::new(),
        paragraph: 0,
    };
    let mut section: Option<&[String]> = None;
    let blocks: Vec<&Block> = document
        .blocks
        .iter()
        .filter(|b| !b.is_appendix())
        .collect();
    for (number, block) in blocks.iter().enumerate() {
        let next = blocks.get(number + 1);
        // Found by the text below it, unless there is none.
        if block.kind == Kind::Heading && next.is_some_and(|next| next.is_below(block)) {
            continue;
        }
        if section != Some(&block.section) {
            cut.close();
            cut.paragraph = 0;
            section = Some(&block.section);
        }
        cut.paragraph += 1;
        cut.add(block);
    }
    cut.close();
    let telling = |passage: &Passage| extent(&passage.text) >= CRUMB;
    // A file of three words is all that there is to say.
    if cut.passages.iter().any(telling) {
        cut.passages.retain(telling);
    }
    cut.passages
}

struct Cutter {
    document: usize,
    passages: Vec<Passage>,
    open: Option<Passage>,
    /// Of the block that was added last.
    lead: Option<String>,
    /// The paragraph that was added last.
    said: String,
    paragraph: usize,
}

impl Cutter {
    fn add(&mut self, block: &Block) {
        if block.kind == Kind::Paragraph {
            self.said.clone_from(&block.text);
        }
        if let Some(open) = &mut self.open {
            let alike = open.kind == block.kind || (is_prose(open.kind) && is_prose(block.kind));
            // Items stay with what introduces them, and away from what stands behind their list.
            let introduced =
                block.lead == self.lead || block.lead.as_deref() == open.text.lines().last();
            let (before, more) = (extent(&open.text), extent(&block.text));
            let short = before < SHORT || more < SHORT / 2;
            if alike && block.kind != Kind::Code && introduced && short && before + more < LONG {
                open.text.push('\n');
                open.text.push_str(&block.text);
                open.paragraphs.1 = self.paragraph;
                self.lead.clone_from(&block.lead);
                return;
            }
        }
        self.close();
        let pieces = match block.kind {
            Kind::Code => pieces(&block.text, block.text.split_inclusive('\n')),
            _ => pieces(&block.text, sentences(&block.text).into_iter()),
        };
        for piece in pieces {
            self.close();
            self.open = Some(Passage {
                document: self.document,
                section: block.section.clone(),
                paragraphs: (self.paragraph, self.paragraph),
                kind: block.kind,
                lead: block.lead.clone(),
                introduction: self.introduction(block),
                text: piece.to_owned(),
            });
        }
        self.lead.clone_from(&block.lead);
    }

    fn introduction(&self, block: &Block) -> Option<String> {
        let lead = block.lead.as_ref()?;
        let paragraph = self.said.contains(lead.as_str()).then_some(&self.said);
        Some(paragraph.unwrap_or(lead).clone())
    }

    fn close(&mut self) {
        self.passages.extend(self.open.take());
    }
}

fn is_prose(kind: Kind) -> bool {
    matches!(kind, Kind::Paragraph | Kind::Item | Kind::Quote)
}

/// A long text between its sentences or lines, about evenly; a short one as it is. Each is an exact piece of the text, and
/// nothing is lost but white space.
fn pieces<'a>(text: &'a str, parts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let whole = extent(text);
    if whole <= LONG {
        return vec![text];
    }
    let target = whole / whole.div_ceil(LONG);
    let mut pieces = Vec::new();
    let (mut start, mut filled) = (0, 0);
    for part in parts.flat_map(bounded) {
        let more = extent(part);
        let at = part.as_ptr() as usize - text.as_ptr() as usize;
        if filled > 0 && (filled >= target || filled + more > LONG) {
            pieces.push(&text[start..at]);
            (start, filled) = (at, 0);
        }
        filled += more;
    }
    pieces.push(&text[start..]);
    pieces.into_iter().map(str::trim_end).collect()
}

/// A sentence without end, as in notes of a call, is cut after words, or, where there are none, after characters.
fn bounded(mut sentence: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    // Counted once: a file may be one sentence of megabytes.
    let mut left = extent(sentence);
    while left > LONGEST {
        let mut filled = 0;
        let fits = |(_, c): &(usize, char)| {
            filled += extent(c.encode_utf8(&mut [0; 4]));
            filled <= LONG
        };
        let last = sentence.char_indices().take_while(fits).last();
        let most = last.map_or(sentence.len(), |(at, c)| at + c.len_utf8());
        let space = sentence[..most].rfind(char::is_whitespace);
        let (part, rest) = sentence.split_at(space.filter(|at| *at > 0).unwrap_or(most));
        parts.push(part);
        sentence = rest.trim_start();
        left -= extent(part) + extent(&rest[..rest.len() - sentence.len()]);
    }
    parts.push(sentence);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(section: &str, text: &str) -> Block {
        Block {
            section: vec![section.to_owned()],
            kind: Kind::Paragraph,
            text: text.to_owned(),
            lead: None,
        }
    }

    fn cut(blocks: Vec<Block>) -> Vec<(String, String)> {
        let document = Document {
            uri: "u".to_owned(),
            title: "t".to_owned(),
            blocks,
            losses: Vec::new(),
        };
        let passages = passages(0, &document).into_iter();
        passages.map(|p| (p.location(), p.text)).collect()
    }

    #[test]
    fn short_neighbours_are_joined_within_their_section() {
        let cut = cut(vec![
            block("A", "One two three four five six."),
            block("A", "Seven."),
            block("B", "Another one with just enough words."),
            block("References", "A book that has rather a long title."),
        ]);
        assert_eq!(cut.len(), 2);
        assert_eq!(cut[0].0, "A, paragraphs 1–2");
        assert_eq!(cut[0].1, "One two three four five six.\nSeven.");
        assert_eq!(cut[1].0, "B, paragraph 1");
    }

    #[test]
    fn long_paragraphs_are_cut_between_sentences() {
        let sentence = "This sentence has some fifty characters in all, so. ";
        let text = sentence.repeat(40);
        let cut = cut(vec![block("A", text.trim())]);
        assert!(cut.len() > 1);
        for (location, piece) in &cut {
            assert_eq!(location, "A, paragraph 1");
            assert!(piece.len() <= LONG && text.contains(piece.as_str()));
            assert!(piece.ends_with("so."));
        }
    }

    #[test]
    fn of_a_text_without_sentences_nothing_is_lost() {
        let words: Vec<String> = (0..2_000).map(|n| format!("item{n}")).collect();
        let signs = "保留期为三十天".repeat(400);
        for text in [words.join(" "), signs] {
            let pieces = pieces(&text, sentences(&text).into_iter());
            assert!(pieces.iter().all(|piece| extent(piece) <= LONGEST));
            let seam = if text.contains(' ') { " " } else { "" };
            assert_eq!(pieces.join(seam), text);
        }
    }

    #[test]
    fn a_heading_is_a_passage_where_nothing_stands_below_it() {
        let heading = |text: &str| Block {
            section: Vec::new(),
            kind: Kind::Heading,
            ..block("", text)
        };
        let cut = cut(vec![
            heading("A"),
            block("A", "One two three four five six."),
            heading("The night desk has the number five"),
        ]);
        let texts: Vec<&str> = cut.iter().map(|(_, text)| text.as_str()).collect();
        let expected = [
            "One two three four five six.",
            "The night desk has the number five",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn items_stay_with_what_introduces_them() {
        let item = |text: &str| Block {
            kind: Kind::Item,
            lead: Some("Backups are kept:".to_owned()),
            ..block("A", text)
        };
        let cut = cut(vec![
            block("A", "Backups are kept:"),
            item("Daily: 30 days"),
            item("Weekly: a year"),
            block("A", "Another paragraph."),
        ]);
        assert_eq!(
            cut[0].1,
            "Backups are kept:\nDaily: 30 days\nWeekly: a year"
        );
        assert_eq!(cut[1].1, "Another paragraph.");
    }

    #[test]
    fn chinese_sentences_are_cut_as_they_stand() {
        let text = "保留期为三十天，然后删除。".repeat(60);
        let cut = cut(vec![block("A", &text)]);
        assert!(cut.len() > 2);
        for (_, piece) in &cut {
            assert!(text.contains(piece.as_str()) && piece.ends_with('。'));
            assert!(extent(piece) <= LONG);
        }
    }

    #[test]
    fn a_tiny_file_is_a_passage() {
        assert_eq!(cut(vec![block("A", "Budget: 5 euros")]).len(), 1);
    }
}

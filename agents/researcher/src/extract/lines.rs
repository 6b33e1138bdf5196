//! Text in lines: paragraphs between empty lines, items, pairs of a name and a value, headings by where they stand.

use crate::document::{Block, Document, Kind};

use super::text::clean;

/// Bytes of a line that may be a heading.
const LONGEST_HEADING: usize = 80;
/// Bytes of the name in a line such as `Owner: Dora`.
const LONGEST_NAME: usize = 60;

pub fn document(uri: &str, text: &str) -> Document {
    let mut document = Document {
        uri: uri.to_owned(),
        title: String::new(),
        blocks: Vec::new(),
        losses: Vec::new(),
    };
    let mut section: Vec<String> = Vec::new();
    let mut heading: Option<String> = None;
    let mut lead: Option<String> = None;
    for (kind, paragraph) in paragraphs(text) {
        let before = heading.take();
        if kind == Kind::Paragraph
            && let Some(line) = heading_in(&paragraph)
        {
            // Two in a row: the first was a line of its own.
            document
                .blocks
                .extend(before.map(|line| block(&section, Kind::Paragraph, line)));
            heading = Some(line);
            continue;
        }
        match before {
            Some(title) if document.title.is_empty() && document.blocks.is_empty() => {
                document.title = title;
            }
            Some(line) => {
                document
                    .blocks
                    .push(block(&[], Kind::Heading, line.clone()));
                section = vec![line];
                lead = None;
            }
            None => {}
        }
        if kind != Kind::Item {
            lead = Some(paragraph.clone()).filter(|text| text.ends_with([':', '：']));
        }
        document.blocks.push(Block {
            lead: lead.clone().filter(|_| kind == Kind::Item),
            ..block(&section, kind, paragraph)
        });
    }
    document
        .blocks
        .extend(heading.map(|line| block(&section, Kind::Paragraph, line)));
    document
}

fn block(section: &[String], kind: Kind, text: String) -> Block {
    Block {
        section: section.to_vec(),
        kind,
        text,
        lead: None,
    }
}

/// Paragraphs and items in order.
pub fn paragraphs(text: &str) -> Vec<(Kind, String)> {
    let text = text
        .replace("\r\n", "\n")
        .replace(['\r', '\u{b}', '\u{2028}', '\u{2029}'], "\n");
    let mut found = Found::default();
    for line in text.lines() {
        // A form feed ends a page, and with it a paragraph.
        if line.trim().is_empty() || line.starts_with('\u{c}') {
            found.close();
        }
        // As reStructuredText and AsciiDoc mark a heading.
        if is_underline(line) && found.open.len() == 1 {
            found.close();
            continue;
        }
        if let Some(item) = found.item(line) {
            found.close();
            found.is_item = true;
            found.open.push(item);
        } else if !line.trim().is_empty() {
            found.open.push(line);
        }
    }
    found.close();
    found.paragraphs
}

#[derive(Default)]
struct Found<'a> {
    paragraphs: Vec<(Kind, String)>,
    /// Lines of the paragraph or item that is not complete.
    open: Vec<&'a str>,
    is_item: bool,
}

impl<'a> Found<'a> {
    fn close(&mut self) {
        let lines = std::mem::take(&mut self.open);
        let kind = match std::mem::take(&mut self.is_item) {
            true => Kind::Item,
            false => Kind::Paragraph,
        };
        let mut paragraphs = joined(&lines, kind);
        paragraphs.retain(|(_, text)| !is_page_number(text));
        self.paragraphs.extend(paragraphs);
    }

    /// The text of a line that begins an item. A number may also begin a line of prose, so it has to stand where a list
    /// may: after an empty line, another item or a colon.
    fn item(&self, line: &'a str) -> Option<&'a str> {
        let line = line.trim_start();
        let bullet = line.strip_prefix(['-', '*', '•', '–', '·', '+', '◦', '▪']);
        if let Some(rest) = bullet.filter(|rest| rest.starts_with([' ', '\t'])) {
            return Some(rest.trim_start()).filter(|_| !is_page_number(line.trim_end()));
        }
        let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let numbered = (1..=3).contains(&(line.len() - rest.len()));
        let rest = rest
            .strip_prefix(['.', ')'])
            .filter(|rest| rest.starts_with([' ', '\t']))?;
        let may = self.is_item
            || self
                .open
                .last()
                .is_none_or(|before| before.trim_end().ends_with(':'));
        // The number is part of the text: a chapter, or a step that another names.
        Some(line).filter(|_| numbered && may && !rest.trim().is_empty())
    }
}

/// Breaks within a block of a page: two are a new paragraph.
pub fn of_breaks(text: &str, kind: Kind) -> Vec<(Kind, String)> {
    let lines: Vec<&str> = text.split('\n').collect();
    let parts = lines.split(|line| line.trim().is_empty());
    parts.flat_map(|part| joined(part, kind)).collect()
}

/// One block, or one for each line where the lines are pairs of a name and a value.
fn joined(lines: &[&str], kind: Kind) -> Vec<(Kind, String)> {
    if lines.len() > 1 && lines.iter().all(|line| is_pair(line)) {
        return lines.iter().map(|line| (Kind::Item, clean(line))).collect();
    }
    let text = clean(&lines.join("\n"));
    let empty = !text.chars().any(char::is_alphanumeric) || is_page_number(&text);
    if empty {
        Vec::new()
    } else {
        vec![(kind, text)]
    }
}

fn is_pair(line: &str) -> bool {
    let pair = line.trim().split_once(": ");
    pair.is_some_and(|(name, value)| {
        name.len() <= LONGEST_NAME
            && name.starts_with(char::is_alphanumeric)
            && !name.contains(['.', '!', '?'])
            && !value.trim().is_empty()
    })
}

/// `- 7 -`, `[7]`. A bare number may be an answer.
fn is_page_number(text: &str) -> bool {
    let number = text.trim_matches(|c: char| !c.is_alphanumeric());
    let decorated = text.starts_with(['-', '–', '—', '[', '(']) && text.len() > number.len() + 1;
    decorated && number.len() <= 4 && number.chars().all(|c| c.is_ascii_digit())
}

fn is_underline(line: &str) -> bool {
    let line = line.trim_end();
    let mark = line.chars().next().filter(|c| "=-~^+*#".contains(*c));
    line.len() > 2 && mark.is_some_and(|mark| line.chars().all(|c| c == mark))
}

/// A short line that is no sentence, without Markdown's marks. Where it stands decides whether it is a heading.
fn heading_in(text: &str) -> Option<String> {
    let text = text.trim_start_matches('#').trim_start();
    let ends = text.starts_with(char::is_alphanumeric) && text.ends_with(char::is_alphanumeric);
    let heading = text.len() <= LONGEST_HEADING && ends && !is_entry(text);
    heading.then(|| text.to_owned())
}

/// A line of a table of contents: `Retention ........ 12`.
pub fn is_entry(text: &str) -> bool {
    let before = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let dots = before.trim_end();
    let dotted = ["..", ". .", "…"].iter().any(|end| dots.ends_with(end));
    before.len() < text.len() && dotted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Vec<(String, Kind, String)> {
        let blocks = document("u", text).blocks.into_iter();
        blocks
            .map(|b| (b.section.join(">"), b.kind, b.text))
            .collect()
    }

    fn expected(blocks: &[(&str, Kind, &str)]) -> Vec<(String, Kind, String)> {
        let blocks = blocks.iter();
        blocks
            .map(|(section, kind, text)| ((*section).to_owned(), *kind, (*text).to_owned()))
            .collect()
    }

    #[test]
    fn paragraphs_lie_between_empty_lines_whatever_ends_a_line() {
        for end in ["\n", "\r\n", "\r"] {
            let text = "One\nline.\n\n---\n\n  Two. \n\n- 2 -\n".replace('\n', end);
            let texts: Vec<String> = seen(&text).into_iter().map(|(.., text)| text).collect();
            assert_eq!(texts, ["One line.", "Two."]);
        }
    }

    #[test]
    fn short_lines_over_text_are_headings() {
        let text =
            "Garden party\n============\nWe met.\n\nBudget\n\nIt is 400 euros.\n\nOne\n\nTwo\n";
        assert_eq!(document("u", text).title, "Garden party");
        let blocks = [
            ("", Kind::Paragraph, "We met."),
            ("", Kind::Heading, "Budget"),
            ("Budget", Kind::Paragraph, "It is 400 euros."),
            ("Budget", Kind::Paragraph, "One"),
            ("Budget", Kind::Paragraph, "Two"),
        ];
        assert_eq!(seen(text), expected(&blocks));
    }

    #[test]
    fn items_and_pairs_are_blocks_of_their_own() {
        let text = "Kept for:\n- days: 30\n- weeks\n  that end\n1. first\n\nOwner: Dora\nRegion: north\n\nIn the year\n1998. It rained.\n\nRetention .... 12\n\nIt is.\n";
        let blocks = [
            ("", Kind::Paragraph, "Kept for:"),
            ("", Kind::Item, "days: 30"),
            ("", Kind::Item, "weeks that end"),
            ("", Kind::Item, "1. first"),
            ("", Kind::Item, "Owner: Dora"),
            ("", Kind::Item, "Region: north"),
            ("", Kind::Paragraph, "In the year 1998. It rained."),
            ("", Kind::Paragraph, "Retention .... 12"),
            ("", Kind::Paragraph, "It is."),
        ];
        assert_eq!(seen(text), expected(&blocks));
        assert_eq!(
            document("u", text).blocks[1].lead.as_deref(),
            Some("Kept for:")
        );
    }
}

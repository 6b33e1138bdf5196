//! Plain text: paragraphs between empty lines. Also finds out how text is encoded.

use aegis_agent_kit::text::collapse;

use crate::document::{Block, Document, Kind};

pub fn document(uri: &str, text: &str) -> Document {
    let mut document = Document {
        uri: uri.to_owned(),
        title: String::new(),
        blocks: Vec::new(),
        losses: Vec::new(),
    };
    let mut section = Vec::new();
    let mut heading: Option<String> = None;
    for paragraph in paragraphs(text) {
        let before = heading.take();
        if is_heading(&paragraph) {
            // Two in a row: the first was a line of its own.
            document
                .blocks
                .extend(before.map(|line| block(&section, line)));
            heading = Some(paragraph);
            continue;
        }
        match before {
            Some(title) if document.title.is_empty() && document.blocks.is_empty() => {
                document.title = title;
            }
            Some(line) => section = vec![line],
            None => {}
        }
        document.blocks.push(block(&section, paragraph));
    }
    document
        .blocks
        .extend(heading.map(|line| block(&section, line)));
    document
}

fn block(section: &[String], text: String) -> Block {
    Block {
        section: section.to_vec(),
        kind: Kind::Paragraph,
        text,
        lead: None,
    }
}

pub fn paragraphs(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n");
    let mut paragraphs = Vec::new();
    let mut open = String::new();
    for line in text.lines().chain([""]) {
        // A form feed ends a page, and with it a paragraph.
        if line.trim().is_empty() || line.starts_with('\u{c}') {
            paragraphs.push(collapse(&open));
            open.clear();
        }
        // As reStructuredText and AsciiDoc mark a heading.
        if is_underline(line) && open.trim().lines().count() == 1 {
            paragraphs.push(collapse(&open));
            open.clear();
            continue;
        }
        open.push_str(line);
        open.push('\n');
    }
    paragraphs.push(collapse(&open));
    // Not rulers and page numbers.
    paragraphs.retain(|text| text.chars().any(char::is_alphabetic));
    paragraphs
}

fn is_underline(line: &str) -> bool {
    let line = line.trim_end();
    let mark = line.chars().next().filter(|c| "=-~^+*#".contains(*c));
    line.len() > 2 && mark.is_some_and(|mark| line.chars().all(|c| c == mark))
}

/// A short line that is no sentence. Where it stands decides whether it is a heading.
fn is_heading(text: &str) -> bool {
    text.len() <= 80
        && text.starts_with(char::is_alphanumeric)
        && text.ends_with(char::is_alphanumeric)
}

/// UTF-8, UTF-16 with a mark, or else Latin-1, in which every byte is a character.
pub fn decode(bytes: &[u8]) -> Result<String, String> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => return Ok(String::from_utf8_lossy(rest).into_owned()),
        [0xFF, 0xFE, rest @ ..] => return Ok(utf16(rest, u16::from_le_bytes)),
        [0xFE, 0xFF, rest @ ..] => return Ok(utf16(rest, u16::from_be_bytes)),
        _ => {}
    }
    if bytes.iter().take(8_192).any(|byte| *byte == 0) {
        return Err("is not text".to_owned());
    }
    Ok(match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    })
}

fn utf16(bytes: &[u8], unit: impl Fn([u8; 2]) -> u16) -> String {
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .map(|pair| unit([pair[0], pair[1]]))
        .collect();
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_lie_between_empty_lines() {
        let document = document("u", "One\r\nline.\r\n\r\n---\n\n  Two. \n");
        let texts: Vec<&str> = document.blocks.iter().map(|b| b.text.as_str()).collect();
        assert_eq!(texts, ["One line.", "Two."]);
    }

    #[test]
    fn short_lines_over_text_are_headings() {
        let document = document(
            "u",
            "Garden party\n============\nWe met.\n\nBudget\n\nIt is 400 euros.\n\nOne\n\nTwo\n",
        );
        assert_eq!(document.title, "Garden party");
        let seen: Vec<(String, &str)> = document
            .blocks
            .iter()
            .map(|b| (b.section.join(">"), b.text.as_str()))
            .collect();
        let expected = [
            ("", "We met."),
            ("Budget", "It is 400 euros."),
            ("Budget", "One"),
            ("Budget", "Two"),
        ];
        assert_eq!(
            seen,
            expected.map(|(section, text)| (section.to_owned(), text))
        );
    }

    #[test]
    fn encodings() {
        assert_eq!(decode("größer".as_bytes()).unwrap(), "größer");
        assert_eq!(decode(b"gr\xf6\xdfer").unwrap(), "größer");
        assert_eq!(decode(b"\xff\xfea\0").unwrap(), "a");
        assert!(decode(b"\x7fELF\0").is_err());
    }
}

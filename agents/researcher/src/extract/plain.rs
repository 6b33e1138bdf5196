//! Plain text: paragraphs between empty lines. Also finds out how text is encoded.

use aegis_agent_kit::text::collapse;

use crate::document::{Block, Document, Kind};

pub fn document(uri: &str, text: &str) -> Document {
    let text = text.replace("\r\n", "\n");
    let mut blocks = Vec::new();
    let mut paragraph = String::new();
    for line in text.lines().chain([""]) {
        // A form feed ends a page, and with it a paragraph.
        if line.trim().is_empty() || line.starts_with('\u{c}') {
            push(&mut blocks, &mut paragraph);
        }
        paragraph.push_str(line);
        paragraph.push('\n');
    }
    push(&mut blocks, &mut paragraph);
    Document {
        uri: uri.to_owned(),
        title: String::new(),
        blocks,
    }
}

fn push(blocks: &mut Vec<Block>, paragraph: &mut String) {
    let text = collapse(paragraph);
    paragraph.clear();
    // Rulers and page numbers.
    if text.chars().any(char::is_alphabetic) {
        blocks.push(Block {
            section: Vec::new(),
            kind: Kind::Prose,
            text,
        });
    }
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
    fn encodings() {
        assert_eq!(decode("größer".as_bytes()).unwrap(), "größer");
        assert_eq!(decode(b"gr\xf6\xdfer").unwrap(), "größer");
        assert_eq!(decode(b"\xff\xfea\0").unwrap(), "a");
        assert!(decode(b"\x7fELF\0").is_err());
    }
}

//! PDF: text page by page. The crate behind it panics on some files; that is caught and becomes a reason.

use std::panic::{AssertUnwindSafe, catch_unwind};

use aegis_agent_kit::text::collapse;

use crate::document::{Block, Document, Kind};

use super::lines;

pub fn document(uri: &str, bytes: &[u8]) -> Result<Document, String> {
    let extract = || pdf_extract::extract_text_from_mem_by_pages(bytes);
    let pages = match catch_unwind(AssertUnwindSafe(extract)) {
        Ok(Ok(pages)) => pages,
        Ok(Err(error)) => return Err(format!("the PDF cannot be read: {error}")),
        Err(_) => return Err("the PDF cannot be read: it broke the reader".to_owned()),
    };
    let mut blocks = Vec::new();
    for (number, page) in (1..).zip(&pages) {
        let on_page = lines::paragraphs(page).into_iter();
        blocks.extend(on_page.map(|(_, text)| Block {
            section: vec![format!("page {number}")],
            kind: Kind::Paragraph,
            text: unhyphenate(&text),
            lead: None,
        }));
    }
    if blocks.is_empty() {
        return Err("the PDF holds no text, perhaps only pictures of it".to_owned());
    }
    Ok(Document {
        uri: uri.to_owned(),
        title: String::new(),
        blocks,
        losses: Vec::new(),
    })
}

/// Words that were broken at the end of a line: `recov- ery` is `recovery`.
fn unhyphenate(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for word in text.split(' ') {
        let broken = joined.ends_with('-')
            && joined.chars().rev().nth(1).is_some_and(char::is_lowercase)
            && word.starts_with(char::is_lowercase);
        if broken {
            joined.pop();
        } else if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(word);
    }
    collapse(&joined)
}

#[cfg(test)]
mod tests {
    #[test]
    fn broken_words_are_mended() {
        assert_eq!(
            super::unhyphenate("crash recov- ery of X- rays"),
            "crash recovery of X- rays"
        );
    }
}

//! PDF: text page by page, in paragraphs. It is taken from the file in a process of its own, see [`process`].
//!
//! Headings cannot be told from other short lines. What is not the text of a page is left out: lines that stand at the edge
//! of most pages are kept once, page numbers and tables of contents are not.

pub mod process;
mod repair;

use std::collections::HashMap;

use aegis_agent_kit::text::{collapse, counted};

use crate::document::{Block, Document, Kind};

use super::lines;
use process::Read;

/// Lines at the top and at the bottom of a page that may be the same on others.
const EDGE: usize = 2;
/// Pages from which on such lines are looked for.
const FEWEST_PAGES: usize = 4;
/// Lines with dots and a page number that are a table of contents.
const FEWEST_ENTRIES: usize = 3;
const ENTRIES: &str = "the lines of a table of contents were left out";

pub fn document(uri: &str, bytes: &[u8]) -> Result<Document, String> {
    let Read {
        title,
        pages,
        unread,
    } = process::read(bytes)?;
    let mut losses: Vec<String> = Vec::new();
    for (number, page) in (1..).zip(&pages) {
        if let Err(reason) = page {
            losses.push(format!("page {number} cannot be read: {reason}"));
        }
    }
    losses.extend(unread);
    if pages.iter().all(Result::is_err) {
        let reason = losses.into_iter().next();
        return Err(reason.unwrap_or_else(|| "the PDF has no pages".to_owned()));
    }
    let mut pages: Vec<Vec<&str>> = pages
        .iter()
        .map(|page| page.as_deref().unwrap_or_default().lines().collect())
        .collect();
    leave_out_edges(&mut pages);
    if leave_out_entries(&mut pages) {
        losses.push(ENTRIES.to_owned());
    }
    let mut blocks = Vec::new();
    for (number, page) in (1..).zip(&pages) {
        let text = page.join("\n").replace("\u{ad}\n", "");
        let on_page = lines::paragraphs(&text).into_iter();
        blocks.extend(on_page.map(|(kind, text)| Block {
            section: vec![format!("page {number}")],
            kind: if kind == Kind::Item {
                Kind::Item
            } else {
                Kind::Paragraph
            },
            text: unhyphenate(&text),
            lead: None,
        }));
    }
    if blocks.is_empty() {
        let pages = counted(pages.len(), "page");
        return Err(format!(
            "the PDF holds no text on {pages}, perhaps only pictures of it"
        ));
    }
    Ok(Document {
        uri: uri.to_owned(),
        title: title.unwrap_or_default(),
        blocks,
        losses,
    })
}

/// Running heads are kept where they stand first. They are the same whatever the number of the page in them, `12` or `xii`.
fn leave_out_edges(pages: &mut [Vec<&str>]) {
    let written = |line: &str| line.chars().any(char::is_alphanumeric);
    let number = |word: &str| {
        let roman = !word.is_empty() && word.chars().all(|c| "ivxlc".contains(c));
        roman || word.starts_with(|c: char| c.is_ascii_digit())
    };
    let key = |line: &str| {
        let words = line.split_whitespace();
        let words: Vec<&str> = words
            .map(|word| if number(word) { "#" } else { word })
            .collect();
        words.join(" ")
    };
    let edges = |page: &[&str]| -> Vec<usize> {
        let lines: Vec<usize> = (0..page.len()).filter(|n| written(page[*n])).collect();
        let (first, last) = (lines.iter().take(EDGE), lines.iter().rev().take(EDGE));
        let mut edges: Vec<usize> = first.chain(last).copied().collect();
        edges.sort_unstable();
        edges.dedup();
        edges
    };
    let mut seen: HashMap<String, usize> = HashMap::new();
    for page in pages.iter() {
        for line in edges(page) {
            *seen.entry(key(page[line])).or_default() += 1;
        }
    }
    let enough = FEWEST_PAGES.max(pages.len() / 2);
    seen.retain(|_, count| *count >= enough);
    let mut kept: HashMap<String, ()> = HashMap::new();
    for page in pages.iter_mut() {
        for line in edges(page) {
            let key = key(page[line]);
            let number = key.chars().all(|c| !c.is_alphanumeric());
            let again = seen.contains_key(&key) && (number || kept.insert(key, ()).is_some());
            if again {
                page[line] = "";
            }
        }
    }
}

fn leave_out_entries(pages: &mut [Vec<&str>]) -> bool {
    let is_entry = |line: &&str| lines::is_entry(line.trim_end());
    let entries = pages.iter().flatten().filter(|line| is_entry(line)).count();
    if entries < FEWEST_ENTRIES {
        return false;
    }
    for page in pages {
        page.retain(|line| !is_entry(line));
    }
    true
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
    use super::*;

    #[test]
    fn broken_words_are_mended() {
        assert_eq!(
            unhyphenate("crash recov- ery of X- rays"),
            "crash recovery of X- rays"
        );
    }

    #[test]
    fn what_stands_on_every_page_is_kept_once() {
        let pages: Vec<String> = (1..=5)
            .map(|n| {
                format!(
                    "Handbook {}\n\nPage text {}.\nEnd\n\n{n}",
                    "i".repeat(n),
                    "o".repeat(n)
                )
            })
            .collect();
        let mut pages: Vec<Vec<&str>> = pages.iter().map(|page| page.lines().collect()).collect();
        leave_out_edges(&mut pages);
        let texts: Vec<String> = pages.iter().map(|page| collapse(&page.join(" "))).collect();
        assert_eq!(texts[0], "Handbook i Page text o. End");
        assert_eq!(texts[4], "Page text ooooo.");
        let mut pages = vec![vec!["A ..... 1", "B . . . . 22", "C….. 3", "It has 4"]];
        assert!(leave_out_entries(&mut pages));
        assert_eq!(pages, [["It has 4"]]);
    }
}

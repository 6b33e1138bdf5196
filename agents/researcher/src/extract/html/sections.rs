//! Under which headings and terms a block stands.

use crate::document::{Block, Kind};

/// Headings that only name a box. They do not begin a section.
const BOXES: [&str; 6] = ["tip", "note", "warning", "caution", "important", "example"];

#[derive(Default)]
pub struct Sections {
    /// By level, `h1` first.
    headings: [Option<String>; 6],
    terms: Vec<Terms>,
    /// The first `h1`.
    highest: Option<String>,
    /// The heading that the page begins with.
    first: Option<String>,
}

/// One open list of definitions, or details with a summary.
#[derive(Default)]
struct Terms {
    /// Terms whose definition has not begun. Several may share one.
    pending: Option<String>,
    current: Option<String>,
}

impl Sections {
    pub fn path(&self) -> Vec<String> {
        let terms = self.terms.iter().map(|terms| &terms.current);
        self.headings
            .iter()
            .chain(terms)
            .flatten()
            .cloned()
            .collect()
    }

    pub fn heading(&mut self, level: usize, heading: &str, begins: bool) -> Block {
        for deeper in self.headings.iter_mut().skip(level - 1) {
            *deeper = None;
        }
        let section = self.path();
        if let Some(own) = self.headings.get_mut(level - 1) {
            *own = Some(heading.to_owned());
        }
        if level == 1 {
            self.highest.get_or_insert_with(|| heading.to_owned());
        }
        if begins {
            self.first.get_or_insert_with(|| heading.to_owned());
        }
        block(section, heading.to_owned())
    }

    /// The heading that is the page's title, unless the page names another.
    pub fn title(&self) -> Option<String> {
        self.highest.clone().or_else(|| self.first.clone())
    }

    pub fn open_terms(&mut self) {
        self.terms.push(Terms::default());
    }

    /// Gives a term back that stands in no list.
    pub fn term(&mut self, term: String) -> Option<String> {
        if term.is_empty() {
            return None;
        }
        let Some(terms) = self.terms.last_mut() else {
            return Some(term);
        };
        terms.pending = match terms.pending.take() {
            Some(before) => Some(format!("{before}, {term}")),
            None => Some(term),
        };
        None
    }

    /// Text follows, so that the terms before it are complete.
    pub fn begun(&mut self) -> Vec<Block> {
        let mut begun = Vec::new();
        for number in 0..self.terms.len() {
            let Some(terms) = self.terms.get_mut(number) else {
                continue;
            };
            if let Some(term) = terms.pending.take() {
                terms.current = None;
                let section = self.path();
                if let Some(terms) = self.terms.get_mut(number) {
                    terms.current = Some(term.clone());
                }
                begun.push(block(section, term));
            }
        }
        begun
    }

    pub fn close_terms(&mut self) {
        self.terms.pop();
    }
}

fn block(section: Vec<String>, text: String) -> Block {
    Block {
        section,
        kind: Kind::Heading,
        text,
        lead: None,
    }
}

pub fn is_box(heading: &str) -> bool {
    BOXES.contains(&heading.to_lowercase().as_str())
}

/// Whether a title is the heading, or begins with it: `Backup — Manual 1.0`.
pub fn is_title(heading: &str, title: &str) -> bool {
    let rest = title.strip_prefix(heading).map(str::trim_start);
    rest.is_some_and(|rest| {
        rest.is_empty() || rest.starts_with(['—', '–', '-', '|', ':', '·', '«', '»', '('])
    })
}

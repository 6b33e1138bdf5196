//! A document as the researcher sees it: text in blocks under headings, whatever the file's format was.

/// Headings whose sections list other works. They are no evidence themselves.
const APPENDICES: [&str; 8] = [
    "references",
    "bibliography",
    "further reading",
    "external links",
    "see also",
    "footnotes",
    "table of contents",
    "contents",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Prose,
    /// A row of a table.
    Row,
}

/// A paragraph, list item or table row. White space is collapsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Headings above it, outermost first, without the title.
    pub section: Vec<String>,
    pub kind: Kind,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// `corpus:builtin/<file>` or `s3://bucket/key`.
    pub uri: String,
    pub title: String,
    pub blocks: Vec<Block>,
}

impl Block {
    pub fn is_appendix(&self) -> bool {
        let listed = |heading: &String| APPENDICES.contains(&heading.to_lowercase().as_str());
        self.section.iter().any(listed)
    }
}

/// A name for what has no title: the file's, without folder and extension.
pub fn name_of(uri: &str) -> String {
    let file = uri.rsplit('/').next().unwrap_or(uri);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let words = stem.replace(['-', '_'], " ");
    if words.trim().is_empty() {
        file.to_owned()
    } else {
        words.trim().to_owned()
    }
}

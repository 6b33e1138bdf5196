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

/// What a block is on the page that a person sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A heading, or the term that a definition explains. It is also the last of `section` in the blocks below it.
    Heading,
    Paragraph,
    /// An item of a list.
    Item,
    /// A row of a table, its cells separated by ` | `.
    Row,
    /// Commands, programs, output. Keeps its lines and spaces.
    Code,
    Quote,
}

/// One block of text, in the order of the page. White space is collapsed, but in [`Kind::Code`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Headings above it, outermost first, without the title and without itself.
    pub section: Vec<String>,
    pub kind: Kind,
    pub text: String,
    /// What the text cannot be understood without: the sentence before a list, the item that a nested list stands
    /// in, the header row or else the caption of a table, the caption of a quote or of code. It stands as a block of
    /// its own further up, too.
    pub lead: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// `corpus:builtin/<file>` or `s3://bucket/key`.
    pub uri: String,
    pub title: String,
    pub blocks: Vec<Block>,
    /// What of the file is not in the blocks, each as a reason for a person.
    pub losses: Vec<String>,
}

impl Block {
    /// Whether it stands in the part that a heading begins.
    pub fn is_below(&self, heading: &Self) -> bool {
        let above = heading.section.len();
        self.section.starts_with(&heading.section) && self.section.get(above) == Some(&heading.text)
    }

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

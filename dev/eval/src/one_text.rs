//! The text of a file in pieces that a reader sees as one: a paragraph, an item, a row, a block of code.
//!
//! For HTML it does not ask the agents' own extraction, so that a claim glued together from two places is found even
//! where the extraction glued them.

use aegis_agent_researcher::document::Document;
use aegis_agent_researcher::sources::RawFile;
use scraper::{Html, Node};

/// Between pieces. Stands in no text.
const BREAK: char = '\u{1}';
/// Elements that do not end a piece. Cells do not: a row is one.
const INLINE: [&str; 34] = [
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "br", "cite", "code", "del", "dfn", "em",
    "font", "i", "img", "ins", "kbd", "mark", "q", "s", "samp", "small", "span", "strong", "sub",
    "sup", "td", "th", "tt", "u", "var", "wbr", "time",
];

/// A file's text in pieces.
pub struct Pieces(String);

impl Pieces {
    pub fn of(file: &RawFile, document: &Document) -> Self {
        let mut text = String::new();
        if file.uri.ends_with(".html") {
            html(&String::from_utf8_lossy(&file.bytes), &mut text);
        }
        // Other formats, and what only the extraction can decode.
        for block in &document.blocks {
            if !file.uri.ends_with(".html") {
                text.push(BREAK);
                text.extend(dense(&block.text));
            }
        }
        Self(text)
    }

    /// Whether a claim stands in one piece. White space does not matter, nor do the bars that the extraction sets
    /// between the cells of a row.
    pub fn hold(&self, claim: &str) -> bool {
        // The extraction separates the cells of a row so.
        let claim = claim.replace(" | ", "");
        self.0.contains(&dense(&claim).collect::<String>())
    }
}

fn dense(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars()
        .filter(|c| !c.is_whitespace() && !matches!(*c, BREAK | '|'))
}

fn html(page: &str, text: &mut String) {
    let page = Html::parse_document(page);
    for edge in page.root_element().traverse() {
        let (ego_tree::iter::Edge::Open(node) | ego_tree::iter::Edge::Close(node)) = edge;
        // A paragraph within a cell is a part of its row.
        let in_cell = || {
            let mut above = node
                .ancestors()
                .filter_map(|node| node.value().as_element());
            above.any(|element| matches!(element.name(), "td" | "th"))
        };
        if let Node::Element(element) = node.value()
            && !INLINE.contains(&element.name())
            && !in_cell()
        {
            text.push(BREAK);
        }
        if let (ego_tree::iter::Edge::Open(_), Node::Text(piece)) = (edge, node.value()) {
            text.extend(dense(piece));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_two_places_is_not_one_text() {
        let file = RawFile {
            uri: "s3://eval/a.html".to_owned(),
            bytes: b"<p>Run <b>it</b>\n once.</p><pre>make all</pre><p>Then wait.</p>".to_vec(),
        };
        let document = Document {
            uri: file.uri.clone(),
            title: String::new(),
            blocks: Vec::new(),
            losses: Vec::new(),
        };
        let pieces = Pieces::of(&file, &document);
        assert!(pieces.hold("Run it once."));
        assert!(pieces.hold("make all"));
        assert!(!pieces.hold("once. Then wait."));
    }
}

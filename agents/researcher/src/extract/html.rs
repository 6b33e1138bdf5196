//! HTML: the page's own text in blocks, without what surrounds it on every page of a site.
//!
//! Walks the tree without recursion: how deep it is, is up to whoever wrote the page.

use aegis_agent_kit::text::collapse;
use ego_tree::iter::Edge;
use scraper::node::Element;
use scraper::{Html, Node, Selector};

use crate::document::{Block, Document, Kind};

use super::markup::{is_block, is_box, is_skipped, level};

pub fn document(uri: &str, text: &str) -> Document {
    let page = Html::parse_document(text);
    let mut walk = Walk::default();
    for edge in page.root_element().traverse() {
        match edge {
            Edge::Open(node) => walk.open(node.value()),
            Edge::Close(node) => walk.close(node.value()),
        }
    }
    walk.flush();
    let title = title(&page).or(walk.first_heading).unwrap_or_default();
    for block in &mut walk.blocks {
        // `Title — Manual 1.0` begins with the heading of the page.
        block
            .section
            .retain(|heading| !title.starts_with(heading.as_str()));
    }
    Document {
        uri: uri.to_owned(),
        title,
        blocks: walk.blocks,
        losses: Vec::new(),
    }
}

fn title(page: &Html) -> Option<String> {
    let selector = Selector::parse("head > title").ok()?;
    let title = page.select(&selector).next()?.text().collect::<String>();
    Some(collapse(&title)).filter(|title| !title.is_empty())
}

#[derive(Default)]
struct Walk {
    blocks: Vec<Block>,
    first_heading: Option<String>,
    /// By level, `h1` first.
    headings: [Option<String>; 6],
    /// What is being defined, one per list of definitions that is open.
    terms: Vec<Option<String>>,
    text: String,
    /// Bytes of `text` that are links.
    linked: usize,
    /// Elements open inside one that is skipped, itself included.
    skipping: usize,
    links: usize,
    rows: usize,
    paragraphs: usize,
}

impl Walk {
    fn open(&mut self, node: &Node) {
        match node {
            Node::Element(element) => self.open_element(element),
            // A section's link to itself, or to a change in a repository.
            Node::Text(text) if self.links > 0 && matches!(text.trim(), "§" | "¶" | "#") => {}
            Node::Text(text) if self.skipping == 0 => {
                self.text.push_str(text);
                if self.links > 0 {
                    self.linked += text.trim().len();
                }
            }
            _ => {}
        }
    }

    fn open_element(&mut self, element: &Element) {
        let name = element.name();
        if self.skipping > 0 || is_skipped(element) {
            if self.skipping == 0 && name == "pre" {
                // Ends the paragraph, as it does on the page.
                self.flush();
            }
            self.skipping += 1;
            return;
        }
        if is_block(name) || level(name).is_some() {
            self.flush();
        }
        match name {
            "a" => self.links += 1,
            "tr" => self.rows += 1,
            "p" | "li" => self.paragraphs += 1,
            "dl" => self.terms.push(None),
            "br" | "td" | "th" => self.text.push(' '),
            _ => {}
        }
    }

    fn close(&mut self, node: &Node) {
        let Node::Element(element) = node else {
            return;
        };
        if self.skipping > 0 {
            self.skipping -= 1;
            return;
        }
        let name = element.name();
        if let Some(level) = level(name) {
            self.heading(level);
        } else if name == "dt" {
            self.term();
        } else if is_block(name) {
            self.flush();
        }
        match name {
            "a" => self.links = self.links.saturating_sub(1),
            "tr" => self.rows = self.rows.saturating_sub(1),
            "p" | "li" => self.paragraphs = self.paragraphs.saturating_sub(1),
            "dl" => drop(self.terms.pop()),
            _ => {}
        }
    }

    fn take(&mut self) -> String {
        let text = collapse(&self.text);
        self.text.clear();
        self.linked = 0;
        text
    }

    fn heading(&mut self, level: usize) {
        let heading = self.take();
        let heading = heading.trim_end_matches(['¶', '#']).trim_end().to_owned();
        if heading.is_empty() || is_box(&heading) {
            return;
        }
        self.first_heading.get_or_insert_with(|| heading.clone());
        self.headings[level - 1] = Some(heading);
        for deeper in &mut self.headings[level..] {
            *deeper = None;
        }
    }

    fn term(&mut self) {
        let term = self.take();
        let term = term.trim_end_matches(['¶', '#']).trim_end().to_owned();
        if let Some(open) = self.terms.last_mut() {
            *open = Some(term).filter(|term| !term.is_empty());
        }
    }

    fn flush(&mut self) {
        let linked = self.linked;
        let text = self.take();
        // Lists of links lead to text, they are none.
        let directory = linked * 10 > text.len() * 6;
        if directory || !text.chars().any(char::is_alphabetic) {
            return;
        }
        let headings = self.headings.iter().chain(&self.terms).flatten();
        self.blocks.push(Block {
            section: headings.cloned().collect(),
            kind: if self.rows > 0 && self.paragraphs == 0 {
                Kind::Row
            } else {
                Kind::Paragraph
            },
            text,
            lead: None,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Vec<(String, String)> {
        let blocks = document("u", text).blocks.into_iter();
        blocks.map(|b| (b.section.join(" > "), b.text)).collect()
    }

    #[test]
    fn what_surrounds_the_page_is_left_out() {
        let text = r##"<html><head><title>30.3. WAL</title></head><body>
            <div class="navheader"><a href="x">Prev</a> WAL</div><nav>menu</nav>
            <h2 class="title">30.3. WAL</h2><p>Logs come <em>first</em>,
              always.</p><div class="tip"><h3>Tip</h3><p>Use it.</p></div>
            <ul><li><a href="a">Only a link</a></li></ul>
            <script>var x = 1;</script><pre>code</pre><footer>end</footer></body></html>"##;
        let expected = ["Logs come first, always.", "Use it."];
        let texts: Vec<String> = seen(text).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, expected);
        assert_eq!(document("u", text).title, "30.3. WAL");
    }

    #[test]
    fn sections_terms_and_rows() {
        let text = "<h1>T</h1><p>Lead.</p><h2>A¶</h2><dl><dt>fsync (bool)</dt><dd><p>Forces.</p></dd></dl>\
            <p>After.</p><h3>B</h3><table><tr><td>1</td><td>one</td></tr></table><h2>C</h2>Loose text";
        let expected = [
            ("", "Lead."),
            ("A > fsync (bool)", "Forces."),
            ("A", "After."),
            ("A > B", "1 one"),
            ("C", "Loose text"),
        ];
        assert_eq!(
            seen(text),
            expected.map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
        assert_eq!(document("u", text).blocks[3].kind, Kind::Row);
    }

    #[test]
    fn a_deep_page_does_not_break_the_reader() {
        let text = format!("{}deep{}", "<div>".repeat(5_000), "</div>".repeat(5_000));
        assert_eq!(seen(&text).len(), 1);
    }
}

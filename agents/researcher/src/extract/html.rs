//! HTML: what a browser shows of a page, in blocks, once and in order.
//!
//! Walks the tree without recursion: how deep it is, is up to whoever wrote the page. Left out are menus and the like of
//! the site, struck-out text, lists of nothing but links and the choices of form fields; each is named.

mod inline;
mod parse;
mod plan;
mod sections;

use aegis_agent_kit::text::sentences;
use ego_tree::NodeRef;
use ego_tree::iter::Edge;
use encoding_rs::Encoding;
use scraper::node::Element;
use scraper::{Html, Node, Selector};

use crate::document::{Block, Document, Kind};

use super::text::{self, clean};
use super::{encoding, lines};
use inline::Inline;
use plan::Plan;
use sections::Sections;

pub use parse::Syntax;

/// Bytes at the beginning in which a page names its encoding. Browsers look at fewer.
const PROLOGUE: usize = 4_096;
/// Links in a row, with nothing else, that are a directory.
const DIRECTORY: usize = 3;
/// Words from which on a link says something itself.
const TELLING_WORDS: usize = 8;
/// Bytes of a sentence that leads to something. A longer one is read where it stands.
const LONGEST_LEAD: usize = 300;

/// Never shown.
const UNSEEN: [&str; 21] = [
    "head",
    "script",
    "style",
    "noscript",
    "template",
    "iframe",
    "object",
    "canvas",
    "video",
    "audio",
    "datalist",
    "rp",
    "annotation",
    "annotation-xml",
    "progress",
    "meter",
    "noembed",
    "title",
    "desc",
    "metadata",
    "defs",
];
const BLOCKS: [&str; 34] = [
    "p",
    "div",
    "section",
    "article",
    "aside",
    "main",
    "nav",
    "footer",
    "body",
    "ul",
    "ol",
    "li",
    "dl",
    "dd",
    "dt",
    "blockquote",
    "table",
    "thead",
    "tbody",
    "tfoot",
    "tr",
    "td",
    "th",
    "caption",
    "figure",
    "figcaption",
    "details",
    "summary",
    "address",
    "hr",
    "fieldset",
    "legend",
    "header",
    "center",
];
const STRUCK: &str = "struck-out text was left out";
const FURNITURE: &str = "menus and what else surrounds the text on every page were left out";
const LINKS: &str = "lists of links without other text were left out";
const CHOICES: &str = "the choices of form fields were left out";

/// What a page says of its own encoding.
pub fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let prologue = &bytes[..bytes.len().min(PROLOGUE)];
    let (prologue, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(prologue);
    let label = match prologue.trim_start().strip_prefix("<?xml") {
        Some(rest) => rest
            .split_once("?>")
            .and_then(|(declaration, _)| declaration.split_once("encoding="))
            .and_then(|(_, label)| label.trim_start().split(['"', '\'']).nth(1))
            .map(str::to_owned),
        None => None,
    };
    let label = label.or_else(|| parse::parse(&prologue, Syntax::Html).charset)?;
    encoding::named(&label)
}

/// `title` is one that is known already, `losses` what was lost before.
pub fn document(uri: &str, text: &str, syntax: Syntax, title: Option<String>) -> Document {
    let page = parse::parse(text, syntax).page;
    let mut walk = Walk::new(plan::plan(&page));
    for edge in page.root_element().traverse() {
        match edge {
            Edge::Open(node) => walk.open(node),
            Edge::Close(node) => walk.close(node.value()),
        }
    }
    walk.flush();
    let title = title.or_else(|| title_of(&page));
    walk.finish(uri, title)
}

fn title_of(page: &Html) -> Option<String> {
    let selector = Selector::parse("head > title").ok()?;
    let title = page.select(&selector).next()?.text().collect::<String>();
    Some(clean(&title)).filter(|title| !title.is_empty())
}

pub fn level(name: &str) -> Option<usize> {
    match name {
        "h1" => Some(1),
        "h2" => Some(2),
        "h3" => Some(3),
        "h4" => Some(4),
        "h5" => Some(5),
        "h6" => Some(6),
        _ => None,
    }
}

/// What an open element means when it is closed.
enum Frame {
    Plain,
    /// Nothing of it is seen.
    Skipped,
    Inline(inline::Open),
    Heading(usize),
    Term,
    /// The term, or the summary, holds until the element is closed.
    Terms,
    List,
    Item,
    Quote,
    Pre {
        code: bool,
    },
    Figure {
        first: usize,
    },
    Caption,
    Table {
        outer: Option<Table>,
    },
    Row,
    Cell {
        heading: bool,
    },
    Block,
}

#[derive(Default)]
struct Table {
    header: Option<String>,
    caption: Option<String>,
    in_head: bool,
    cells: Vec<String>,
    headings: usize,
}

struct Walk {
    plan: Plan,
    blocks: Vec<Block>,
    /// For each block whether it is a link and nothing else.
    only_links: Vec<bool>,
    inline: Inline,
    frames: Vec<Frame>,
    skipping: usize,
    sections: Sections,
    /// The lead of each open list.
    lists: Vec<Option<String>>,
    /// Open items and quotes.
    within: Vec<Kind>,
    pre: usize,
    /// Captions and names of boxes that the next block has as its lead.
    caption: Option<String>,
    table: Option<Table>,
    losses: Vec<&'static str>,
}

impl Walk {
    fn new(plan: Plan) -> Self {
        Self {
            plan,
            blocks: Vec::new(),
            only_links: Vec::new(),
            inline: Inline::default(),
            frames: Vec::new(),
            skipping: 0,
            sections: Sections::default(),
            lists: Vec::new(),
            within: Vec::new(),
            pre: 0,
            caption: None,
            table: None,
            losses: Vec::new(),
        }
    }

    fn open(&mut self, node: NodeRef<'_, Node>) {
        match node.value() {
            Node::Text(text) if self.skipping == 0 => self.inline.text(text, self.pre > 0),
            Node::Element(element) => {
                let frame = match self.skipping > 0 || self.is_skipped(node, element) {
                    true => Frame::Skipped,
                    false => self.open_element(node, element),
                };
                self.skipping += usize::from(matches!(frame, Frame::Skipped));
                self.frames.push(frame);
            }
            _ => {}
        }
    }

    /// Whether a browser does not show it, or it is left out, which is then noted.
    fn is_skipped(&mut self, node: NodeRef<'_, Node>, element: &Element) -> bool {
        let name = element.name();
        if UNSEEN.contains(&name) || self.is_hidden(element) {
            return true;
        }
        let loss = match name {
            "del" | "s" | "strike" => Some(STRUCK),
            "select" => Some(CHOICES),
            "button" if level_above(node) || says_something(node) => None,
            "button" => Some(FURNITURE),
            _ if self.plan.furniture.contains(&node.id()) => Some(FURNITURE),
            _ => None,
        };
        if let Some(loss) = loss {
            if node.descendants().any(is_text) {
                self.lose(loss);
            }
            if BLOCKS.contains(&name) {
                self.boundary();
            } else {
                self.inline.space();
            }
        }
        loss.is_some()
    }

    fn is_hidden(&self, element: &Element) -> bool {
        let name = element.name();
        // Drawn by its style, beside the same formula for readers.
        if element.classes().any(|class| class == "katex-html") {
            return true;
        }
        if name == "dialog" && element.attr("open").is_none() {
            return true;
        }
        let style = element.attr("style").unwrap_or_default();
        let style: String = style.split_whitespace().collect();
        let style = style.to_ascii_lowercase();
        let styled = style.contains("display:none") || style.contains("visibility:hidden");
        let hidden = element
            .attr("hidden")
            .is_some_and(|how| how != "until-found");
        // A reader can open it.
        let opened = element.attr("role") == Some("tabpanel")
            || element
                .id()
                .is_some_and(|id| self.plan.controlled.contains(id));
        (styled || hidden) && !opened
    }

    fn lose(&mut self, what: &'static str) {
        if !self.losses.contains(&what) {
            self.losses.push(what);
        }
    }

    fn open_element(&mut self, node: NodeRef<'_, Node>, element: &Element) -> Frame {
        let name = element.name();
        if let Some(open) = self.inline.open(node, element) {
            return Frame::Inline(open);
        }
        // A row is one block, whatever its cells hold.
        if self.in_cell() && (is_block(name) || level(name).is_some()) {
            self.inline.space();
            self.within.extend((name == "li").then_some(Kind::Item));
            return if name == "li" {
                Frame::Item
            } else {
                Frame::Block
            };
        }
        if let Some(level) = level(name) {
            self.boundary();
            return Frame::Heading(level);
        }
        if !is_block(name) {
            return Frame::Plain;
        }
        if matches!(name, "td" | "th") && self.table.is_some() {
            self.inline.take();
            return Frame::Cell {
                heading: name == "th",
            };
        }
        self.boundary();
        match name {
            "dt" | "summary" => Frame::Term,
            "dl" | "details" => {
                self.sections.open_terms();
                Frame::Terms
            }
            "ul" | "ol" => {
                let lead = self.lead_of_list();
                self.lists.push(lead);
                Frame::List
            }
            "li" => {
                self.within.push(Kind::Item);
                Frame::Item
            }
            "blockquote" => {
                self.within.push(Kind::Quote);
                Frame::Quote
            }
            "pre" | "textarea" | "xmp" | "listing" | "plaintext" => {
                self.pre += 1;
                Frame::Pre {
                    code: is_code(node, element),
                }
            }
            "figure" => Frame::Figure {
                first: self.blocks.len(),
            },
            "figcaption" | "caption" => Frame::Caption,
            "p" | "div" if element.classes().any(is_caption) => Frame::Caption,
            "table" if !self.plan.layout.contains(&node.id()) => Frame::Table {
                outer: self.table.replace(Table::default()),
            },
            "thead" | "tbody" | "tfoot" => {
                if let Some(table) = &mut self.table {
                    table.in_head = name == "thead";
                }
                Frame::Block
            }
            "tr" if self.table.is_some() => Frame::Row,
            _ => Frame::Block,
        }
    }

    fn close(&mut self, node: &Node) {
        if !node.is_element() {
            return;
        }
        match self.frames.pop().unwrap_or(Frame::Plain) {
            Frame::Plain => {}
            Frame::Skipped => self.skipping = self.skipping.saturating_sub(1),
            Frame::Inline(open) => self.inline.close(open),
            Frame::Heading(level) => self.heading(level),
            Frame::Term => {
                let term = clean(&self.inline.take().text);
                if self.inline.mark_waits() {
                    self.begin();
                }
                if let Some(term) = self.sections.term(term) {
                    self.emit(Kind::Heading, term, None, false);
                }
            }
            Frame::Terms => {
                self.boundary();
                self.begin();
                self.sections.close_terms();
            }
            Frame::List => {
                self.boundary();
                self.lists.pop();
            }
            Frame::Item | Frame::Quote => {
                self.boundary();
                self.within.pop();
                if self.in_cell() {
                    self.inline.separate();
                }
            }
            Frame::Pre { code } => self.preformatted(code),
            Frame::Figure { first } => {
                self.boundary();
                let caption = self.caption.take();
                let coded = self.blocks.iter_mut().skip(first);
                for block in coded.filter(|b| b.kind == Kind::Code && b.lead.is_none()) {
                    block.lead.clone_from(&caption);
                }
            }
            Frame::Caption => self.close_caption(),
            Frame::Table { outer } => {
                self.boundary();
                self.table = outer;
            }
            Frame::Row => self.row(),
            Frame::Cell { heading } => {
                let cell = clean(&self.inline.take().text);
                let cell = cell.trim_end_matches([';', ' ']).to_owned();
                if let Some(table) = &mut self.table {
                    table.headings += usize::from(heading);
                    table.cells.push(cell);
                }
            }
            Frame::Block => self.boundary(),
        }
    }

    fn in_cell(&self) -> bool {
        let is_cell = |frame: &Frame| matches!(frame, Frame::Cell { .. });
        self.table.is_some() && self.frames.iter().rev().any(is_cell)
    }

    /// Where a block begins or ends. Within a row there is one block, the row.
    fn boundary(&mut self) {
        if self.in_cell() {
            self.inline.space();
        } else {
            self.flush();
        }
    }

    /// What was begun and comes before the next text: terms, or the mark of a footnote without one.
    fn begin(&mut self) {
        if let Some(text) = self.inline.take_mark() {
            self.blocks.push(Block {
                section: self.sections.path(),
                kind: Kind::Paragraph,
                text,
                lead: None,
            });
        }
        self.blocks.extend(self.sections.begun());
        self.only_links.resize(self.blocks.len(), false);
    }

    fn flush(&mut self) {
        if self.inline.is_mark() {
            self.begin();
        }
        let Some(taken) = self.inline.take_block() else {
            return;
        };
        let kind = self.within.last().copied().unwrap_or(Kind::Paragraph);
        for (kind, text) in lines::of_breaks(&taken.text, kind) {
            let lead = match kind {
                Kind::Item => self.lists.last().cloned().flatten(),
                _ => None,
            };
            let telling = says_much(&text);
            self.emit(kind, text, lead, taken.only_link && !telling);
        }
    }

    fn emit(&mut self, kind: Kind, text: String, lead: Option<String>, only_link: bool) {
        if !text.chars().any(char::is_alphanumeric) {
            return;
        }
        self.begin();
        let lead = lead.or_else(|| self.caption.take());
        let before = self.blocks.last();
        let lead = lead.or_else(|| match kind {
            Kind::Code | Kind::Quote => before.and_then(leading),
            _ => None,
        });
        self.blocks.push(Block {
            section: self.sections.path(),
            kind,
            text,
            lead,
        });
        self.only_links.push(only_link);
    }

    /// The sentence before a list that ends with a colon, or the item that a nested list stands in.
    fn lead_of_list(&self) -> Option<String> {
        let before = self.blocks.last()?;
        let nested = self.within.last() == Some(&Kind::Item) && before.kind == Kind::Item;
        if nested && before.text.len() <= LONGEST_LEAD {
            return Some(before.text.clone());
        }
        leading(before)
    }

    fn heading(&mut self, level: usize) {
        let heading = clean(&self.inline.take().text);
        let heading = heading.trim_end_matches(['¶', '#', '§']).trim_end();
        if !heading.chars().any(char::is_alphanumeric) {
            return;
        }
        if sections::is_box(heading) {
            self.emit(Kind::Paragraph, heading.to_owned(), None, false);
            self.caption = Some(heading.to_owned());
            return;
        }
        self.caption = None;
        self.begin();
        let block = self
            .sections
            .heading(level, heading, self.blocks.is_empty());
        self.blocks.push(block);
        self.only_links.resize(self.blocks.len(), false);
    }

    fn close_caption(&mut self) {
        let caption = clean(&self.inline.take().text);
        if !caption.chars().any(char::is_alphanumeric) {
            return;
        }
        self.emit(Kind::Paragraph, caption.clone(), None, false);
        match &mut self.table {
            Some(table) => table.caption = Some(caption),
            None => self.caption = Some(caption),
        }
    }

    fn preformatted(&mut self, code: bool) {
        self.pre = self.pre.saturating_sub(1);
        let text = self.inline.take().text;
        if code || !text::is_prose(&text) {
            self.emit(Kind::Code, text::code(&text), None, false);
        } else {
            for (kind, text) in lines::paragraphs(&text) {
                self.emit(kind, text, None, false);
            }
        }
    }

    fn row(&mut self) {
        self.inline.take();
        let Some(table) = &mut self.table else {
            return;
        };
        let mut cells = std::mem::take(&mut table.cells);
        let headings = std::mem::take(&mut table.headings);
        while cells.last().is_some_and(String::is_empty) {
            cells.pop();
        }
        if cells.is_empty() {
            return;
        }
        let is_header = table.in_head || headings == cells.len();
        let lead = table.header.clone().or_else(|| table.caption.clone());
        let row = cells.join(" | ");
        if is_header {
            table.header = Some(row.clone());
        }
        self.emit(Kind::Row, row, lead.filter(|_| !is_header), false);
    }

    fn finish(mut self, uri: &str, title: Option<String>) -> Document {
        self.begin();
        self.leave_out_directories();
        let title = title.or_else(|| self.sections.title()).unwrap_or_default();
        // `Title — Manual 1.0` begins with the heading of the page.
        let own = self.sections.title();
        if let Some(first) = own.filter(|own| sections::is_title(own, &title)) {
            let mut seen = false;
            self.blocks.retain(|block| {
                let is_it = !seen && block.kind == Kind::Heading && block.text == first;
                seen |= is_it;
                !is_it
            });
            for block in &mut self.blocks {
                if block.section.first() == Some(&first) {
                    block.section.remove(0);
                }
            }
        }
        Document {
            uri: uri.to_owned(),
            title,
            blocks: self.blocks,
            losses: self.losses.into_iter().map(str::to_owned).collect(),
        }
    }

    /// Lists of links lead to text, they are none.
    fn leave_out_directories(&mut self) {
        let mut keep = vec![true; self.blocks.len()];
        let mut start = 0;
        for run in self.only_links.chunk_by(|a, b| a == b) {
            let end = start + run.len();
            if run.first() == Some(&true) && run.len() >= DIRECTORY {
                keep[start..end].fill(false);
            }
            start = end;
        }
        if keep.contains(&false) {
            self.lose(LINKS);
            let mut keep = keep.into_iter();
            self.blocks.retain(|_| keep.next().unwrap_or(true));
        }
    }
}

/// The last sentence of a paragraph that leads to what follows.
fn leading(before: &Block) -> Option<String> {
    if before.kind != Kind::Paragraph || !before.text.ends_with([':', '：']) {
        return None;
    }
    let last = match before.text.len() <= LONGEST_LEAD {
        true => before.text.as_str(),
        false => sentences(&before.text).last().copied()?,
    };
    Some(last.to_owned()).filter(|last| last.len() <= LONGEST_LEAD)
}

fn is_block(name: &str) -> bool {
    BLOCKS.contains(&name)
        || matches!(
            name,
            "pre" | "textarea" | "xmp" | "listing" | "plaintext" | "svg" | "form"
        )
}

fn is_caption(class: &str) -> bool {
    matches!(class, "title" | "caption" | "code-block-caption")
}

fn is_text(node: NodeRef<'_, Node>) -> bool {
    let text = node.value().as_text();
    text.is_some_and(|text| text.chars().any(char::is_alphanumeric))
}

/// A button with a question is the heading of an answer.
fn says_something(button: NodeRef<'_, Node>) -> bool {
    let texts = button
        .descendants()
        .filter_map(|node| node.value().as_text());
    let text: String = texts.map(|text| text.to_string()).collect();
    text.split_whitespace().count() >= 3 || text.trim_end().ends_with(['?', '？'])
}

fn level_above(node: NodeRef<'_, Node>) -> bool {
    let mut above = node
        .ancestors()
        .filter_map(|above| above.value().as_element());
    above.any(|element| level(element.name()).is_some() || element.name() == "summary")
}

/// A sentence, or as long as one.
fn says_much(text: &str) -> bool {
    text.ends_with(['.', '!', '?', '。', '！', '？'])
        || text.split(' ').count() >= TELLING_WORDS
        || text.chars().filter(|c| !c.is_ascii()).count() >= 3 * TELLING_WORDS
}

/// What generators and programmers mark as code.
fn is_code(node: NodeRef<'_, Node>, element: &Element) -> bool {
    const CLASSES: [&str; 9] = [
        "highlight",
        "code",
        "programlisting",
        "screen",
        "sourceCode",
        "literal-block",
        "verbatim",
        "synopsis",
        "src",
    ];
    element
        .classes()
        .any(|class| CLASSES.contains(&class) || class.starts_with("lang"))
        || node.descendants().any(|node| {
            let element = node.value().as_element();
            element.is_some_and(|e| matches!(e.name(), "code" | "samp" | "kbd"))
        })
}

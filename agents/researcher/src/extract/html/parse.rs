//! From text to a tree of elements, by the parser that follows HTML's own rules, with two things put right before it:
//!
//! - how deep elements stand in each other is bounded, since the parser's time grows with the square of it. Elements that
//!   would stand deeper follow each other instead, as in browsers;
//! - XHTML may close any element in its own tag. For HTML, `<script/>` would begin a script that ends nowhere.

use std::cell::RefCell;
use std::collections::HashMap;

use ego_tree::NodeId;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer,
};
use html5ever::tree_builder::{TreeBuilder, TreeSink};
use html5ever::{LocalName, TokenizerResult, local_name};
use scraper::{Html, HtmlTreeSink};

/// Elements open within each other. Browsers have the same limit.
const DEEPEST: usize = 512;
/// What each paragraph opens again until it is closed. Without attributes at most three of a kind are.
const FORMATTING: [&str; 13] = [
    "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
];
/// What ends by itself, so that it does not stand deeper and deeper, or holds nothing but text.
const SHALLOW: [&str; 44] = [
    "area",
    "base",
    "body",
    "br",
    "caption",
    "col",
    "colgroup",
    "dd",
    "dt",
    "embed",
    "frame",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "hr",
    "html",
    "iframe",
    "img",
    "input",
    "li",
    "link",
    "meta",
    "noembed",
    "noframes",
    "noscript",
    "optgroup",
    "option",
    "p",
    "param",
    "plaintext",
    "rp",
    "rt",
    "script",
    "select",
    "source",
    "style",
    "textarea",
    "title",
    "track",
    "wbr",
];
/// What holds text that is no HTML.
const RAW: [&str; 9] = [
    "iframe",
    "noembed",
    "noframes",
    "noscript",
    "plaintext",
    "script",
    "style",
    "textarea",
    "title",
];
/// Parts of a table. They end with it at the latest.
const PARTS: [&str; 9] = [
    "caption", "col", "colgroup", "tbody", "td", "tfoot", "th", "thead", "tr",
];
const ENTRIES: [&str; 3] = ["dd", "dt", "li"];
/// Elements that are kept free for the content of a table.
const FOR_TABLES: usize = 8;
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    Html,
    Xhtml,
}

pub struct Parsed {
    pub page: Html,
    /// What the page says of its encoding.
    pub charset: Option<String>,
}

pub fn parse(text: &str, syntax: Syntax) -> Parsed {
    let builder = TreeBuilder::new(HtmlTreeSink::new(Html::new_document()), Default::default());
    let sink = Bounded {
        builder,
        open: RefCell::default(),
        syntax,
    };
    let tokenizer = Tokenizer::new(sink, Default::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(text));
    let mut charset = None;
    loop {
        match tokenizer.feed(&input) {
            TokenizerResult::Done => break,
            // Scripts are not run.
            TokenizerResult::Script(_) => {}
            TokenizerResult::EncodingIndicator(label) => {
                charset.get_or_insert_with(|| label.to_string());
            }
        }
    }
    tokenizer.end();
    Parsed {
        page: tokenizer.sink.builder.sink.finish(),
        charset,
    }
}

/// What is hidden, struck out or left out.
fn stays_whole(tag: &Tag) -> bool {
    const WHOLE: [&str; 12] = [
        "audio", "canvas", "del", "dialog", "footer", "nav", "object", "s", "select", "strike",
        "template", "video",
    ];
    let hides = |name: &str, value: &str| match name {
        "hidden" => true,
        "style" => value.contains("none") || value.contains("hidden"),
        "role" => value != "tabpanel",
        _ => false,
    };
    let panel = tag
        .attrs
        .iter()
        .any(|attribute| *attribute.value == *"tabpanel");
    let hidden = tag.attrs.iter().any(|a| hides(&a.name.local, &a.value));
    WHOLE.contains(&&*tag.name) || (hidden && !panel)
}

struct Bounded {
    builder: TreeBuilder<NodeId, HtmlTreeSink>,
    open: RefCell<Open>,
    syntax: Syntax,
}

#[derive(Default)]
struct Open {
    /// Outermost first. Of those beyond [`DEEPEST`] the parser knows the last one at most.
    elements: Vec<Element>,
    counts: HashMap<LocalName, usize>,
    /// Place of an element beyond [`DEEPEST`] whose content must stay in it. Tags in it are passed over.
    whole: Option<usize>,
    /// Open tables that stand too deep to be tables. They are boxes, with a break for each cell.
    boxed: usize,
}

struct Element {
    name: LocalName,
    /// The parser was told that it ends, so that the next one does not stand in it.
    ended: bool,
}

/// What the parser is told of a tag.
enum Told {
    AsItIs,
    Nothing,
    /// That another element ends, and then the tag.
    AfterEndOf(LocalName),
    /// That another element ends instead.
    EndOf(LocalName),
}

impl Open {
    fn begin(&mut self, tag: &mut Tag, syntax: Syntax) -> Told {
        let name: &str = &tag.name;
        let shallow = SHALLOW.contains(&name) || PARTS.contains(&name);
        if self.whole.is_some() && shallow {
            return Self::within(name);
        }
        // An item ends the item before it, which may be far out where its own list was ended.
        if ENTRIES.contains(&name) && self.elements.len() >= DEEPEST {
            tag.name = local_name!("br");
            tag.attrs.clear();
            return Told::AsItIs;
        }
        if name == "table" && self.elements.len() + FOR_TABLES >= DEEPEST {
            self.boxed += 1;
            tag.name = local_name!("div");
        } else if PARTS.contains(&name) {
            if self.boxed > 0 {
                tag.name = local_name!("br");
                tag.attrs.clear();
            }
            return Told::AsItIs;
        }
        let name: &str = &tag.name;
        let closed = tag.self_closing && (syntax == Syntax::Xhtml || self.is_drawing());
        if closed || SHALLOW.contains(&name) {
            return Told::AsItIs;
        }
        *self.counts.entry(tag.name.clone()).or_default() += 1;
        let mut element = Element {
            name: tag.name.clone(),
            ended: false,
        };
        if self.whole.is_some() {
            element.ended = true;
            self.elements.push(element);
            return Told::Nothing;
        }
        let full = self.elements.len() + 1 >= DEEPEST;
        if full && stays_whole(tag) {
            self.whole = Some(self.elements.len());
        }
        let full = self.elements.len() >= DEEPEST;
        let last = self.elements.last_mut().filter(|last| full && !last.ended);
        let told = last.map(|last| {
            last.ended = true;
            Told::AfterEndOf(last.name.clone())
        });
        self.elements.push(element);
        told.unwrap_or(Told::AsItIs)
    }

    /// A tag within an element that stays whole. Of text that is no HTML the parser has to know both ends.
    fn within(name: &str) -> Told {
        match RAW.contains(&name) {
            true => Told::AsItIs,
            false => Told::Nothing,
        }
    }

    fn end(&mut self, tag: &mut Tag) -> Told {
        let name: &str = &tag.name;
        let shallow = SHALLOW.contains(&name) || PARTS.contains(&name);
        if self.whole.is_some() && shallow {
            return Self::within(name);
        }
        if self.boxed > 0 && tag.name == local_name!("table") {
            self.boxed -= 1;
            tag.name = local_name!("div");
        } else if self.boxed > 0 && PARTS.contains(&&*tag.name) {
            return Told::Nothing;
        }
        let name: &str = &tag.name;
        if ENTRIES.contains(&name) && self.elements.len() >= DEEPEST {
            return Told::Nothing;
        }
        let any = self.counts.get(&tag.name).is_some_and(|count| *count > 0);
        let formatting = FORMATTING.contains(&name) || name == "a";
        // Bounded, so that a page cannot make each of its tags look through all others.
        let reach = if formatting {
            DEEPEST
        } else {
            self.elements.len()
        };
        let mut backwards = self.elements.iter().rev().take(reach);
        let Some(back) = backwards.position(|open| any && open.name == tag.name) else {
            return Told::AsItIs;
        };
        let at = self.elements.len() - 1 - back;
        // What formats ends alone; all else ends what stands in it.
        let end = if formatting {
            at + 1
        } else {
            self.elements.len()
        };
        let ended: Vec<Element> = self.elements.drain(at..end).collect();
        for element in &ended {
            if let Some(count) = self.counts.get_mut(&element.name) {
                *count = count.saturating_sub(1);
            }
        }
        self.whole = self.whole.filter(|whole| *whole < at);
        let known = ended.iter().rev().find(|element| !element.ended);
        match (ended.first(), known) {
            (Some(own), _) if !own.ended => Told::AsItIs,
            (_, Some(known)) => Told::EndOf(known.name.clone()),
            _ => Told::Nothing,
        }
    }

    fn is_drawing(&self) -> bool {
        let open = |name: &str| {
            self.counts
                .iter()
                .any(|(n, count)| **n == *name && *count > 0)
        };
        open("svg") || open("math")
    }
}

impl Bounded {
    fn end_of(&self, name: LocalName, line: u64) -> TokenSinkResult<NodeId> {
        let tag = Tag {
            kind: TagKind::EndTag,
            name,
            self_closing: false,
            attrs: Vec::new(),
            had_duplicate_attributes: false,
        };
        self.builder.process_token(Token::TagToken(tag), line)
    }
}

impl TokenSink for Bounded {
    type Handle = NodeId;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<NodeId> {
        let Token::TagToken(mut tag) = token else {
            return self.builder.process_token(token, line);
        };
        let name: &str = &tag.name;
        if FORMATTING.contains(&name) {
            tag.attrs.clear();
        }
        let mut open = self.open.borrow_mut();
        let told = match tag.kind {
            TagKind::StartTag => open.begin(&mut tag, self.syntax),
            TagKind::EndTag => open.end(&mut tag),
        };
        let is_drawing = open.is_drawing();
        drop(open);
        match told {
            Told::Nothing => return TokenSinkResult::Continue,
            Told::EndOf(name) => return self.end_of(name, line),
            // What it returns is of no use: no script and no text ends here.
            Told::AfterEndOf(name) => drop(self.end_of(name, line)),
            Told::AsItIs => {}
        }
        let name: &str = &tag.name;
        let closed =
            self.syntax == Syntax::Xhtml && tag.self_closing && tag.kind == TagKind::StartTag;
        if !closed || VOID.contains(&name) || is_drawing {
            return self.builder.process_token(Token::TagToken(tag), line);
        }
        let name = tag.name.clone();
        tag.self_closing = false;
        // That a script begins is no longer true once it has ended.
        let _ = self.builder.process_token(Token::TagToken(tag), line);
        let _ = self.end_of(name, line);
        TokenSinkResult::Continue
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.syntax == Syntax::Xhtml
            || self
                .builder
                .adjusted_current_node_present_but_not_in_html_namespace()
    }
}

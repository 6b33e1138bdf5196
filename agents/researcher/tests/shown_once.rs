//! The law of reading: what a browser shows of a page stands in the text once and in order, or its loss is named.
//!
//! Pages are made of words that occur nowhere else, by a generator that knows which of them a browser shows.

use aegis_agent_researcher::extract::read;
use aegis_agent_researcher::sources::RawFile;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Inline {
    Words(u8),
    Number,
    Element(&'static str, Vec<Inline>),
    Link(Vec<Inline>),
    Raised,
    Note,
    Ruby,
    Break,
    /// Struck out: may be lost, if it is named.
    Struck(&'static str),
    Hidden(&'static str, &'static str),
    Button,
    Field,
}

#[derive(Debug, Clone)]
enum Node {
    Paragraph(Vec<Inline>, bool),
    Loose(Vec<Inline>),
    Heading(u8, Vec<Inline>),
    /// An element around blocks: its tag with attributes, and its name.
    Around(&'static str, &'static str, Vec<Node>),
    /// A chapter whose id is the slug of its heading.
    Chapter(&'static str, Vec<Node>),
    List(Vec<(Vec<Inline>, Vec<Node>)>),
    Definitions(Vec<(u8, Vec<Node>)>),
    Details(Vec<Inline>, Vec<Node>),
    Table {
        header: bool,
        paragraphs: bool,
        rows: u8,
    },
    Layout(Vec<Vec<Node>>),
    Code(u8),
    Prose,
    Figure,
    /// Links and nothing else.
    Directory(u8),
    Menu(&'static str, &'static str),
    Choices,
    Hidden(&'static str, &'static str, Vec<Node>),
    Deep(Vec<Node>),
}

fn inline() -> impl Strategy<Value = Inline> {
    let leaf = prop_oneof![
        (1..5u8).prop_map(Inline::Words),
        Just(Inline::Number),
        Just(Inline::Raised),
        Just(Inline::Note),
        Just(Inline::Ruby),
        Just(Inline::Break),
        prop::sample::select(vec!["del", "s", "strike"]).prop_map(Inline::Struck),
        prop::sample::select(vec![
            ("<script>", "script"),
            ("<style>", "style"),
            ("<span hidden>", "span"),
            ("<span style='color: red; display: none'>", "span"),
            ("<noscript>", "noscript"),
        ])
        .prop_map(|(open, name)| Inline::Hidden(open, name)),
        Just(Inline::Button),
        Just(Inline::Field),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let some = prop::collection::vec(inner, 1..4);
        prop_oneof![
            (
                prop::sample::select(vec![
                    "b", "em", "code", "span", "font", "ins", "u", "mark", "my-word"
                ]),
                some.clone()
            )
                .prop_map(|(name, inner)| Inline::Element(name, inner)),
            some.prop_map(Inline::Link),
        ]
    })
}

fn inlines() -> impl Strategy<Value = Vec<Inline>> {
    prop::collection::vec(inline(), 1..5)
}

fn node() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        (inlines(), any::<bool>()).prop_map(|(inner, closed)| Node::Paragraph(inner, closed)),
        inlines().prop_map(Node::Loose),
        (1..7u8, inlines()).prop_map(|(level, inner)| Node::Heading(level, inner)),
        (any::<bool>(), any::<bool>(), 1..4u8).prop_map(|(header, paragraphs, rows)| Node::Table {
            header,
            paragraphs,
            rows
        }),
        (1..4u8).prop_map(Node::Code),
        Just(Node::Prose),
        Just(Node::Figure),
        (1..6u8).prop_map(Node::Directory),
        prop::sample::select(vec![
            ("<nav>", "nav"),
            ("<div class='navheader'>", "div"),
            ("<div id='sidebar'>", "div"),
            ("<footer>", "footer"),
            ("<ul role='navigation'>", "ul"),
        ])
        .prop_map(|(open, name)| Node::Menu(open, name)),
        Just(Node::Choices),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let some = prop::collection::vec(inner, 0..4);
        prop_oneof![
            (
                prop::sample::select(vec![
                    ("<div>", "div"),
                    ("<div class='sidebar'>", "div"),
                    ("<div id='menu'>", "div"),
                    ("<section>", "section"),
                    ("<aside class='warning'>", "aside"),
                    ("<blockquote>", "blockquote"),
                    ("<form action='x'>", "form"),
                    ("<a href='x'>", "a"),
                    ("<article>", "article"),
                    ("<header>", "header"),
                    ("<center>", "center"),
                    ("<div role='tabpanel' hidden>", "div"),
                    ("<fieldset>", "fieldset"),
                    ("<main>", "main"),
                ]),
                some.clone()
            )
                .prop_map(|((open, name), inner)| Node::Around(open, name, inner)),
            (
                prop::sample::select(vec!["search", "navigation", "footer", "related"]),
                some.clone()
            )
                .prop_map(|(id, inner)| Node::Chapter(id, inner)),
            prop::collection::vec((inlines(), some.clone()), 1..4).prop_map(Node::List),
            prop::collection::vec((1..3u8, some.clone()), 1..4).prop_map(Node::Definitions),
            (inlines(), some.clone()).prop_map(|(summary, inner)| Node::Details(summary, inner)),
            prop::collection::vec(some.clone(), 1..4).prop_map(Node::Layout),
            (
                prop::sample::select(vec![
                    ("<div hidden>", "div"),
                    ("<div style='DISPLAY:none'>", "div"),
                    ("<template>", "template"),
                    ("<dialog>", "dialog"),
                ]),
                some.clone()
            )
                .prop_map(|((open, name), inner)| Node::Hidden(open, name, inner)),
            some.prop_map(Node::Deep),
        ]
    })
}

/// A page as it grows, and what is known of each of its words.
#[derive(Default)]
struct Page {
    html: String,
    /// Words that a browser shows, and as what each may be lost.
    shown: Vec<(String, Vec<&'static str>)>,
    unseen: Vec<String>,
    count: usize,
    hidden: usize,
    excuses: Vec<&'static str>,
    in_link: bool,
}

impl Page {
    fn word(&mut self) {
        self.count += 1;
        self.token(format!("w{}", self.count));
    }

    fn token(&mut self, word: String) {
        self.html.push_str(&format!(" {word} "));
        match self.hidden {
            0 => self.shown.push((word, self.excuses.clone())),
            _ => self.unseen.push(word),
        }
    }

    fn hidden(&mut self, inner: impl FnOnce(&mut Self)) {
        self.hidden += 1;
        inner(self);
        self.hidden -= 1;
    }

    fn excused(&mut self, excuse: &'static str, inner: impl FnOnce(&mut Self)) {
        self.excuses.push(excuse);
        inner(self);
        self.excuses.pop();
    }

    fn push(&mut self, html: &str) {
        self.html.push_str(html);
    }

    fn inlines(&mut self, inlines: &[Inline]) {
        for inline in inlines {
            self.inline(inline);
        }
    }

    fn inline(&mut self, inline: &Inline) {
        match inline {
            Inline::Words(count) => (0..*count).for_each(|_| self.word()),
            Inline::Number => {
                self.count += 1;
                self.token(format!("{}", 1_000_000 + self.count));
            }
            Inline::Element(name, inner) => {
                self.push(&format!("<{name}>"));
                self.inlines(inner);
                self.push(&format!("</{name}>"));
            }
            Inline::Link(inner) => self.link("x", |page| page.inlines(inner)),
            Inline::Raised => {
                self.push("<sup>");
                self.word();
                self.push("</sup>");
            }
            // Far down in a page it is a link like others.
            Inline::Note => self.around("<sup>", "sup", |page| page.link("#n", Self::word)),
            Inline::Ruby => {
                self.push("<ruby>");
                self.word();
                self.push("<rp>(</rp><rt>");
                self.word();
                self.push("</rt><rp>)</rp></ruby>");
            }
            Inline::Break => self.push("<br>"),
            Inline::Struck(name) => self.excused("struck-out", |page| {
                page.push(&format!("<{name}>"));
                page.word();
                page.push(&format!("</{name}>"));
            }),
            Inline::Hidden(open, name) => self.hidden(|page| {
                page.push(open);
                page.word();
                page.push(&format!("</{name}>"));
            }),
            Inline::Button => self.excused("menus", |page| {
                page.push("<button type='button'>");
                page.word();
                page.push("</button>");
            }),
            Inline::Field => {
                self.push("<label>");
                self.word();
                self.push("</label><input type='checkbox'>");
            }
        }
    }

    /// A link, which may stand in no other.
    fn link(&mut self, to: &str, inner: impl FnOnce(&mut Self)) {
        if std::mem::replace(&mut self.in_link, true) {
            return inner(self);
        }
        self.excused("lists of links", |page| {
            page.around(&format!("<a href='{to}'>"), "a", inner);
        });
        self.in_link = false;
    }

    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            self.node(node);
        }
    }

    fn around(&mut self, open: &str, name: &str, inner: impl FnOnce(&mut Self)) {
        self.push(open);
        inner(self);
        self.push(&format!("</{name}>"));
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Paragraph(inner, closed) => {
                self.push("<p>");
                self.inlines(inner);
                self.push(if *closed { "</p>\n" } else { "\n" });
            }
            Node::Loose(inner) => self.inlines(inner),
            Node::Heading(level, inner) => {
                self.around(&format!("<h{level}>"), &format!("h{level}"), |page| {
                    page.inlines(inner)
                });
            }
            // Whether it is a menu is decided by its links: where it is one, that is named.
            Node::Around(open, name, inner)
                if open.contains("sidebar") || open.contains("menu") =>
            {
                self.excused("menus", |page| {
                    page.around(open, name, |page| page.nodes(inner))
                });
            }
            Node::Around(_, "a", inner) => self.link("x", |page| page.nodes(inner)),
            Node::Around(open, name, inner) => self.around(open, name, |page| page.nodes(inner)),
            Node::Chapter(id, inner) => {
                self.around(&format!("<div class='section' id='{id}'>"), "div", |page| {
                    page.push(&format!("<h2>{id}</h2>"));
                    page.nodes(inner);
                })
            }
            Node::List(items) => self.around("<ul>", "ul", |page| {
                for (text, inner) in items {
                    page.push("<li>");
                    page.inlines(text);
                    page.nodes(inner);
                }
            }),
            Node::Definitions(entries) => self.around("<dl>", "dl", |page| {
                for (terms, inner) in entries {
                    (0..*terms).for_each(|_| page.around("<dt>", "dt", Self::word));
                    page.around("<dd>", "dd", |page| page.nodes(inner));
                }
            }),
            Node::Details(summary, inner) => self.around("<details>", "details", |page| {
                page.around("<summary>", "summary", |page| page.inlines(summary));
                page.nodes(inner);
            }),
            Node::Table {
                header,
                paragraphs,
                rows,
            } => self.table(*header, *paragraphs, *rows),
            Node::Layout(cells) => self.around("<table><tr>", "table", |page| {
                for inner in cells {
                    page.push("<td>");
                    page.nodes(inner);
                }
            }),
            Node::Code(lines) => self.around("<pre><code>", "code></pre", |page| {
                (0..*lines).for_each(|_| {
                    page.word();
                    page.push("= {\n");
                });
            }),
            Node::Prose => self.around("<pre>", "pre", |page| {
                (0..6).for_each(|_| page.word());
                page.push(".\n\n");
                page.word();
            }),
            Node::Figure => self.around("<figure>", "figure", |page| {
                page.around("<pre class='code'>", "pre", Self::word);
                page.around("<figcaption>", "figcaption", Self::word);
            }),
            Node::Directory(count) => self.excused("lists of links", |page| {
                page.around("<ul>", "ul", |page| {
                    (0..*count)
                        .for_each(|_| page.around("<li>", "li", |page| page.link("x", Self::word)));
                });
            }),
            Node::Menu(open, name) => self.excused("menus", |page| {
                page.around(open, name, |page| page.link("x", Self::word));
            }),
            Node::Choices => self.excused("form fields", |page| {
                page.around("<select><option>", "select", Self::word);
            }),
            Node::Hidden(open, name, inner) => {
                self.hidden(|page| page.around(open, name, |page| page.nodes(inner)))
            }
            Node::Deep(inner) => {
                self.push(&"<div>".repeat(600));
                self.nodes(inner);
                self.push(&"</div>".repeat(600));
            }
        }
    }

    fn table(&mut self, header: bool, paragraphs: bool, rows: u8) {
        let cell = |page: &mut Self, name: &str| {
            page.push(&format!("<{name}>{}", if paragraphs { "<p>" } else { "" }));
            page.word();
            page.push(&format!(
                "{}</{name}>",
                if paragraphs { "</p>" } else { "" }
            ));
        };
        self.around("<table>", "table", |page| {
            page.around("<caption>", "caption", Self::word);
            for row in 0..rows {
                page.push("<tr>");
                let name = if header && row == 0 { "th" } else { "td" };
                (0..3).for_each(|_| cell(page, name));
                page.push("</tr>");
            }
        });
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, max_shrink_iters: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_browser_shows_stands_in_the_text_once_and_in_order(nodes in prop::collection::vec(node(), 1..8)) {
        let mut page = Page::default();
        page.push("<!DOCTYPE html><html><head><title>");
        page.token("title".to_owned());
        page.push("</title></head><body>");
        page.nodes(&nodes);
        page.push("<p>");
        page.token("end".to_owned());
        let file = RawFile { uri: "s3://b/page.html".to_owned(), bytes: page.html.clone().into_bytes() };
        let document = read(&file).unwrap();
        let mut text = vec![document.title.as_str()];
        text.extend(document.blocks.iter().map(|block| block.text.as_str()));
        let text = text.join("\n");
        let found: Vec<&str> = words(&text).into_iter().filter(|w| !["search", "navigation", "footer", "related", "x"].contains(w)).collect();
        let mut rest = found.iter();
        for (word, excuses) in &page.shown {
            if found.contains(&word.as_str()) {
                prop_assert_eq!(rest.next(), Some(&word.as_str()), "out of order, or twice\n{}\n{}", page.html, text);
            } else {
                let named = excuses.iter().any(|excuse| document.losses.iter().any(|loss| loss.contains(excuse)));
                prop_assert!(named, "{} is lost without a word\n{}\n{}\n{:?}", word, page.html, text, document.losses);
            }
        }
        prop_assert_eq!(rest.next(), None, "more than is shown\n{}\n{}", page.html, text);
        for word in &page.unseen {
            prop_assert!(!found.contains(&word.as_str()), "{} is not shown\n{}", word, page.html);
        }
    }
}

//! What can only be said of an element once its content is known: whether it is furniture of the site, whether a table
//! holds data or is how a page is laid out, and which hidden parts a reader can open.

use std::collections::{HashMap, HashSet};

use ego_tree::iter::Edge;
use ego_tree::{NodeId, NodeRef};
use scraper::node::Element;
use scraper::{Html, Node};

/// Stand on the pages of a site for finding one's way, whatever they hold.
const FURNITURE: [&str; 19] = [
    "navheader",
    "navfooter",
    "navbar",
    "navbox",
    "toc",
    "sphinxsidebar",
    "breadcrumb",
    "breadcrumbs",
    "headerlink",
    "mw-editsection",
    "catlinks",
    "printfooter",
    "noprint",
    "skip-link",
    "toctree-wrapper",
    "indextable",
    "genindextable",
    "cookie-banner",
    "titleinfo",
];
/// May be furniture or a part of the text: it is by its links.
const PERHAPS: [&str; 13] = [
    "nav",
    "navigation",
    "sidebar",
    "footer",
    "menu",
    "related",
    "siteSub",
    "site-header",
    "site-footer",
    "page-footer",
    "search",
    "banner",
    "header",
];
const FURNITURE_ROLES: [&str; 4] = ["navigation", "contentinfo", "search", "doc-toc"];
/// Letters of a cell, from which on it is a column of a page.
const LONG_CELL: usize = 1_000;

#[derive(Default)]
pub struct Plan {
    pub furniture: HashSet<NodeId>,
    /// Tables without rows that belong together.
    pub layout: HashSet<NodeId>,
    /// What buttons show and hide.
    pub controlled: HashSet<String>,
}

pub fn plan(page: &Html) -> Plan {
    let mut planner = Planner::default();
    for edge in page.root_element().traverse() {
        match edge {
            Edge::Open(node) => match node.value() {
                Node::Element(element) => planner.open(node, element),
                Node::Text(text) => planner.text(text),
                _ => {}
            },
            Edge::Close(node) => {
                if let Node::Element(element) = node.value() {
                    planner.close(node, element);
                }
            }
        }
    }
    planner.plan
}

#[derive(Default)]
struct Planner {
    plan: Plan,
    letters: usize,
    /// Letters in links and buttons.
    linked: usize,
    links: usize,
    /// Open elements that do not count: scripts and styles.
    silent: usize,
    /// Letters and letters in links before each element that may be furniture.
    perhaps: HashMap<NodeId, (usize, usize)>,
    tables: Vec<Table>,
}

#[derive(Default)]
struct Table {
    rich: bool,
    cells: usize,
    most_cells: usize,
    /// Letters before the open cell.
    before: usize,
}

impl Planner {
    fn text(&mut self, text: &str) {
        if self.silent == 0 {
            let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
            self.letters += letters;
            if self.links > 0 {
                self.linked += letters;
            }
        }
    }

    fn open(&mut self, node: NodeRef<'_, Node>, element: &Element) {
        if let Some(controlled) = element.attr("aria-controls") {
            let ids = controlled.split_whitespace().map(str::to_owned);
            self.plan.controlled.extend(ids);
        }
        match hint(node, element) {
            Hint::Furniture => drop(self.plan.furniture.insert(node.id())),
            Hint::Perhaps => drop(self.perhaps.insert(node.id(), (self.letters, self.linked))),
            Hint::Text => {}
        }
        match element.name() {
            "a" | "button" => self.links += 1,
            "script" | "style" | "template" | "noscript" => self.silent += 1,
            "tr" => self.in_table(|table, _| table.cells = 0),
            "td" | "th" => self.in_table(|table, letters| {
                table.cells += 1;
                table.most_cells = table.most_cells.max(table.cells);
                table.before = letters;
            }),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "pre" | "blockquote" | "dl" | "details"
            | "figure" => {
                self.in_table(|table, _| table.rich = true);
            }
            "table" => {
                self.in_table(|table, _| table.rich = true);
                self.tables.push(Table {
                    rich: matches!(element.attr("role"), Some("presentation" | "none")),
                    ..Table::default()
                });
            }
            _ => {}
        }
    }

    fn in_table(&mut self, change: impl FnOnce(&mut Table, usize)) {
        if let Some(table) = self.tables.last_mut() {
            change(table, self.letters);
        }
    }

    fn close(&mut self, node: NodeRef<'_, Node>, element: &Element) {
        if let Some((letters, linked)) = self.perhaps.remove(&node.id()) {
            let (letters, linked) = (self.letters - letters, self.linked - linked);
            if linked * 2 >= letters {
                self.plan.furniture.insert(node.id());
            }
        }
        match element.name() {
            "a" | "button" => self.links = self.links.saturating_sub(1),
            "script" | "style" | "template" | "noscript" => {
                self.silent = self.silent.saturating_sub(1);
            }
            "td" | "th" => self.in_table(|table, letters| {
                table.rich |= letters - table.before > LONG_CELL;
            }),
            "table" => {
                let table = self.tables.pop();
                let layout = table.filter(|table| table.rich || table.most_cells < 2);
                self.plan.layout.extend(layout.map(|_| node.id()));
            }
            _ => {}
        }
    }
}

enum Hint {
    Furniture,
    Perhaps,
    Text,
}

fn hint(node: NodeRef<'_, Node>, element: &Element) -> Hint {
    let has = |names: &[&str]| element.classes().any(|class| names.contains(&class));
    let role = element.attr("role").unwrap_or_default();
    let name = element.name();
    if matches!(
        name,
        "body" | "html" | "main" | "article" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6"
    ) {
        return Hint::Text;
    }
    let of_the_page = || {
        let inside =
            |name: &str| matches!(name, "article" | "section" | "blockquote" | "figure" | "td");
        let elements = node
            .ancestors()
            .filter_map(|above| above.value().as_element());
        !elements.map(Element::name).any(inside)
    };
    if name == "nav"
        || has(&FURNITURE)
        || FURNITURE_ROLES.contains(&role)
        || (name == "footer" && of_the_page())
    {
        return Hint::Furniture;
    }
    // Many generators name a chapter after its heading: "search", "navigation".
    let named = element
        .id()
        .filter(|id| PERHAPS.contains(id) || FURNITURE.contains(id));
    let named = named.is_some_and(|id| name != "section" && !is_chapter(node, id));
    match named || has(&PERHAPS) || role == "banner" {
        true => Hint::Perhaps,
        false => Hint::Text,
    }
}

/// Whether the element begins with the heading that its id was made from.
fn is_chapter(node: NodeRef<'_, Node>, id: &str) -> bool {
    let mut elements = node.descendants().skip(1).take(8);
    let heading = elements.find(|node| {
        let element = node.value().as_element();
        element.is_some_and(|e| super::level(e.name()).is_some())
    });
    let texts = heading
        .into_iter()
        .flat_map(|heading| heading.descendants());
    let text: String = texts
        .filter_map(|node| node.value().as_text().map(|text| text.to_string()))
        .collect();
    let letters = |text: &str| -> String {
        let kept = text.chars().filter(|c| c.is_alphanumeric());
        kept.flat_map(char::to_lowercase).collect()
    };
    letters(&text).starts_with(&letters(id))
}

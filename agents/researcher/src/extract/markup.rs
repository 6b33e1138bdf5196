//! What HTML's elements and well-known class names mean for the text: a block, a heading, or nothing of the page's own.

use scraper::node::Element;

const SKIPPED: [&str; 19] = [
    "head", "script", "style", "noscript", "template", "nav", "footer", "aside", "form", "button",
    "select", "svg", "iframe", "object", "math", "pre", "textarea", "video", "audio",
];
/// Class names and ids of navigation, as DocBook, Sphinx, MediaWiki, Doxygen, mdBook and others write them.
const SKIPPED_NAMES: [&str; 31] = [
    "navheader",
    "navfooter",
    "nav",
    "navbar",
    "navigation",
    "navbox",
    "toc",
    "sidebar",
    "sphinxsidebar",
    "footer",
    "breadcrumb",
    "breadcrumbs",
    "menu",
    "related",
    "headerlink",
    "mw-editsection",
    "catlinks",
    "siteSub",
    "site-header",
    "site-footer",
    "page-footer",
    "skip-link",
    "toctree-wrapper",
    "indextable",
    "genindextable",
    "footnotes",
    "printfooter",
    "noprint",
    "search",
    "cookie-banner",
    "titleinfo",
];
const SKIPPED_ROLES: [&str; 5] = ["navigation", "banner", "contentinfo", "search", "doc-toc"];
const BLOCKS: [&str; 29] = [
    "p",
    "div",
    "section",
    "article",
    "main",
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
    "caption",
    "figure",
    "figcaption",
    "details",
    "summary",
    "address",
    "hr",
    "fieldset",
    "header",
    "center",
    "html",
];
/// Headings that only name a box. They do not begin a section.
const BOXES: [&str; 6] = ["tip", "note", "warning", "caution", "important", "example"];

pub fn is_block(name: &str) -> bool {
    BLOCKS.contains(&name)
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

pub fn is_skipped(element: &Element) -> bool {
    let named = |name: &str| SKIPPED_NAMES.contains(&name);
    SKIPPED.contains(&element.name())
        || element.id().is_some_and(named)
        || element.classes().any(named)
        || element
            .attr("role")
            .is_some_and(|role| SKIPPED_ROLES.contains(&role))
        || element.attr("aria-hidden") == Some("true")
        || element.attr("hidden").is_some()
}

pub fn is_box(heading: &str) -> bool {
    BOXES.contains(&heading.to_lowercase().as_str())
}

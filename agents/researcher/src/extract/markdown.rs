//! Markdown, by way of HTML: one place decides what a block is.

use pulldown_cmark::{Event, MetadataBlockKind, Options, Parser, Tag, TagEnd, html};

use crate::document::Document;

use super::html::Syntax;

pub fn document(uri: &str, text: &str) -> Document {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
        | Options::ENABLE_PLUSES_DELIMITED_METADATA_BLOCKS;
    let mut title = None;
    let mut matter = None;
    let events = Parser::new_ext(text, options).inspect(|event| match event {
        Event::Start(Tag::MetadataBlock(kind)) => matter = Some(*kind),
        Event::End(TagEnd::MetadataBlock(_)) => matter = None,
        Event::Text(text) => {
            if let Some(kind) = matter {
                title = title.take().or_else(|| title_in(kind, text));
            }
        }
        _ => {}
    });
    let mut page = String::with_capacity(text.len() * 2);
    html::push_html(&mut page, events);
    super::html::document(uri, &page, Syntax::Html, title)
}

/// Of all that stands before a text only its title is shown. In YAML a title is one line, but for exceptions that are
/// not worth a parser.
fn title_in(kind: MetadataBlockKind, matter: &str) -> Option<String> {
    let title = match kind {
        MetadataBlockKind::YamlStyle => {
            let line = matter
                .lines()
                .find_map(|line| line.strip_prefix("title:"))?;
            let line = line.trim();
            let bare = |quote: char| line.strip_prefix(quote)?.strip_suffix(quote);
            let title = bare('"').or_else(|| bare('\'')).unwrap_or(line);
            let block = title.starts_with(['|', '>', '[', '{', '&', '*']);
            (!block).then(|| title.to_owned())?
        }
        MetadataBlockKind::PlusesStyle => {
            let table: toml::Table = toml::from_str(matter).ok()?;
            table.get("title")?.as_str()?.to_owned()
        }
    };
    Some(super::text::clean(&title)).filter(|title| !title.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Kind;

    #[test]
    fn markup_is_gone_and_sections_remain() {
        let text = "---\nauthor: x\n---\n# Title\n\nLead with `code` and\n[a link](http://x).\n\n## Part {#p}\n\n- [x] First\n- Second\n\n## References\n\n- Book\n";
        let document = document("u", text);
        assert_eq!(document.title, "Title");
        let blocks = document
            .blocks
            .iter()
            .filter(|block| block.kind != Kind::Heading);
        let seen: Vec<(String, &str)> = blocks
            .map(|b| (b.section.join(">"), b.text.as_str()))
            .collect();
        let expected = [
            ("", "Lead with code and a link."),
            ("Part", "[x] First"),
            ("Part", "Second"),
            ("References", "Book"),
        ];
        assert_eq!(
            seen,
            expected.map(|(section, text)| (section.to_owned(), text))
        );
        assert!(document.blocks.last().unwrap().is_appendix());
    }

    #[test]
    fn the_title_may_stand_before_the_text() {
        for text in [
            "---\ntitle: \"A: handbook\"\n---\n\n## Part\n\nText.",
            "---\nx: 1\ntitle:   'A: handbook'\n---\n\n# Part\n\nText.",
            "+++\ntitle = \"A: handbook\"\n+++\n\n## Part\n\nText.",
        ] {
            let document = document("u", text);
            assert_eq!(document.title, "A: handbook", "{text}");
            assert_eq!(document.blocks.last().unwrap().section, ["Part"]);
        }
    }
}

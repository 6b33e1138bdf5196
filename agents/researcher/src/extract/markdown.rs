//! Markdown, by way of HTML: one place decides what a block is.

use pulldown_cmark::{Options, Parser, html};

use crate::document::Document;

pub fn document(uri: &str, text: &str) -> Document {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut page = String::with_capacity(text.len() * 2);
    html::push_html(&mut page, Parser::new_ext(text, options));
    super::html::document(uri, &page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_gone_and_sections_remain() {
        let text = "---\nauthor: x\n---\n# Title\n\nLead with `code` and\n[a link](http://x).\n\n## Part\n\n- First\n- Second\n\n## References\n\n- Book\n";
        let document = document("u", text);
        assert_eq!(document.title, "Title");
        let seen: Vec<(String, &str)> = document
            .blocks
            .iter()
            .map(|b| (b.section.join(">"), b.text.as_str()))
            .collect();
        assert_eq!(seen[0], (String::new(), "Lead with code and a link."));
        assert_eq!(seen[1], ("Part".to_owned(), "First"));
        assert_eq!(seen[2], ("Part".to_owned(), "Second"));
        assert!(document.blocks[3].is_appendix());
    }
}

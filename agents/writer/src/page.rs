//! Markdown, put together block by block.

use aegis_contracts::text::visible;

/// Text that grows block by block.
#[derive(Default)]
pub struct Page {
    pub text: String,
}

impl Page {
    /// A block of its own.
    pub fn line(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
        self.text.push('\n');
    }

    pub fn list(&mut self, items: impl IntoIterator<Item = String>) {
        let items: Vec<String> = items.into_iter().map(|item| format!("- {item}")).collect();
        if !items.is_empty() {
            self.line(&items.join("\n"));
        }
    }

    /// Paragraphs of a quotation.
    pub fn quote(&mut self, paragraphs: &[String]) {
        let quoted = |paragraph: &String| {
            let lines: Vec<String> = paragraph.lines().map(|line| format!("> {line}")).collect();
            lines.join("\n")
        };
        let paragraphs: Vec<String> = paragraphs.iter().map(quoted).collect();
        self.line(&paragraphs.join("\n>\n"));
    }
}

/// A block of code, in which nothing is special: its fence is longer than any in the text.
pub fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}\n{}\n{fence}", visible(text.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_cannot_end_its_block() {
        assert_eq!(
            fenced("a\n```\n# b\u{1b}[2J"),
            "````\na\n```\n# b\\u{1b}[2J\n````"
        );
        assert_eq!(fenced("git reset --soft"), "```\ngit reset --soft\n```");
    }
}

//! Markdown, put together block by block.

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
}

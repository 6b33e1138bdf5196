//! What every verb of `cargo xtask` may need to know: where the stack lives and how to print.

use aegis_client::local::StackFolder;

#[derive(Debug, Clone)]
pub struct Context {
    /// The stack that `--dir` names.
    pub folder: StackFolder,
    pub json: bool,
}

impl Context {
    /// For a stack below the folder of this one.
    #[must_use]
    pub fn below(&self, name: &str) -> Self {
        Self {
            folder: StackFolder::new(self.folder.root().join(name)),
            json: self.json,
        }
    }
}

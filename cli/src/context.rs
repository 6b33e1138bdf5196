//! What every verb may need to know: where the stack lives and how to print.

use std::path::PathBuf;

use crate::args::GlobalArguments;
use aegis_client::local;
use aegis_client::local::StackFolder;

#[derive(Debug, Clone)]
pub struct Context {
    /// The stack that `--dir` names.
    pub folder: StackFolder,
    /// A file that describes another stage, when the client verbs shall talk to that one.
    pub stage: Option<PathBuf>,
    /// A file with the bearer token of whoever calls.
    pub token_file: Option<PathBuf>,
    pub json: bool,
}

impl Context {
    pub fn new(global: &GlobalArguments) -> anyhow::Result<Self> {
        let root = match &global.dir {
            Some(dir) => std::path::absolute(dir)?,
            None => local::default_stack_folder()?,
        };
        Ok(Self {
            folder: StackFolder::new(root),
            stage: global.stage.clone(),
            token_file: global.token_file.clone(),
            json: global.json,
        })
    }

    /// The file that client verbs read to find their stage.
    #[must_use]
    pub fn stage_file(&self) -> PathBuf {
        match &self.stage {
            Some(file) => file.clone(),
            None => self.folder.stack_file(),
        }
    }
}

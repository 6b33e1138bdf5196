//! What every verb may need to know: which stage is meant, and how to print.

use std::path::PathBuf;

use aegis_client::local;

use crate::args::GlobalArguments;

#[derive(Debug, Clone)]
pub struct Context {
    /// The folder of the server on this machine.
    pub data: PathBuf,
    /// A file that describes another stage, when the client verbs shall talk to that one.
    pub stage: Option<PathBuf>,
    /// A file with the bearer token of whoever calls.
    pub token_file: Option<PathBuf>,
    pub json: bool,
}

impl Context {
    pub fn new(global: &GlobalArguments) -> anyhow::Result<Self> {
        let data = match &global.data {
            Some(folder) => std::path::absolute(folder)?,
            None => default_data()?,
        };
        Ok(Self {
            data,
            stage: global.stage.clone(),
            token_file: global.token_file.clone(),
            json: global.json,
        })
    }
}

/// Where the server keeps everything if nothing else is said.
pub fn default_data() -> anyhow::Result<PathBuf> {
    Ok(local::default_stack_folder()?.join("data"))
}

//! What every client verb starts from: the stage, its API, and how the person types commands.

use std::path::Path;

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::WorkflowView;
use anyhow::{Context as _, Result};

use crate::context::{Context, default_data};
use crate::failure::Coded;
use crate::out;
use crate::server::{self, Found};
use crate::style::whole;
use aegis_client::api::{Answer, Api};
use aegis_client::failure::ApiError;
use aegis_client::path::shown;
use aegis_client::stage::{Authorization, Stage};

#[derive(Debug)]
pub struct Session {
    pub stage: Stage,
    pub api: Api,
    pub json: bool,
    /// Put behind every command that is suggested, so that it reaches the same stage.
    suffix: String,
    /// Whether this process is the stage: work ends with it.
    pub is_server: bool,
}

impl Session {
    /// Of the stage that is named, else of the server on this machine. Where none runs, this process is it meanwhile.
    ///
    /// # Errors
    /// Where no stage is described and nothing has run here yet, in one sentence with the fix.
    pub async fn open(context: &Context) -> Result<Self> {
        match &context.stage {
            Some(file) => Self::of_stage(file, context).await,
            None => Self::here(server::find(context).await?, context).await,
        }
    }

    /// The same, for a verb with which everything may begin.
    ///
    /// # Errors
    /// Where no server can be started.
    pub async fn open_or_begin(context: &Context) -> Result<Self> {
        match &context.stage {
            Some(file) => Self::of_stage(file, context).await,
            None => Self::here(server::find_or_start(context).await?, context).await,
        }
    }

    async fn of_stage(file: &Path, context: &Context) -> Result<Self> {
        let there = file.try_exists();
        if !there.with_context(|| format!("cannot look for {}", shown(file)))? {
            return Err(Coded::new("no_stage", absent(file)).into());
        }
        Self::at(Stage::read(file)?, false, "", context).await
    }

    async fn here(found: Found, context: &Context) -> Result<Self> {
        const HINT: &str = "\n  the server may have ended: type the same again";
        let is_server = matches!(found, Found::Here(_));
        let stage = Stage::at(found.endpoint());
        Self::at(stage, is_server, HINT, context).await
    }

    async fn at(stage: Stage, is_server: bool, hint: &str, context: &Context) -> Result<Self> {
        let token = context.token_file.as_deref();
        let api = Api::of(&stage, token, hint).await?;
        Ok(Self {
            stage,
            api,
            json: context.json,
            suffix: suffix(context),
            is_server,
        })
    }

    /// A command line to suggest, such as `cargo aegis watch wf_…`; a line with it is not broken.
    pub fn command(&self, words: &str) -> String {
        whole(format_args!("{} {words}{}", program(), self.suffix))
    }

    /// For a verb that has changed something and is about to say so: what stays true if it cannot be said, and the
    /// command that leads on.
    pub fn done(&self, what: &str, words: &str) {
        out::done(format!("{what}\n  {}", self.command(words)));
    }

    /// Whether the API knows by itself who decides; else a decision counts for whoever it names.
    pub fn sees_who_decides(&self) -> bool {
        self.stage.authorization("approve") != Authorization::None
    }

    pub async fn workflow(&self, id: &WorkflowId) -> Result<Answer<WorkflowView>, ApiError> {
        self.api.workflow(id).await
    }
}

/// How this program was called: through cargo's alias, or installed.
pub fn program() -> &'static str {
    if std::env::var_os("CARGO").is_some() {
        "cargo aegis"
    } else {
        "aegis"
    }
}

/// A command line to suggest before there is a session.
pub fn suggested(context: &Context, words: &str) -> String {
    whole(format_args!("{} {words}{}", program(), suffix(context)))
}

/// What makes another command reach the same stage. What the environment says stays said.
fn suffix(context: &Context) -> String {
    let told = |option: &str, variable: &str, path: &Path| match std::env::var_os(variable) {
        Some(_) => String::new(),
        None => format!(" {option} {}", quoted(&path.display().to_string())),
    };
    let token = context.token_file.as_deref();
    let token = token.map(|file| told("--token-file", "AEGIS_TOKEN_FILE", file));
    let token = token.unwrap_or_default();
    if let Some(file) = &context.stage {
        return told("--stage", "AEGIS_STAGE", file) + &token;
    }
    match default_data() {
        Ok(default) if default == context.data => token,
        _ => told("--data", "AEGIS_DATA", &context.data) + &token,
    }
}

fn absent(file: &Path) -> String {
    format!(
        "there is no stage file {}: `cargo xtask up` writes .aegis/stack.json, and `terraform output -json` prints that of \
         a stage in AWS",
        shown(file)
    )
}

/// One word of a shell's command line.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("a/b.json"), "a/b.json");
        assert_eq!(quoted("it's here"), r"'it'\''s here'");
        assert_eq!(quoted(""), "''");
    }
}

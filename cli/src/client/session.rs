//! What every client verb starts from: the stage, its API, and how the person types commands.

use std::path::Path;

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::WorkflowView;
use anyhow::{Context as _, Result};

use crate::context::Context;
use crate::failure::Coded;
use crate::out;
use crate::style::whole;
use aegis_client::api::{Answer, Api};
use aegis_client::failure::ApiError;
use aegis_client::local;
use aegis_client::path::shown;
use aegis_client::stage::{Authorization, Stage};

#[derive(Debug)]
pub struct Session {
    pub stage: Stage,
    pub api: Api,
    pub json: bool,
    /// Put behind every command that is suggested, so that it reaches the same stage.
    suffix: String,
}

impl Session {
    /// # Errors
    /// Where no stage is described, in one sentence with the fix.
    pub async fn open(context: &Context) -> Result<Self> {
        let path = context.stage_file();
        let there = path.try_exists();
        if !there.with_context(|| format!("cannot look for {}", shown(&path)))? {
            return Err(Coded::new("no_stage", absent(context, &path)).into());
        }
        let stage = Stage::read(&path)?;
        let token = context.token_file.as_deref();
        let api = Api::of(&stage, token, &unreachable_hint(context)).await?;
        Ok(Self {
            stage,
            api,
            json: context.json,
            suffix: suffix(context),
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
    let folder = context.folder.root();
    match local::default_stack_folder() {
        Ok(default) if default == folder => token,
        _ => told("--dir", "AEGIS_DIR", folder) + &token,
    }
}

fn absent(context: &Context, path: &Path) -> String {
    if context.stage.is_some() {
        format!(
            "there is no stage file {}: write the output of `terraform output -json` of that stage to it",
            shown(path)
        )
    } else {
        "no local stack is running: start it with `cargo xtask up` in a clone, or name a stage with --stage FILE"
            .to_owned()
    }
}

fn unreachable_hint(context: &Context) -> String {
    if context.stage.is_some() {
        String::new()
    } else {
        "\n  the local stack may have stopped: see `cargo xtask status`; `cargo xtask up` starts it"
            .to_owned()
    }
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

//! The questions, as data.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::Deserialize;

/// A file of questions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// What the questions are for.
    #[serde(rename = "about")]
    pub _about: String,
    pub sets: BTreeMap<String, Set>,
    pub questions: Vec<Question>,
}

/// Documents that questions are asked over.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// Debian packages.
    pub packages: Vec<String>,
    /// Pattern of the files' paths in the packages.
    pub files: String,
    /// Pattern of those that are left out.
    pub without: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    pub id: String,
    pub set: String,
    /// What is hard about it.
    pub kind: String,
    pub question: String,
    /// What a reader should learn. For people.
    #[serde(rename = "answer")]
    pub _answer: String,
    /// Patterns that each find one piece of the answer, without regard to case.
    pub pieces: Vec<String>,
    pub outcome: Outcome,
}

/// What the agents should do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Answer,
    /// Answer, and say that sources differ.
    Disagreement,
    /// Say that the documents do not tell.
    NoEvidence,
}

/// A file by its path, or one that ships by its name.
///
/// # Errors
/// Where it cannot be read, is no such file, or a question asks over a set that the file does not have.
pub fn read(name: &str) -> anyhow::Result<File> {
    let path = if name.contains(['/', '.']) {
        Path::new(name).to_owned()
    } else {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("questions/{name}.json"))
    };
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let file: File =
        serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
    for question in &file.questions {
        let known = file.sets.contains_key(&question.set);
        ensure!(known, "{} asks over an unknown set", question.id);
    }
    Ok(file)
}

//! Figures that are kept: `dev/bench/results.json`, and the blocks of `docs/performance.md` that show some of them.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::cold_start::ColdStart;
use crate::model::{self, Model};
use crate::step_functions::{self, Comparison};

const FILE: &str = "dev/bench/results.json";
const DOCUMENT: &str = "docs/performance.md";

/// What was kept of each bench; another run takes its place.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Results {
    pub step_functions: Option<Kept<Comparison>>,
    pub model: Option<Kept<Model>>,
    pub cold_start: Option<Kept<ColdStart>>,
}

/// Figures, and how they came about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kept<T> {
    pub date: String,
    pub machine: String,
    pub command: String,
    pub figures: T,
}

impl<T> Kept<T> {
    /// Of this machine. `date`: today.
    pub fn new(date: String, command: &str, figures: T) -> Self {
        Self {
            date,
            machine: machine(),
            command: command.to_owned(),
            figures,
        }
    }

    /// Up to the end of the first table: the command prints the others.
    fn shown(&self, text: impl Fn(&T) -> String) -> String {
        let head = format!("`{}`, {}, {}", self.command, self.date, self.machine);
        let text = text(&self.figures);
        let mut blocks: Vec<&str> = text.trim_end().split("\n\n").collect();
        if let Some(table) = blocks.iter().position(|block| block.starts_with('|')) {
            blocks.truncate(table + 1);
        }
        format!("{head}\n\n{}", blocks.join("\n\n"))
    }
}

impl Results {
    /// # Errors
    /// Where the file is there and cannot be read.
    pub fn read(root: &Path) -> Result<Self> {
        let path = root.join(FILE);
        if !path.exists() {
            return Ok(Self::default());
        }
        let text =
            std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_slice(&text)
            .with_context(|| format!("{} holds other figures", path.display()))
    }

    /// Writes the file and the document's blocks.
    ///
    /// # Errors
    /// Where one of them cannot be written.
    pub fn write(&self, root: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        let (file, document) = (root.join(FILE), root.join(DOCUMENT));
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        let shown = self.shown_in(&std::fs::read_to_string(&document)?);
        std::fs::write(&document, shown)
            .with_context(|| format!("cannot write {}", document.display()))
    }

    /// `document` with its blocks as these figures have them.
    #[must_use]
    pub fn shown_in(&self, document: &str) -> String {
        let blocks = [
            (
                "step-functions",
                self.step_functions
                    .as_ref()
                    .map(|kept| kept.shown(step_functions::text)),
            ),
            (
                "model",
                self.model.as_ref().map(|kept| kept.shown(model::text)),
            ),
        ];
        blocks
            .into_iter()
            .fold(document.to_owned(), |text, (name, block)| match block {
                Some(block) => replaced(&text, name, &block),
                None => text,
            })
    }
}

/// What stands between the two marks of `name`.
fn replaced(text: &str, name: &str, block: &str) -> String {
    let (begin, end) = (
        format!("<!-- {name}:begin -->"),
        format!("<!-- {name}:end -->"),
    );
    let parts = text
        .split_once(&begin)
        .and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    match parts {
        Some((before, after)) => format!("{before}{begin}\n{block}\n{end}{after}"),
        None => text.to_owned(),
    }
}

/// `2 x Some Processor, 24 GB`.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let (processors, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let after_colon = |line: &str| {
        line.split_once(':')
            .map(|(_, value)| value.trim().to_owned())
    };
    let name = processors
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(after_colon);
    let total = memory
        .lines()
        .find(|line| line.starts_with("MemTotal"))
        .and_then(after_colon);
    let kilobytes = total.and_then(|text| text.trim_end_matches(" kB").parse::<u64>().ok());
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let name = name.unwrap_or_else(|| "processor".to_owned());
    format!(
        "{count} x {name}, {} GB",
        kilobytes.unwrap_or_default() / 1_000_000
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let text = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n";
        assert_eq!(
            replaced(text, "x", "new"),
            "a\n<!-- x:begin -->\nnew\n<!-- x:end -->\nb\n"
        );
        assert_eq!(replaced(text, "y", "new"), text);
    }
}

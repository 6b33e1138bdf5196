//! How good are the agents' answers, measured: `cargo run -p aegis-eval -- judge`.
//!
//! For those who work on an agent. Questions are data (`questions/*.json`): each names documentation packages of
//! Debian, and patterns that find the answer. The three agents run in this process, without any platform.
//!
//! - [`questions`] is the data, [`packages`] fetches and reads the documents;
//! - [`ask`] runs the agents, [`judge`] looks for the answer in what they wrote, [`one_text`] whether a claim
//!   stands in its source as one text;
//! - [`table`] prints it; [`speed`] measures time and memory over many large files.

mod ask;
mod judge;
mod one_text;
mod packages;
#[cfg(test)]
mod quality;
mod questions;
mod speed;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use aegis_agent_researcher::corpus;
use aegis_agent_researcher::extract::pdf;
use aegis_agent_researcher::sources::parse;
use aegis_contracts::findings::Depth;
use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::ask::Made;
use crate::packages::Loaded;

#[derive(Parser)]
#[command(about = "Measures how well the agents answer questions over real documents")]
struct Arguments {
    /// Folder that packages are kept in. Without it: aegis-eval in the user's cache
    #[arg(long, global = true)]
    cache: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Asks the questions and judges the answers
    Judge(Judge),
    /// Prints the report about a question
    Report {
        question: String,
        /// Folder of documents. Without it: the built-in articles
        folder: Option<PathBuf>,
        #[arg(long, value_parser = depth, default_value = "standard")]
        depth: Depth,
    },
    /// Measures time and memory of the researcher over 300 large files
    Speed,
}

#[derive(clap::Args)]
struct Judge {
    /// Files of questions; names without a folder are those that ship: debian, own, held-out
    #[arg(default_values = ["own", "held-out", "debian"])]
    files: Vec<String>,
    /// Only these questions, by id
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    #[arg(long, value_parser = depth, default_value = "comprehensive")]
    depth: Depth,
    /// Folder to write each report, evidence and analysis to
    #[arg(long)]
    reports: Option<PathBuf>,
}

fn depth(name: &str) -> Result<Depth, String> {
    let text = serde_json::Value::String(name.to_owned());
    serde_json::from_value(text).map_err(|_| "one of quick, standard, comprehensive".to_owned())
}

fn main() -> anyhow::Result<ExitCode> {
    // This process may be one that reads a single PDF.
    if let Some(code) = pdf::process::serve() {
        return Ok(code);
    }
    let arguments = Arguments::parse();
    let cache = match arguments.cache {
        Some(folder) => folder,
        None => default_cache()?,
    };
    match arguments.command {
        Command::Judge(judge) => judge.run(&cache),
        Command::Report {
            question,
            folder,
            depth,
        } => report(&question, folder.as_deref(), depth),
        Command::Speed => speed::measure(&cache),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn report(question: &str, folder: Option<&Path>, depth: Depth) -> anyhow::Result<()> {
    let files = match folder {
        Some(folder) => packages::folder(folder)?,
        None => corpus::articles(),
    };
    match ask::ask(question, depth, parse(files))?.made {
        Made::Report { report, .. } => println!("{report}"),
        Made::Refused(reason) => anyhow::bail!("{reason}"),
    }
    Ok(())
}

fn default_cache() -> anyhow::Result<PathBuf> {
    let set = |name| std::env::var_os(name).map(PathBuf::from);
    let folder = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    let folder = folder.context("no HOME, so say where packages are kept with --cache")?;
    Ok(folder.join("aegis-eval"))
}

impl Judge {
    fn run(self, cache: &Path) -> anyhow::Result<()> {
        for name in &self.files {
            let mut file = questions::read(name)?;
            file.questions
                .retain(|q| self.only.is_empty() || self.only.contains(&q.id));
            if file.questions.is_empty() {
                continue;
            }
            println!("\n{name}");
            let mut judged = Vec::new();
            for (name, set) in &file.sets {
                let here: Vec<_> = file.questions.iter().filter(|q| q.set == *name).collect();
                if here.is_empty() {
                    continue;
                }
                let files = packages::files(cache, set)
                    .with_context(|| format!("the documents of the set {name}"))?;
                let begun = std::time::Instant::now();
                let loaded = Loaded::of(files);
                println!(
                    "{name}: {} files read in {:.1} s",
                    loaded.files.len(),
                    begun.elapsed().as_secs_f64()
                );
                for question in here {
                    let answer = ask::ask(&question.question, self.depth, loaded.library())?;
                    if let Some(folder) = &self.reports {
                        ask::write(folder, &question.id, &answer)?;
                    }
                    let one = judge::judge(question, &answer, &loaded)?;
                    table::row(question, &one);
                    judged.push(one);
                }
            }
            table::totals(&file.questions, &judged);
        }
        Ok(())
    }
}

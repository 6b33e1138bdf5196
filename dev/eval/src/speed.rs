//! Time and memory of the researcher over many large files.

use std::path::Path;
use std::time::Instant;

use aegis_agent_researcher::sources::parse;
use aegis_contracts::findings::Depth;

use crate::ask::ask;
use crate::packages::files;
use crate::questions::Set;
use crate::table::peak_memory;

const FILES: usize = 300;
const BYTES: usize = 50 * 1024 * 1024;
const QUESTION: &str =
    "How does a process share memory with its children, and what happens when it forks?";

/// Prints what it measured.
///
/// # Errors
/// Where documents cannot be fetched, or the researcher fails.
pub fn measure(cache: &Path) -> anyhow::Result<()> {
    let set = Set {
        packages: vec!["linux-doc-6.1".to_owned(), "python3.11-doc".to_owned()],
        files: r"\.html$".to_owned(),
        without: None,
    };
    let mut files = files(cache, &set)?;
    // The largest that together fit, of 300 files.
    files.sort_by_key(|file| std::cmp::Reverse(file.bytes.len()));
    let mut left = BYTES;
    let mut share = FILES;
    files.retain(|file| {
        let fits = share > 0 && file.bytes.len() <= 2 * left / share;
        if fits {
            left -= file.bytes.len();
            share -= 1;
        }
        fits
    });
    let (count, bytes) = (files.len(), BYTES - left);
    let begun = Instant::now();
    let library = parse(files);
    let read = begun.elapsed().as_secs_f64();
    let answer = ask(QUESTION, Depth::Comprehensive, library)?;
    println!(
        "{count} files, {} MiB: read in {read:.1} s, answered in {:.1} s, all in {:.1} s; peak memory {} MiB",
        bytes / 1024 / 1024,
        answer.seconds,
        begun.elapsed().as_secs_f64(),
        peak_memory().unwrap_or_default()
    );
    Ok(())
}

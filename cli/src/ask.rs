//! Questions to the person at the terminal, each answered with a line and Enter.
//!
//! The terminal keeps its own line mode: Ctrl-C ends this program, Ctrl-D gives no answer, and the cursor is never
//! hidden. Enter alone is no answer to any question.

use std::io::{BufRead as _, IsTerminal as _};

use anyhow::{Context as _, Result};
use rustix::termios::{QueueSelector, tcflush};

use crate::out::{self, Stream};

/// A terminal keeps no more bytes of one line, and drops the rest without a word.
pub const LONGEST_LINE: usize = 4_094;

/// Whether there is somebody to ask: the question is on standard error, the answer comes from standard input.
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// What is typed behind `prompt`, without the end of the line; `None` for Ctrl-D.
///
/// What was typed before the question could be read does not answer it, and is thrown away.
///
/// # Errors
/// Where standard input cannot be read.
pub fn line(prompt: &str) -> Result<Option<String>> {
    let say = "cannot read the answer from standard input";
    let input = std::io::stdin();
    if input.is_terminal() {
        tcflush(&input, QueueSelector::IFlush).context(say)?;
    }
    out::write(Stream::Err, prompt);
    let mut typed = Vec::new();
    input.lock().read_until(b'\n', &mut typed).context(say)?;
    // Without Enter it is no answer, also where Ctrl-D sent what stood there.
    if typed.last() != Some(&b'\n') {
        errln!("");
        return Ok(None);
    }
    let typed = String::from_utf8_lossy(&typed);
    Ok(Some(typed.trim_end_matches(['\n', '\r']).to_owned()))
}

/// # Errors
/// Where there is nobody to ask; `otherwise` says how to do without.
#[cfg(feature = "aws")]
pub fn agreed(question: &str, otherwise: &str) -> Result<bool> {
    if !can_ask() {
        anyhow::bail!("there is no terminal to ask at: {otherwise}");
    }
    let answer = line(&format!(
        "{} [y/N] ",
        aegis_contracts::text::visible_line(question)
    ))?;
    let answer = answer.unwrap_or_default().trim().to_lowercase();
    Ok(["y", "yes"].contains(&answer.as_str()))
}

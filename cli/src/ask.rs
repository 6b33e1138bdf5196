//! Questions to the person at the terminal, answered with yes or no.

use std::io::IsTerminal as _;

use aegis_contracts::text::visible_line;
use anyhow::{Result, bail};
use dialoguer::Confirm;

/// # Errors
/// Where there is nobody to ask; `otherwise` says how to do without.
pub fn agreed(question: &str, otherwise: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("there is no terminal to ask at: {otherwise}");
    }
    Ok(Confirm::new()
        .with_prompt(visible_line(question))
        .default(false)
        .interact()?)
}

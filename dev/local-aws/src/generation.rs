//! Whether what the emulator holds is what it held when Terraform last looked.
//!
//! The emulator writes its state only when it is asked to end. So each set of state carries a
//! generation: a new one begins when the state is new, or when the process ended without being
//! asked.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::json::{read_json, write_json};
use aegis_client::local::StackFolder;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    pub id: String,
    /// Whether the state was written by an orderly end.
    orderly: bool,
    /// Whether anything was ever made in it, in this generation or one before.
    pub used: bool,
}

pub fn load(folder: &StackFolder) -> Option<Generation> {
    read_json(&file(folder))
}

pub fn save(folder: &StackFolder, generation: &Generation) -> Result<()> {
    write_json(&file(folder), generation)
}

/// To be called before anything is made in the emulator.
pub fn mark_used(folder: &StackFolder) -> Result<()> {
    let generation = load(folder).context("the emulator's state is incomplete")?;
    save(
        folder,
        &Generation {
            used: true,
            ..generation
        },
    )
}

pub fn note_orderly_end(folder: &StackFolder) -> Result<()> {
    match load(folder) {
        Some(generation) => save(
            folder,
            &Generation {
                orderly: true,
                ..generation
            },
        ),
        None => Ok(()),
    }
}

/// The generation of a process that is about to start on the state that `before` describes.
pub fn next(before: Option<Generation>) -> Generation {
    let used = before.as_ref().is_some_and(|before| before.used);
    let id = match before {
        Some(before) if before.orderly => before.id,
        _ => format!("{:016x}", rand::random::<u64>()),
    };
    // Until it has ended in an orderly way, it has not.
    Generation {
        id,
        orderly: false,
        used,
    }
}

fn file(folder: &StackFolder) -> PathBuf {
    folder.emulator_state().join("generation.aegis")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_orderly_end_keeps_the_generation_and_a_crash_does_not() {
        let first = next(None);
        assert!(!first.orderly && !first.used);
        let crashed = Generation {
            used: true,
            ..first.clone()
        };
        let ended = Generation {
            orderly: true,
            ..crashed.clone()
        };
        assert_eq!(next(Some(ended.clone())).id, first.id);
        assert_ne!(next(Some(crashed.clone())).id, first.id);
        // What was made in it may be there in both cases.
        assert!(next(Some(ended)).used && next(Some(crashed)).used);
    }
}

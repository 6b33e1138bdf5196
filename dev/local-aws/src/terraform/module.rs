//! The working copy of the Terraform sources, and the memory of what has been applied.
//!
//! Terraform runs in a copy, so that the lock file and the like never land among the sources.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use walkdir::WalkDir;

use crate::digest;
use crate::json::{read_json, write_json};
use aegis_client::local::StackFolder;

/// What was last applied, and what came out of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Applied {
    /// Sources and variables, without the Lambda packages.
    pub configuration: String,
    pub packages: BTreeMap<String, String>,
    /// The emulator's state that it was applied to.
    pub generation: String,
    pub outputs: Value,
}

/// The stack's Terraform folder.
pub struct Module {
    root: PathBuf,
}

impl Module {
    pub fn of(folder: &StackFolder) -> Self {
        Self {
            root: folder.terraform(),
        }
    }

    pub fn sources(&self) -> PathBuf {
        self.root.join("module")
    }

    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    pub fn state(&self) -> PathBuf {
        self.root.join("terraform.tfstate")
    }

    pub fn variables(&self) -> PathBuf {
        self.root.join("local.tfvars.json")
    }

    pub fn cli_configuration(&self) -> PathBuf {
        self.root.join("terraform.rc")
    }

    fn applied_file(&self) -> PathBuf {
        self.root.join("applied.json")
    }

    /// Exists while an apply is under way; found at the start of one, it tells of one cut short.
    fn unfinished_file(&self) -> PathBuf {
        self.root.join("unfinished")
    }

    pub fn applied(&self) -> Option<Applied> {
        read_json(&self.applied_file())
    }

    /// The emulator's generation that an apply, finished or not, last worked on.
    pub fn last_generation(&self) -> Option<String> {
        std::fs::read_to_string(self.root.join("generation")).ok()
    }

    pub fn begin(&self, generation: &str) -> Result<()> {
        remove_if_there(&self.applied_file())?;
        std::fs::write(self.root.join("generation"), generation)
            .context("cannot note what an apply works on")?;
        std::fs::write(self.unfinished_file(), "").context("cannot note that an apply begins")
    }

    /// Terraform ended by itself, well or not: its state tells the truth.
    pub fn ended(&self) -> Result<()> {
        remove_if_there(&self.unfinished_file())
    }

    pub fn was_cut_short(&self) -> bool {
        self.unfinished_file().exists()
    }

    pub fn save(&self, applied: &Applied) -> Result<()> {
        write_json(&self.applied_file(), applied)
    }

    /// Forgets what has been applied, for an emulator that holds nothing.
    pub fn forget(&self) -> Result<()> {
        for file in [self.state(), self.applied_file(), self.unfinished_file()] {
            remove_if_there(&file)?;
        }
        Ok(())
    }

    /// Makes the copy the same as `sources` and returns the digest of it.
    pub fn copy_sources(&self, sources: &Path) -> Result<String> {
        let copy = self.sources();
        let mut listing = String::new();
        let mut wanted = vec![copy.join(".terraform.lock.hcl")];
        for path in files_below(sources) {
            let name = path.strip_prefix(sources)?;
            let content =
                std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            listing.push_str(&format!(
                "{} {}\n",
                name.display(),
                digest::of_bytes(&content)
            ));
            let target = copy.join(name);
            write_if_different(&target, &content)?;
            wanted.push(target);
        }
        for path in WalkDir::new(&copy).into_iter().filter_map(Result::ok) {
            if path.file_type().is_file() && !wanted.iter().any(|target| target == path.path()) {
                remove_if_there(path.path())?;
            }
        }
        Ok(digest::of_bytes(listing.as_bytes()))
    }
}

/// All source files, sorted; without what Terraform or a user leaves beside them.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| {
            let name = entry.file_name().to_string_lossy();
            !name.starts_with(".terraform")
                && !name.contains(".tfstate")
                && !name.ends_with(".tfvars")
                && !name.ends_with(".tfvars.json")
        })
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .collect()
}

fn write_if_different(path: &Path, content: &[u8]) -> Result<()> {
    if std::fs::read(path).is_ok_and(|before| before == content) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)
            .with_context(|| format!("cannot create {}", parent.display()))?;
    }
    std::fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

fn remove_if_there(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_follows_the_sources() {
        let folder = tempfile::tempdir().unwrap();
        let sources = folder.path().join("sources");
        std::fs::create_dir_all(sources.join("modules/queue")).unwrap();
        std::fs::write(sources.join("main.tf"), "one").unwrap();
        std::fs::write(sources.join("modules/queue/main.tf"), "two").unwrap();
        std::fs::write(sources.join("mine.tfvars"), "private").unwrap();
        let module = Module {
            root: folder.path().join("stack"),
        };

        let first = module.copy_sources(&sources).unwrap();
        assert!(module.sources().join("modules/queue/main.tf").exists());
        assert!(!module.sources().join("mine.tfvars").exists());
        std::fs::write(module.sources().join(".terraform.lock.hcl"), "kept").unwrap();
        assert_eq!(module.copy_sources(&sources).unwrap(), first);

        std::fs::remove_file(sources.join("modules/queue/main.tf")).unwrap();
        assert_ne!(module.copy_sources(&sources).unwrap(), first);
        assert!(!module.sources().join("modules/queue/main.tf").exists());
        assert!(module.sources().join(".terraform.lock.hcl").exists());
    }

    #[test]
    fn an_apply_that_was_cut_short_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let module = Module {
            root: folder.path().to_path_buf(),
        };
        module.begin("g1").unwrap();
        assert!(module.was_cut_short());
        assert_eq!(module.last_generation().as_deref(), Some("g1"));
        module.ended().unwrap();
        assert!(!module.was_cut_short());
        assert_eq!(module.applied(), None);
    }
}

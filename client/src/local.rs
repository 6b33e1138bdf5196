//! Where a clone of this repository lies, and in it the folder of the local stack (`.aegis`).
//!
//! `cargo xtask up` writes what is in that folder; whoever looks for a running stack reads its `stack.json`. Nothing
//! else joins paths below the folder.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The repository's root: the nearest folder upwards from here that looks like it, otherwise
/// the place where this command was built.
pub fn root() -> Result<PathBuf> {
    let here = std::env::current_dir().context("there is no current folder")?;
    if let Some(found) = here.ancestors().find(|folder| is_root(folder)) {
        return Ok(found.to_path_buf());
    }
    let built = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf);
    built
        .filter(|folder| is_root(folder))
        .context("the aegis repository was not found here or above; change into it and try again")
}

/// Variables that `cargo run` has set for this program; another build would take them for its own.
pub fn set_by_cargo() -> impl Iterator<Item = OsString> {
    const BEGINNINGS: [&str; 3] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];
    let names = std::env::vars_os().map(|(name, _)| name);
    names.filter(|name| {
        let name = name.to_string_lossy();
        BEGINNINGS.iter().any(|begin| name.starts_with(begin))
    })
}

pub fn default_stack_folder() -> Result<PathBuf> {
    let root = match root() {
        Ok(root) => root,
        // A client of another stage needs no repository.
        Err(_) => std::env::current_dir().context("there is no current folder")?,
    };
    Ok(root.join(".aegis"))
}

fn is_root(folder: &Path) -> bool {
    folder.join("Cargo.toml").is_file()
        && folder.join("terraform").is_dir()
        && folder.join("services").is_dir()
}

#[derive(Debug, Clone)]
pub struct StackFolder {
    root: PathBuf,
}

impl StackFolder {
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Describes the running stack for scripts; exists only while the stack runs.
    pub fn stack_file(&self) -> PathBuf {
        self.root.join("stack.json")
    }

    pub fn lock_file(&self) -> PathBuf {
        self.root.join("lock")
    }

    pub fn settings_file(&self) -> PathBuf {
        self.root.join("settings.json")
    }

    pub fn agent_host_file(&self) -> PathBuf {
        self.root.join("agent-host.json")
    }

    /// Which process a name stands for, while it runs.
    pub fn process_file(&self, name: &str) -> PathBuf {
        self.root.join("processes").join(format!("{name}.json"))
    }

    pub fn log_file(&self, name: &str) -> PathBuf {
        self.logs().join(format!("{name}.log"))
    }

    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// What the emulator keeps from one start to the next.
    pub fn emulator_state(&self) -> PathBuf {
        self.root.join("state")
    }

    pub fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
    }

    pub fn terraform(&self) -> PathBuf {
        self.root.join("terraform")
    }

    /// The Lambda packages that Terraform uploads.
    pub fn packages(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// Copies of the programs that stay running.
    pub fn programs(&self) -> PathBuf {
        self.root.join("programs")
    }

    pub fn create(&self) -> Result<()> {
        for folder in [
            self.root.clone(),
            self.logs(),
            self.temporary(),
            self.terraform(),
        ] {
            std::fs::create_dir_all(&folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
        }
        // Keys and logs are for this user only.
        std::fs::set_permissions(&self.root, std::fs::Permissions::from_mode(0o700))
            .with_context(|| format!("cannot protect {}", self.root.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_the_root_only_with_manifest_terraform_and_services() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_root(folder.path()));
        std::fs::write(folder.path().join("Cargo.toml"), "").unwrap();
        std::fs::create_dir(folder.path().join("terraform")).unwrap();
        assert!(!is_root(folder.path()));
        std::fs::create_dir(folder.path().join("services")).unwrap();
        assert!(is_root(folder.path()));
    }
}

//! The layout of a stack's folder (`.aegis`). Nothing else joins paths below it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

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

/// Reads a JSON file; `None` when there is none or when it is of an older shape.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let text = std::fs::read(path).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Writes a JSON file for this user only, in one step, so that no reader sees half of it.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    let say = || format!("cannot write {}", path.display());
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).with_context(say)?;
    }
    let draft = path.with_extension("draft");
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| file.write_all(&text))
        .with_context(say)?;
    std::fs::rename(&draft, path).with_context(say)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_read_back_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("file.json");
        write_json(&path, &vec![1, 2]).unwrap();
        assert_eq!(read_json::<Vec<i32>>(&path), Some(vec![1, 2]));
        assert_eq!(read_json::<String>(&path), None);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
}

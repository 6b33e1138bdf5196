//! Where this repository lies: `up` and `test` build from its sources.

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

pub fn default_stack_folder() -> Result<PathBuf> {
    let root = match root() {
        Ok(root) => root,
        // Client verbs with `--stage` need no repository.
        Err(_) => std::env::current_dir().context("there is no current folder")?,
    };
    Ok(root.join(".aegis"))
}

fn is_root(folder: &Path) -> bool {
    folder.join("Cargo.toml").is_file()
        && folder.join("terraform").is_dir()
        && folder.join("services").is_dir()
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

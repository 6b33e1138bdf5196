//! Documents out of Debian packages, by `apt-get` and `dpkg`, kept in a folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use aegis_agent_researcher::document::Document;
use aegis_agent_researcher::sources::{Library, RawFile, parse};
use anyhow::{Context, bail, ensure};
use regex::Regex;
use walkdir::WalkDir;

use crate::questions::Set;

/// Documents, as files and as the researcher sees them.
pub struct Loaded {
    pub files: Vec<RawFile>,
    read: Library,
}

impl Loaded {
    pub fn of(files: Vec<RawFile>) -> Self {
        Self {
            read: parse(files.clone()),
            files,
        }
    }

    pub fn documents(&self) -> &[Document] {
        &self.read.documents
    }

    /// What the researcher takes for its own.
    pub fn library(&self) -> Library {
        Library {
            documents: self.read.documents.clone(),
            unreadable: self.read.unreadable.clone(),
            documents_unread: self.read.documents_unread,
            losses: self.read.losses.clone(),
        }
    }
}

/// The files of a set, by path.
///
/// # Errors
/// Where a package cannot be fetched, or no file fits.
pub fn files(cache: &Path, set: &Set) -> anyhow::Result<Vec<RawFile>> {
    let wanted = Regex::new(&set.files)?;
    let unwanted = set.without.as_deref().map(Regex::new).transpose()?;
    let mut files = Vec::new();
    for package in &set.packages {
        let root = fetch(cache, package)?;
        for entry in WalkDir::new(&root).sort_by_file_name() {
            let entry = entry?;
            let path = entry.path().strip_prefix(&root)?.display().to_string();
            let name = path.strip_suffix(".gz").unwrap_or(&path);
            let fits = entry.file_type().is_file()
                && wanted.is_match(name)
                && !unwanted.as_ref().is_some_and(|no| no.is_match(name));
            if fits {
                files.push(RawFile {
                    uri: format!("s3://eval/{package}/{name}"),
                    bytes: contents(entry.path())?,
                });
            }
        }
    }
    ensure!(!files.is_empty(), "no file is called like {}", set.files);
    Ok(files)
}

fn contents(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path.extension().is_some_and(|extension| extension == "gz") {
        return run(Command::new("gzip").arg("-dc").arg(path));
    }
    fs::read(path).with_context(|| format!("reading {}", path.display()))
}

/// The folder that a package is unpacked in. Fetched once.
fn fetch(cache: &Path, package: &str) -> anyhow::Result<PathBuf> {
    let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
    ensure!(
        package.starts_with(|c: char| c.is_ascii_alphanumeric()) && package.chars().all(named),
        "`{package}` is no name of a package"
    );
    let folder = cache.join(package);
    let files = folder.join("files");
    if files.is_dir() {
        return Ok(files);
    }
    eprintln!("fetching {package}");
    let part = folder.join("part");
    fs::create_dir_all(&part)?;
    run(Command::new("apt-get")
        .args(["download", package])
        .current_dir(&folder))?;
    let is_package = |path: &PathBuf| path.extension().is_some_and(|e| e == "deb");
    let found = fs::read_dir(&folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let archive = found.into_iter().find(is_package);
    let archive = archive.context("apt-get left no package behind")?;
    run(Command::new("dpkg").arg("-x").arg(archive).arg(&part))?;
    // Only what was unpacked completely is taken for it.
    fs::rename(&part, &files)?;
    Ok(files)
}

fn run(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let output = command
        .output()
        .with_context(|| format!("{command:?} cannot be run"))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        bail!("{command:?}: {}", reason.trim());
    }
    Ok(output.stdout)
}

/// All files below a folder of the user's.
///
/// # Errors
/// Where the folder cannot be read.
pub fn folder(folder: &Path) -> anyhow::Result<Vec<RawFile>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_file() {
            files.push(RawFile {
                uri: entry.path().display().to_string(),
                bytes: fs::read(entry.path())?,
            });
        }
    }
    Ok(files)
}

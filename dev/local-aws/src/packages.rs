//! Turns binaries into what runs: a Lambda package per service, and a copy of each program that
//! stays running beside the emulator, so that a later build does not pull it away.
//!
//! A package depends on nothing but its binary's content and the flows, so that the same code gives the same
//! package and an unchanged package needs no update.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::binaries::{Binaries, expected, is_function, knows_flows};
use crate::digest;
use crate::json::{read_json, write_json};
use aegis_client::local::StackFolder;
use aegis_engine::flows::Flows;
use aegis_terminal::progress::Step;

/// Levels of compression: locally a package is made after each change, and read once.
const QUICK: i64 = 1;
const SMALLEST: i64 = 9;

/// What is known of something that was made from a binary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Made {
    /// Size and time of the binary: when they are the same, it is not read again.
    source: String,
    digest: String,
}

/// Digests: of packages by service, of programs by binary.
#[derive(Debug, Default)]
pub struct Products {
    pub packages: BTreeMap<String, String>,
    pub programs: BTreeMap<String, String>,
}

/// Makes whatever is not up to date. `flows`: the folder of their definitions.
pub async fn make(folder: &StackFolder, binaries: &Binaries, flows: &Path) -> Result<Products> {
    let step = Step::begin("Package the services");
    let (folder, binaries, flows) = (folder.clone(), binaries.clone(), Files::read(flows)?);
    let work = tokio::task::spawn_blocking(move || make_all(&folder, &binaries, &flows));
    let (products, fresh) = work.await??;
    step.done(&format!("{fresh} of {} changed", expected().count()));
    Ok(products)
}

fn make_all(folder: &StackFolder, binaries: &Binaries, flows: &Files) -> Result<(Products, usize)> {
    let list = folder.packages().join("made.json");
    let before: BTreeMap<String, Made> = read_json(&list).unwrap_or_default();
    let mut products = Products::default();
    let mut made = BTreeMap::new();
    let mut fresh = 0;
    for binary in expected() {
        let source = binaries
            .get(&binary)
            .with_context(|| format!("{binary} was not built"))?;
        let packaged = is_function(&binary);
        let product = product_path(folder, &binary);
        let own = if knows_flows(&binary) {
            flows.clone()
        } else {
            Files::default()
        };
        let current = format!("{}{}", describe(source)?, own.digest());
        let entry = match before.get(&binary) {
            Some(entry) if entry.source == current && product.exists() => entry.clone(),
            _ => {
                fresh += 1;
                let digest = if packaged {
                    make_package(source, &own, &product)?
                } else {
                    copy_program(source, &product)?
                };
                Made {
                    source: current,
                    digest,
                }
            }
        };
        let kind = if packaged {
            &mut products.packages
        } else {
            &mut products.programs
        };
        kind.insert(binary.clone(), entry.digest.clone());
        made.insert(binary, entry);
    }
    flows.place(&folder.packages())?;
    write_json(&list, &made)?;
    Ok((products, fresh))
}

fn product_path(folder: &StackFolder, binary: &str) -> PathBuf {
    if is_function(binary) {
        folder.packages().join(format!("{binary}.zip"))
    } else {
        program_path(folder, binary)
    }
}

pub fn program_path(folder: &StackFolder, binary: &str) -> PathBuf {
    folder.programs().join(binary)
}

fn describe(path: &Path) -> Result<String> {
    let data = path
        .metadata()
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(format!(
        "{}/{}.{:09}",
        data.len(),
        data.mtime(),
        data.mtime_nsec()
    ))
}

fn make_package(binary: &Path, flows: &Files, product: &Path) -> Result<String> {
    let draft = draft_of(product)?;
    let lean = strip(binary, &draft.with_extension("lean"))?;
    write_package(&lean, flows, &draft, QUICK)?;
    if lean != binary {
        std::fs::remove_file(&lean)?;
    }
    finish(&draft, product)
}

/// A package to deploy: of a binary that the build has stripped, as small as can be.
pub fn make_release_package(binary: &Path, flows: &Files, product: &Path) -> Result<String> {
    let draft = draft_of(product)?;
    write_package(binary, flows, &draft, SMALLEST)?;
    finish(&draft, product)
}

/// A program to put into an image, as the build has stripped it.
pub fn make_release_program(binary: &Path, product: &Path) -> Result<String> {
    copy_program(binary, product)
}

/// A copy that is put in place whole, so that a running program keeps the file that it started from.
fn copy_program(binary: &Path, product: &Path) -> Result<String> {
    let draft = draft_of(product)?;
    std::fs::copy(binary, &draft).with_context(|| format!("cannot copy {}", binary.display()))?;
    finish(&draft, product)
}

fn draft_of(product: &Path) -> Result<PathBuf> {
    if let Some(parent) = product.parent() {
        std::fs::create_dir_all(parent)
            .with_context(|| format!("cannot create {}", parent.display()))?;
    }
    Ok(product.with_extension("draft"))
}

fn finish(draft: &Path, product: &Path) -> Result<String> {
    let digest = digest::of_file(draft)?;
    std::fs::rename(draft, product)
        .with_context(|| format!("cannot write {}", product.display()))?;
    Ok(digest)
}

/// Without symbols, where the machine has a tool for that; the code is the same either way.
fn strip(binary: &Path, lean: &Path) -> Result<PathBuf> {
    let stripped = Command::new("strip")
        .arg("-o")
        .arg(lean)
        .arg(binary)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match stripped {
        Ok(status) if status.success() => Ok(lean.to_path_buf()),
        _ => Ok(binary.to_path_buf()),
    }
}

/// Small files that lie beside a program, by their paths in the package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    /// The definitions of the flows in `folder`, as services look for them.
    ///
    /// # Errors
    /// Where a flow cannot be used: it would stop every service from starting.
    pub fn read(folder: &Path) -> Result<Self> {
        let flows = Flows::read(folder).context("the flows cannot be used")?;
        let deployed = flows.deployed().iter();
        let files = deployed.map(|flow| {
            let name = format!("flows/{}/{}.json", flow.flow, flow.version);
            let path = folder
                .join(flow.flow.as_str())
                .join(format!("{}.json", flow.version));
            Ok((name, std::fs::read(path)?))
        });
        Ok(Self(files.collect::<Result<_>>()?))
    }

    /// Leaves them, and no others, below `folder`, where Terraform reads what agents may do.
    pub fn place(&self, folder: &Path) -> Result<()> {
        let flows = folder.join("flows");
        if flows.exists() {
            std::fs::remove_dir_all(&flows)?;
        }
        for (name, content) in &self.0 {
            let file = folder.join(name);
            let parent = file.parent().unwrap_or(folder);
            std::fs::create_dir_all(parent)?;
            std::fs::write(file, content)?;
        }
        Ok(())
    }

    fn digest(&self) -> String {
        let all: Vec<u8> = self
            .0
            .iter()
            .flat_map(|(name, content)| [name.as_bytes(), b"\0", content, b"\0"].concat())
            .collect();
        digest::of_bytes(&all)
    }
}

/// A file named `bootstrap`, executable, and the flows beside it, with the same time in every package.
fn write_package(binary: &Path, flows: &Files, package: &Path, level: i64) -> Result<()> {
    let content =
        std::fs::read(binary).with_context(|| format!("cannot read {}", binary.display()))?;
    let file =
        File::create(package).with_context(|| format!("cannot write {}", package.display()))?;
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(level))
        .last_modified_time(DateTime::default());
    let mut writer = ZipWriter::new(file);
    writer.start_file("bootstrap", options.unix_permissions(0o755))?;
    writer.write_all(&content)?;
    for (name, content) in &flows.0 {
        writer.start_file(name, options.unix_permissions(0o644))?;
        writer.write_all(content)?;
    }
    writer.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_client::local;

    #[test]
    fn the_same_binary_gives_the_same_package() {
        let folder = tempfile::tempdir().unwrap();
        let binary = folder.path().join("binary");
        std::fs::write(&binary, "not really a binary").unwrap();
        let first =
            make_package(&binary, &Files::default(), &folder.path().join("one.zip")).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        std::fs::write(&binary, "not really a binary").unwrap();
        let second =
            make_package(&binary, &Files::default(), &folder.path().join("two.zip")).unwrap();
        assert_eq!(first, second);
        std::fs::write(&binary, "another binary").unwrap();
        let third =
            make_package(&binary, &Files::default(), &folder.path().join("two.zip")).unwrap();
        assert_ne!(first, third);
    }

    #[test]
    fn a_package_holds_one_executable_named_bootstrap_and_the_flows() {
        let folder = tempfile::tempdir().unwrap();
        let (binary, package) = (folder.path().join("binary"), folder.path().join("one.zip"));
        std::fs::write(&binary, "content").unwrap();
        let flows = Files::read(&local::root().unwrap().join("flows")).unwrap();
        write_package(&binary, &flows, &package, SMALLEST).unwrap();
        let mut archive = zip::ZipArchive::new(File::open(&package).unwrap()).unwrap();
        assert_eq!(archive.len(), 1 + flows.0.len());
        assert!(archive.by_name("flows/report/1.json").is_ok());
        let entry = archive.by_index(0).unwrap();
        assert_eq!(entry.name(), "bootstrap");
        assert_eq!(entry.unix_mode().unwrap() & 0o777, 0o755);
    }

    #[test]
    fn what_is_up_to_date_is_not_made_again() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = StackFolder::new(temporary.path().join("stack"));
        let mut binaries = Binaries::new();
        for name in expected() {
            let path = temporary.path().join(&name);
            std::fs::write(&path, &name).unwrap();
            binaries.insert(name, path);
        }
        let (first, fresh) = make_all(&folder, &binaries, &Files::default()).unwrap();
        assert_eq!(fresh, expected().count());
        let (second, fresh) = make_all(&folder, &binaries, &Files::default()).unwrap();
        assert_eq!(fresh, 0);
        assert_eq!(first.packages, second.packages);
        std::fs::write(temporary.path().join("intake"), "changed").unwrap();
        let (third, fresh) = make_all(&folder, &binaries, &Files::default()).unwrap();
        assert_eq!(fresh, 1);
        assert_ne!(third.packages["intake"], first.packages["intake"]);
        assert_eq!(third.programs, first.programs);
    }
}

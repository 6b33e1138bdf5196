//! What a deployed file is made of, as a CycloneDX list beside it: each crate that cargo linked in or built with, with
//! its licence and the checksum of the lock file. No time and no random number in it: the same sources give the same
//! list.
//!
//! <https://cyclonedx.org/docs/1.5/json/>

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::package::build::Build;
use crate::{digest, environment};

/// A crate as `cargo tree` tells of it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Crate {
    name: String,
    version: String,
    license: String,
}

/// Writes the list for `file`, built from `package`; returns its path.
pub async fn write(build: &Build<'_>, package: &str, file: &Path) -> Result<PathBuf> {
    let tree = tree(build, package).await?;
    let lock =
        std::fs::read_to_string(build.root.join("Cargo.lock")).context("cannot read Cargo.lock")?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let list = list(
        &name,
        &digest::of_file(file)?,
        &crates(&tree),
        &checksums(&lock),
    );
    let path = file.with_file_name(format!("{name}.cdx.json"));
    let text = serde_json::to_string_pretty(&list)? + "\n";
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// Asks cargo itself, for it alone knows which features and platforms count.
async fn tree(build: &Build<'_>, package: &str) -> Result<String> {
    let mut command = environment::cargo(build.cargo, build.root);
    command.args([
        "tree",
        "--locked",
        "--package",
        package,
        "--target",
        build.target,
    ]);
    command.args([
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p}\t{l}",
    ]);
    let output = command
        .stdin(Stdio::null())
        .output()
        .await
        .context("cannot run cargo tree")?;
    if !output.status.success() {
        bail!(
            "cargo tree failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A line is `name v1.2.3 (more of no interest)`, a tab, the licence, and ` (*)` where the crate was seen before.
fn crates(tree: &str) -> BTreeSet<Crate> {
    let lines = tree.lines().filter_map(|line| line.split_once('\t'));
    lines
        .filter_map(|(what, license)| {
            let mut words = what.split(' ');
            let name = words.next()?.to_owned();
            let version = words.next()?.strip_prefix('v')?.to_owned();
            let license = license.trim_end_matches("(*)").trim();
            // The way to write a choice before there were expressions.
            let license = license.replace('/', " OR ");
            Some(Crate {
                name,
                version,
                license,
            })
        })
        .collect()
}

/// Checksums of the lock file, by name and version. Our own crates have none.
fn checksums(lock: &str) -> BTreeMap<(&str, &str), &str> {
    let field = |entry: &'_ str, name: &str| -> Option<(usize, usize)> {
        let start = entry.find(&format!("\n{name} = \""))? + name.len() + 5;
        Some((start, start + entry[start..].find('"')?))
    };
    let entries = lock.split("[[package]]").skip(1);
    entries
        .filter_map(|entry| {
            let text = |name| field(entry, name).map(|(from, to)| &entry[from..to]);
            Some(((text("name")?, text("version")?), text("checksum")?))
        })
        .collect()
}

fn list(
    file: &str,
    sha256: &str,
    crates: &BTreeSet<Crate>,
    checksums: &BTreeMap<(&str, &str), &str>,
) -> Value {
    let components: Vec<Value> = crates
        .iter()
        .map(|one| component(one, checksums.get(&(&*one.name, &*one.version)).copied()))
        .collect();
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": file,
                "name": file,
                "version": env!("CARGO_PKG_VERSION"),
                "hashes": [{"alg": "SHA-256", "content": sha256}],
            },
        },
        "components": components,
    })
}

fn component(one: &Crate, checksum: Option<&str>) -> Value {
    let url = format!("pkg:cargo/{}@{}", one.name, one.version);
    let mut component = json!({
        "type": "library",
        "bom-ref": url,
        "name": one.name,
        "version": one.version,
        "purl": url,
    });
    if !one.license.is_empty() {
        component["licenses"] = json!([{"expression": one.license}]);
    }
    if let Some(checksum) = checksum {
        component["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
    }
    component
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "aegis-intake v0.1.0 (/src/aegis/services/intake)\tMIT OR Apache-2.0\n\
         memchr v2.8.3\tUnlicense OR MIT\n\
         memchr v2.8.3\tUnlicense OR MIT (*)\n\
         old v1.0.0 (proc-macro)\tMIT/Apache-2.0\n";
    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"aegis-intake\"\nversion = \"0.1.0\"\n\n\
         [[package]]\nname = \"memchr\"\nversion = \"2.8.3\"\nsource = \"registry\"\nchecksum = \"cf8b\"\n";

    #[test]
    fn each_crate_is_listed_once_with_licence_and_checksum() {
        let list = list("intake.zip", "ab", &crates(TREE), &checksums(LOCK));
        let components = list["components"].as_array().unwrap();
        let names: Vec<_> = components.iter().map(|one| &one["purl"]).collect();
        assert_eq!(
            names,
            [
                "pkg:cargo/aegis-intake@0.1.0",
                "pkg:cargo/memchr@2.8.3",
                "pkg:cargo/old@1.0.0"
            ]
        );
        assert_eq!(components[1]["hashes"][0]["content"], "cf8b");
        assert_eq!(
            components[1]["licenses"][0]["expression"],
            "Unlicense OR MIT"
        );
        assert_eq!(
            components[2]["licenses"][0]["expression"],
            "MIT OR Apache-2.0"
        );
        assert!(components[0].get("hashes").is_none());
        assert_eq!(list["metadata"]["component"]["hashes"][0]["content"], "ab");
        assert!(!list.to_string().contains("/src/aegis"));
    }
}

//! The build for deployment: linked against the C library of the runtime that Terraform names, whatever this machine's
//! own is, and with no trace of the folder that it was built in: the same sources give the same file elsewhere.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use crate::environment;
use aegis_terminal::progress::{Step, say};

/// glibc of Amazon Linux 2023, and not newer than that of the agents' base image.
/// <https://docs.aws.amazon.com/linux/al2023/ug/compare-with-al2.html>
const GLIBC: &str = "2.34";

/// What a build needs to know beside the packages' names.
pub struct Build<'a> {
    pub cargo: &'a str,
    pub root: &'a Path,
    /// The Python that has the linker.
    pub python: &'a Path,
    pub target: &'a str,
}

impl Build<'_> {
    /// The named packages alone: what a deployment reads at each cold start holds no feature that only something else
    /// asked for.
    pub async fn command(&self, packages: &[&str]) -> Result<Command> {
        let tools = self.python.parent().context("Python lies in no folder")?;
        let mut command = environment::cargo(self.cargo, self.root);
        command.args([
            "zigbuild",
            "--release",
            "--locked",
            "--message-format=json-render-diagnostics",
        ]);
        command.args(["--target", &format!("{}.{GLIBC}", self.target)]);
        for package in packages {
            command.args(["--package", package]);
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = [tools.to_path_buf()].into_iter();
        let folders = folders.chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(folders)?);
        command.env("CARGO_ZIGBUILD_PYTHON_PATH", self.python);
        let places = Places::find(self.root).await?;
        command.env("CARGO_ENCODED_RUSTFLAGS", places.rust_flags());
        command.env(
            format!("CFLAGS_{}", self.target.replace('-', "_")),
            places.c_flags(),
        );
        Ok(command)
    }
}

/// Says so where a build elsewhere would give another file, because this one names a folder of this machine.
pub async fn warn_of_places(root: &Path, binary: &Path) -> Result<()> {
    let content =
        std::fs::read(binary).with_context(|| format!("cannot read {}", binary.display()))?;
    if let Some(folder) = Places::find(root).await?.named_in(&content) {
        let (binary, folder) = (binary.display(), folder.display());
        say(&format!(
            "warning: {binary} names {folder}: built elsewhere it would differ"
        ));
    }
    Ok(())
}

/// Folders of this machine, and the names that a binary knows them by.
struct Places(Vec<(PathBuf, &'static str)>);

impl Places {
    async fn find(root: &Path) -> Result<Self> {
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let cargo = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
        let output = Command::new("rustc")
            .args(["--print", "sysroot"])
            .current_dir(root)
            .stdin(Stdio::null())
            .output()
            .await
            .context("cannot run rustc")?;
        let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        // Of several that fit, rustc takes the last.
        let places = [
            Some((sysroot, "/rust")),
            cargo.map(|cargo| (cargo, "/cargo")),
            Some((root.to_path_buf(), "/aegis")),
        ];
        Ok(Self(places.into_iter().flatten().collect()))
    }

    /// Separated as cargo wants them: a folder may have a space in its name. They take the place of flags that the
    /// user has set, which would make another binary of the same sources.
    fn rust_flags(&self) -> OsString {
        let flags = self.0.iter().map(|(folder, name)| {
            let mut flag = OsString::from("--remap-path-prefix=");
            flag.push(folder);
            flag.push("=");
            flag.push(name);
            flag
        });
        flags
            .collect::<Vec<_>>()
            .join(std::ffi::OsStr::new("\u{1f}"))
    }

    /// A folder of this machine that a file names, if it does.
    fn named_in(&self, content: &[u8]) -> Option<&Path> {
        let named = |folder: &&(PathBuf, &str)| {
            let folder = folder.0.as_os_str().as_encoded_bytes();
            content.windows(folder.len()).any(|part| part == folder)
        };
        self.0
            .iter()
            .find(named)
            .map(|(folder, _)| folder.as_path())
    }

    /// For crates that compile C: their messages name their files.
    fn c_flags(&self) -> String {
        let named = self.0.iter().filter(|(folder, _)| {
            // These are split at spaces, with no way to quote one.
            !folder.to_string_lossy().contains(char::is_whitespace)
        });
        let flags =
            named.map(|(folder, name)| format!("-ffile-prefix-map={}={name}", folder.display()));
        flags.collect::<Vec<_>>().join(" ")
    }
}

/// Rust's own library for `target`: rustup brings it where rustup is at hand.
pub async fn ensure_standard_library(root: &Path, target: &str) -> Result<()> {
    if has_standard_library(root, target).await? {
        return Ok(());
    }
    let step = Step::begin("Install Rust's standard library for the target");
    step.waiting_for(target);
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", target]).current_dir(root);
    let added = rustup
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await;
    match added {
        Ok(status) if status.success() => {
            step.done("ready");
            Ok(())
        }
        _ => bail!(
            "Rust's standard library for {target} is missing: run `rustup target add {target}`, \
             or build for this machine's own processors with --architecture"
        ),
    }
}

async fn has_standard_library(root: &Path, target: &str) -> Result<bool> {
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .current_dir(root)
        .stdin(Stdio::null())
        .output()
        .await
        .context("cannot run rustc")?;
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let libraries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    Ok(libraries
        .into_iter()
        .any(|file| file.file_name().to_string_lossy().starts_with("libstd-")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_package_is_built_for_the_processors_asked_for() {
        for (target, triple) in [
            (
                "aarch64-unknown-linux-gnu",
                "aarch64-unknown-linux-gnu.2.34",
            ),
            ("x86_64-unknown-linux-gnu", "x86_64-unknown-linux-gnu.2.34"),
        ] {
            let here = std::env::current_dir().unwrap();
            let build = Build {
                cargo: "cargo",
                root: &here,
                python: Path::new("/tools/bin/python"),
                target,
            };
            let command = build
                .command(&["aegis-intake", "aegis-relay"])
                .await
                .unwrap();
            let arguments: Vec<_> = command.as_std().get_args().collect();
            let place = arguments.iter().position(|part| *part == "--target");
            assert_eq!(arguments[place.unwrap() + 1], triple);
            let packages = arguments.iter().filter(|part| **part == "--package");
            assert_eq!(packages.count(), 2);
            let flags = command.as_std().get_envs();
            let flags: Vec<_> = flags.filter_map(|(name, _)| name.to_str()).collect();
            assert!(flags.contains(&"CARGO_ENCODED_RUSTFLAGS"));
            assert!(flags.contains(&&*format!("CFLAGS_{}", target.replace('-', "_"))));
        }
    }

    #[test]
    fn a_binary_names_no_folder_of_the_machine_that_built_it() {
        let places = Places(vec![
            (PathBuf::from("/home/my user/.cargo"), "/cargo"),
            (PathBuf::from("/src/aegis"), "/aegis"),
        ]);
        assert_eq!(
            places.rust_flags(),
            "--remap-path-prefix=/home/my user/.cargo=/cargo\u{1f}--remap-path-prefix=/src/aegis=/aegis"
        );
        assert_eq!(places.c_flags(), "-ffile-prefix-map=/src/aegis=/aegis");
        assert_eq!(places.named_in(b"at /aegis/lib.rs"), None);
        let named = places.named_in(b"at /src/aegis/lib.rs");
        assert_eq!(named, Some(Path::new("/src/aegis")));
    }

    #[tokio::test]
    async fn a_target_that_nobody_has_is_seen_to_be_missing() {
        let here = std::env::current_dir().unwrap();
        let missing = has_standard_library(&here, "riscv32im-unknown-none-elf").await;
        assert!(!missing.unwrap());
        let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        assert!(has_standard_library(&here, &host).await.unwrap());
    }
}

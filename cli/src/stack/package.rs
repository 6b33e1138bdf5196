//! `aegis package`: the Lambda packages that a stage in AWS runs, built for its processors.
//!
//! Linked against the C library of the runtime that Terraform names (`provided.al2023`), whatever
//! this machine's own is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use tokio::process::Command;

use crate::context::Context;
use crate::stack::binaries::{SERVICES, compile, in_words};
use crate::stack::packages::make_release_package;
use crate::stack::prerequisites;
use crate::stack::progress::{Step, say};
use crate::stack::signals::{Interrupted, interrupted};
use crate::stack::{environment, venv, workspace};

/// glibc of Amazon Linux 2023.
/// <https://docs.aws.amazon.com/linux/al2023/ug/compare-with-al2.html>
const GLIBC: &str = "2.34";

/// As Lambda and the Terraform variable `lambda_architecture` name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Architecture {
    #[value(name = "arm64")]
    Arm64,
    #[value(name = "x86_64")]
    X86_64,
}

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The processors that the functions run on: Terraform's `lambda_architecture`.
    #[arg(long, value_enum, default_value = "arm64")]
    architecture: Architecture,
    /// Where the packages go: Terraform's `lambda_dist_dir` [default: target/lambda].
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// What was made, for scripts.
#[derive(Serialize)]
struct Made {
    architecture: &'static str,
    folder: PathBuf,
    packages: BTreeMap<&'static str, Package>,
}

#[derive(Serialize)]
struct Package {
    bytes: u64,
    sha256: String,
}

impl Architecture {
    fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }

    fn target(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86_64 => "x86_64-unknown-linux-gnu",
        }
    }
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<ExitCode> {
    let made = tokio::select! {
        made = make(&arguments) => made?,
        name = interrupted() => return Err(Interrupted(name?).into()),
    };
    if context.json {
        println!("{}", serde_json::to_string_pretty(&made)?);
        return Ok(ExitCode::SUCCESS);
    }
    for (service, package) in &made.packages {
        #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
        let size = package.bytes as f64 / 1_000_000.0;
        say(&format!("  {service}.zip  {size:.1} MB"));
    }
    say(&format!(
        "Packages for {} are in {}",
        made.architecture,
        made.folder.display()
    ));
    Ok(ExitCode::SUCCESS)
}

async fn make(arguments: &Arguments) -> Result<Made> {
    let root = workspace::root()?;
    let cargo = prerequisites::cargo();
    let target = arguments.architecture.target();
    ensure_standard_library(&root, target).await?;
    let parent = workspace::default_stack_folder()?;
    let python = venv::ensure(&venv::LINKER, &parent, &prerequisites::python()?).await?;
    let step = Step::begin("Build the services for deployment");
    let (binaries, compiled) =
        compile(build_command(&cargo, &root, &python, target)?, &step).await?;
    step.done(&in_words(compiled));

    let folder = match &arguments.out {
        Some(folder) => std::path::absolute(folder)?,
        None => root.join("target").join("lambda"),
    };
    let mut packages = BTreeMap::new();
    for service in SERVICES {
        let binary = binaries
            .get(service)
            .with_context(|| format!("the build made no binary named {service}"))?;
        let product = folder.join(format!("{service}.zip"));
        let sha256 = make_release_package(binary, &product)?;
        let bytes = product.metadata()?.len();
        packages.insert(service, Package { bytes, sha256 });
    }
    Ok(Made {
        architecture: arguments.architecture.name(),
        folder,
        packages,
    })
}

/// The services alone: what a deployment reads at each cold start holds no feature that only
/// something else asked for.
fn build_command(cargo: &str, root: &Path, python: &Path, target: &str) -> Result<Command> {
    let tools = python.parent().context("Python lies in no folder")?;
    let mut command = environment::cargo(cargo, root);
    command.args([
        "zigbuild",
        "--release",
        "--message-format=json-render-diagnostics",
    ]);
    command.args(["--target", &format!("{target}.{GLIBC}")]);
    for service in SERVICES {
        command.args(["--package", &format!("aegis-{service}")]);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = [tools.to_path_buf()].into_iter();
    let folders = folders.chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(folders)?);
    command.env("CARGO_ZIGBUILD_PYTHON_PATH", python);
    Ok(command)
}

/// Rust's own library for `target`: rustup brings it where rustup is at hand.
async fn ensure_standard_library(root: &Path, target: &str) -> Result<()> {
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

    #[test]
    fn a_package_is_built_for_the_processors_asked_for() {
        let python = Path::new("/tools/bin/python");
        for (architecture, triple) in [
            (Architecture::Arm64, "aarch64-unknown-linux-gnu.2.34"),
            (Architecture::X86_64, "x86_64-unknown-linux-gnu.2.34"),
        ] {
            let target = architecture.target();
            let command = build_command("cargo", Path::new("/aegis"), python, target).unwrap();
            let arguments: Vec<_> = command.as_std().get_args().collect();
            let place = arguments.iter().position(|part| *part == "--target");
            assert_eq!(arguments[place.unwrap() + 1], triple);
            let packages = arguments.iter().filter(|part| **part == "--package");
            assert_eq!(packages.count(), SERVICES.len());
        }
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

//! The functions to measure: those of packages that are to be deployed, where there are some for this machine, or those that
//! a local stack runs. The least function is built in the same profile.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::cold_start::Function;
use anyhow::{Context as _, Result, bail};

use aegis_client::local;
use aegis_client::local::StackFolder;
use aegis_local_aws::binaries::{self, SERVICES, compile};
use aegis_local_aws::packages::make_release_package;
use aegis_local_aws::{environment, prerequisites};
use aegis_terminal::progress::Step;

/// The binary of dev/bench/hello.
const HELLO: &str = "hello-function";
/// The binary of dev/bench/dispatcher.
const DISPATCHER: &str = "bench-dispatcher";

pub const RELEASE: &str = "release";
pub const DEV: &str = "dev";

pub struct Found {
    pub hello: Function,
    pub functions: Vec<Function>,
    pub profile: &'static str,
}

/// The folder of packages to deploy that run on this machine.
pub fn deployable(
    packages: Option<&Path>,
    place: &Path,
) -> Result<Option<(PathBuf, Vec<Function>)>> {
    let folder = match packages {
        Some(folder) => std::path::absolute(folder)?,
        None => local::root()?.join("target/lambda"),
    };
    std::fs::create_dir_all(place)?;
    let found = unpacked(&folder, place)?;
    if found.is_none() && packages.is_some() {
        bail!(
            "{} does not hold the packages of all services for this machine",
            folder.display()
        );
    }
    Ok(found.map(|functions| (folder, functions)))
}

pub async fn find(packages: Option<&Path>, folder: &StackFolder) -> Result<Found> {
    let root = local::root()?;
    let place = folder.root().join("cold-start");
    match deployable(packages, &place)? {
        Some((_, functions)) => {
            let what = "Build the least function";
            let program = of_release(&root, "aegis-hello", HELLO, what).await?;
            let hello = packed(HELLO, program, &place)?;
            Ok(Found {
                hello,
                functions,
                profile: RELEASE,
            })
        }
        None => {
            let built = binaries::build(&prerequisites::cargo(), &root).await?;
            let program = |name: &str| {
                built
                    .get(name)
                    .cloned()
                    .with_context(|| format!("{name} was not built"))
            };
            let functions = SERVICES
                .iter()
                .map(|name| packed(name, program(name)?, &place));
            Ok(Found {
                hello: packed(HELLO, program(HELLO)?, &place)?,
                functions: functions.collect::<Result<_>>()?,
                profile: DEV,
            })
        }
    }
}

async fn of_release(root: &Path, package: &str, name: &str, what: &'static str) -> Result<PathBuf> {
    let step = Step::begin(what);
    let mut command = environment::cargo(&prerequisites::cargo(), root);
    command.args([
        "build",
        "--release",
        "--package",
        package,
        "--message-format=json-render-diagnostics",
    ]);
    let (built, compiled) = compile(command, &step).await?;
    step.done(&binaries::in_words(compiled));
    let program = built.get(name).cloned();
    program.with_context(|| format!("{name} was not built"))
}

/// The package of dev/bench/dispatcher, built as the functions that it is compared with.
pub async fn dispatcher(folder: &StackFolder, profile: &str) -> Result<Vec<u8>> {
    let root = local::root()?;
    let program = if profile == RELEASE {
        let what = "Build the dispatcher of the flow on Step Functions";
        of_release(&root, "aegis-bench-dispatcher", DISPATCHER, what).await?
    } else {
        let built = binaries::build(&prerequisites::cargo(), &root).await?;
        let program = built.get(DISPATCHER).cloned();
        program.context("the dispatcher was not built")?
    };
    let package = folder.root().join("dispatcher.zip");
    make_release_package(&program, &package)?;
    Ok(std::fs::read(package)?)
}

/// A binary that a build has made, and the size of its package.
fn packed(name: &str, program: PathBuf, place: &Path) -> Result<Function> {
    let package = place.join(format!("{name}.zip"));
    make_release_package(&program, &package)?;
    Ok(Function {
        name: name.to_owned(),
        program,
        package_bytes: Some(package.metadata()?.len()),
    })
}

/// The programs of all services' packages; nothing where one is missing or is for other processors.
fn unpacked(packages: &Path, place: &Path) -> Result<Option<Vec<Function>>> {
    let mut functions = Vec::new();
    for name in SERVICES {
        let package = packages.join(format!("{name}.zip"));
        if !package.exists() {
            return Ok(None);
        }
        let bytes = bootstrap(&package).with_context(|| package.display().to_string())?;
        if !runs_here(&bytes) {
            return Ok(None);
        }
        let program = place.join(name);
        std::fs::write(&program, bytes)?;
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
        let package_bytes = Some(package.metadata()?.len());
        functions.push(Function {
            name: name.to_owned(),
            program,
            package_bytes,
        });
    }
    Ok(Some(functions))
}

fn bootstrap(package: &Path) -> Result<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(package)?)?;
    let mut bytes = Vec::new();
    archive.by_name("bootstrap")?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether it is for the processors that this command runs on: `e_machine` of the ELF header.
/// <https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html>
fn runs_here(program: &[u8]) -> bool {
    let wanted: u16 = match std::env::consts::ARCH {
        "x86_64" => 62,
        "aarch64" => 183,
        _ => return false,
    };
    program.get(18..20) == Some(wanted.to_le_bytes().as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(machine: u16) -> Vec<u8> {
        let mut bytes = vec![0; 64];
        bytes[18..20].copy_from_slice(&machine.to_le_bytes());
        bytes
    }

    #[test]
    fn packages_count_only_where_all_are_there_and_for_this_machine() {
        let here = if std::env::consts::ARCH == "x86_64" {
            62
        } else {
            183
        };
        let folder = tempfile::tempdir().unwrap();
        let (packages, place) = (folder.path().join("packages"), folder.path().join("place"));
        std::fs::create_dir_all(&place).unwrap();
        let binary = folder.path().join("binary");
        let pack = |names: &[&str], machine: u16| {
            std::fs::write(&binary, program(machine)).unwrap();
            for name in names {
                make_release_package(&binary, &packages.join(format!("{name}.zip"))).unwrap();
            }
        };
        pack(&SERVICES[1..], here);
        assert!(unpacked(&packages, &place).unwrap().is_none());
        pack(&SERVICES[..1], here);
        let functions = unpacked(&packages, &place).unwrap().unwrap();
        assert_eq!(functions.len(), SERVICES.len());
        assert!(
            functions
                .iter()
                .all(|one| one.program.exists() && one.package_bytes > Some(100))
        );
        pack(&SERVICES[..1], 40);
        assert!(unpacked(&packages, &place).unwrap().is_none());
    }
}

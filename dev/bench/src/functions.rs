//! The functions to measure, and what they find in their environment.
//!
//! They are those of packages that are to be deployed, where there are some for this machine, or those that a local stack
//! runs. The least function is built in the same profile.

use std::io::Read as _;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::cold_start::Function;
use anyhow::{Context as _, Result, bail};

use aegis_client::local;
use aegis_client::local::StackFolder;
use aegis_local_aws::binaries::{self, SERVICES, compile};
use aegis_local_aws::packages::{Files, make_release_package};
use aegis_local_aws::{environment, prerequisites};
use aegis_terminal::progress::Step;

/// The binary of dev/bench/hello.
const HELLO: &str = "hello-function";

pub struct Found {
    pub hello: Function,
    pub functions: Vec<Function>,
    pub profile: &'static str,
}

/// # Errors
/// Where the packages that are asked for are not all there, or nothing can be built.
pub async fn find(packages: Option<&Path>, folder: &StackFolder) -> Result<Found> {
    let root = local::root()?;
    let place = folder.root().join("cold-start");
    std::fs::create_dir_all(&place)?;
    let packaged = match packages {
        Some(folder) => std::path::absolute(folder)?,
        None => root.join("target/lambda"),
    };
    if let Some(functions) = unpacked(&packaged, &place)? {
        let program = release_of_hello(&root).await?;
        return Ok(Found {
            hello: packed(HELLO, program, &place)?,
            functions,
            profile: "release",
        });
    }
    if packages.is_some() {
        bail!(
            "{} does not hold the packages of all services for this machine",
            packaged.display()
        );
    }
    let built = binaries::build(&prerequisites::cargo(), &root).await?;
    let of_dev = |name: &str| {
        let program = built.get(name).cloned();
        packed(
            name,
            program.with_context(|| format!("{name} was not built"))?,
            &place,
        )
    };
    Ok(Found {
        hello: of_dev(HELLO)?,
        functions: SERVICES
            .iter()
            .map(|name| of_dev(name))
            .collect::<Result<_>>()?,
        profile: "dev",
    })
}

async fn release_of_hello(root: &Path) -> Result<PathBuf> {
    let step = Step::begin("Build the least function");
    let mut command = environment::cargo(&prerequisites::cargo(), root);
    command.args([
        "build",
        "--release",
        "--package",
        "aegis-hello",
        "--message-format=json-render-diagnostics",
    ]);
    let (built, compiled) = compile(command, &step).await?;
    step.done(&binaries::in_words(compiled));
    let program = built.get(HELLO).cloned();
    program.with_context(|| format!("{HELLO} was not built"))
}

/// A binary that a build has made, and the size of its package.
fn packed(name: &str, program: PathBuf, place: &Path) -> Result<Function> {
    let package = place.join(format!("{name}.zip"));
    make_release_package(&program, &Files::default(), &package)?;
    Ok(Function {
        name: name.to_owned(),
        program,
        package_bytes: package.metadata()?.len(),
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
        let package_bytes = package.metadata()?.len();
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

/// What Terraform sets. Of all services together: each reads its own.
const OURS: [(&str, &str); 21] = [
    ("WORKFLOW_TABLE", "aegis-bench-workflows"),
    ("AGENT", "researcher"),
    (
        "AGENT_QUEUE_URLS",
        "https://sqs.us-east-1.amazonaws.com/123456789012/aegis-bench-{agent}-dispatch",
    ),
    ("APPROVAL_QUEUE_URL", QUEUE),
    ("FLOWS", concat!(env!("CARGO_MANIFEST_DIR"), "/../../flows")),
    ("OWN_QUEUE_URL", QUEUE),
    ("OWN_DLQ_URL", QUEUE),
    ("DEAD_LETTER_URL", QUEUE),
    ("ARTIFACT_BUCKET", "aegis-bench-artifacts"),
    ("CALLBACK_API_URL", "https://api.example.com"),
    ("RESEARCHER_AGENT_ARN", AGENT),
    ("TOKEN_KEYS_PARAMETER", "/aegis-bench/token-keys"),
    ("API_AUTHORIZATION", MODES),
    ("EXTERNAL_SOURCES", "partner.crm"),
    ("EXTERNAL_ACCOUNTS", "123456789012"),
    ("APPROVER_SOURCES", "partner.crm"),
    ("EVENT_BUS_NAME", "aegis-bench"),
    ("ENVIRONMENT", "bench"),
    ("LOG_LEVEL", "INFO"),
    ("RETENTION_DAYS", "90"),
    ("APPROVAL_TIMEOUT_HOURS", "24"),
];
const QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/123456789012/aegis-bench";
const AGENT: &str = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/bench-a1";
const MODES: &str = r#"{"start":"iam","read":"iam","approve":"iam","operate":"iam"}"#;

/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>
const LAMBDA: [(&str, &str); 11] = [
    ("AWS_REGION", "us-east-1"),
    ("AWS_DEFAULT_REGION", "us-east-1"),
    ("AWS_ACCESS_KEY_ID", "bench"),
    ("AWS_SECRET_ACCESS_KEY", "bench"),
    ("AWS_SESSION_TOKEN", "bench"),
    ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"),
    ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
];
/// As in a sandbox of Lambda: there is no home with profiles.
const HOME: &str = "/nonexistent";

/// What Lambda and Terraform set for a service. Nothing is called during a start, so the places need not exist.
pub fn environment(runtime_api: SocketAddr) -> impl Iterator<Item = (&'static str, String)> {
    let own = [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_string()),
        ("HOME", HOME.to_owned()),
        // Should a service call AWS while it starts, it shall reach nobody.
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9".to_owned()),
    ];
    let fixed = OURS.into_iter().chain(LAMBDA);
    fixed
        .map(|(name, value)| (name, value.to_owned()))
        .chain(own)
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
                make_release_package(
                    &binary,
                    &Files::default(),
                    &packages.join(format!("{name}.zip")),
                )
                .unwrap();
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
                .all(|one| one.program.exists() && one.package_bytes > 100)
        );
        pack(&SERVICES[..1], 40);
        assert!(unpacked(&packages, &place).unwrap().is_none());
    }
}

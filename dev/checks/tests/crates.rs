//! Product apart from laboratory, and each crate in its place: who may reach an SDK of AWS, what only developers run, and
//! the network. Cargo is asked for the workspace as it is.

#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The only crate that names the SDK.
const RUNTIME: &str = "aegis-aws";

/// Members that reach the SDK in their default build. Everything else must do without: above all the command line, whose
/// feature `aws` brings it.
const ON_AWS: [&str; 11] = [
    "runtimes/aws",
    "services/intake",
    "services/dispatch",
    "services/approval",
    "services/callback",
    "services/artifacts",
    "services/relay",
    "services/deadlines",
    "agents/researcher",
    "agents/analyst",
    "agents/writer",
];

/// They run against a deployment, as developers do, and take the list of prices and calls from them.
const FOR_DEVELOPERS: [&str; 2] = ["loadtest", "e2e"];

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap()
}

/// Answer of a cargo call about this workspace that needs no network.
fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(arguments)
        .arg("--offline")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// A member of the workspace.
struct Member {
    name: String,
    /// Its folder, from the root.
    folder: String,
    dependencies: Vec<String>,
}

impl Member {
    fn is_for_developers(&self) -> bool {
        self.folder.starts_with("dev/") || FOR_DEVELOPERS.contains(&self.folder.as_str())
    }
}

fn members() -> Vec<Member> {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let members: Vec<Member> = packages
        .map(|package| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let manifest = PathBuf::from(text(&package["manifest_path"]));
            let folder = manifest.parent().unwrap().strip_prefix(root()).unwrap();
            let dependencies = package["dependencies"].as_array().unwrap().iter();
            Member {
                name: text(&package["name"]),
                folder: folder.to_str().unwrap().to_owned(),
                dependencies: dependencies.map(|one| text(&one["name"])).collect(),
            }
        })
        .collect();
    assert!(members.len() > 30, "the whole workspace");
    members
}

/// Crates that a package may use in what it ships, directly or not, each with the folder that it lies in.
fn tree(package: &str) -> Vec<(String, String)> {
    let tree = cargo(&[
        "tree",
        "--package",
        package,
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]);
    let parts = tree.lines().map(|line| {
        let name = line.split(' ').next().unwrap().to_owned();
        let place = line.split(['(', ')']).nth(1).unwrap_or_default();
        (name, place.to_owned())
    });
    parts.collect()
}

fn reach(package: &str) -> Vec<String> {
    tree(package).into_iter().map(|(name, _)| name).collect()
}

fn is_sdk(name: &str) -> bool {
    name.starts_with("aws-sdk-")
}

#[test]
fn only_the_runtime_names_the_sdk() {
    for member in members() {
        let named = member.dependencies.iter().any(|name| is_sdk(name));
        assert_eq!(named, member.name == RUNTIME, "{}", member.name);
    }
}

#[test]
fn who_needs_no_aws_is_built_without_its_sdk() {
    for member in members() {
        if member.is_for_developers() {
            continue;
        }
        let reached: Vec<_> = reach(&member.name)
            .into_iter()
            .filter(|name| is_sdk(name))
            .collect();
        let may = ON_AWS.contains(&member.folder.as_str());
        assert_eq!(
            !reached.is_empty(),
            may,
            "{} reaches {reached:?}",
            member.folder
        );
    }
}

#[test]
fn the_command_line_signs_without_the_sdk() {
    let reached = reach("aegis-cli");
    assert!(reached.contains(&"aws-sigv4".to_owned()));
    assert!(!reached.contains(&RUNTIME.to_owned()));
}

#[test]
fn the_product_needs_nothing_that_only_developers_run() {
    let laboratory = root().join("dev");
    for member in members() {
        if member.is_for_developers() {
            continue;
        }
        let reached: Vec<_> = tree(&member.name)
            .into_iter()
            .filter(|(_, place)| Path::new(place).starts_with(&laboratory))
            .map(|(name, _)| name)
            .collect();
        assert!(reached.is_empty(), "{} reaches {reached:?}", member.folder);
    }
}

#[test]
fn pure_crates_reach_no_runtime_and_no_network() {
    for package in ["aegis-contracts", "aegis-workflow"] {
        let reached = reach(package);
        assert!(reached.contains(&"serde".to_owned()), "{reached:?}");
        for impure in ["tokio", "hyper", "reqwest", "rand", "aws-config"] {
            assert!(
                !reached.contains(&impure.to_owned()),
                "{package} reaches {impure}"
            );
        }
    }
}

#[test]
fn the_engine_reaches_no_aws() {
    for package in ["aegis-engine", "aegis-testkit"] {
        let aws: Vec<_> = reach(package)
            .into_iter()
            .filter(|name| name.starts_with("aws-"))
            .collect();
        assert!(aws.is_empty(), "{package} reaches {aws:?}");
    }
}

/// A second stack would be compiled, loaded and set up beside the first in every function.
#[test]
fn a_function_has_one_stack_for_http_and_one_for_tls() {
    let services = [
        "aegis-intake",
        "aegis-dispatch",
        "aegis-approval",
        "aegis-callback",
        "aegis-artifacts",
        "aegis-relay",
        "aegis-deadlines",
    ];
    for service in services {
        let tree = cargo(&[
            "tree",
            "--package",
            service,
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ]);
        let stacks = [
            "rustls",
            "hyper",
            "aws-lc-rs",
            "ring",
            "openssl",
            "native-tls",
        ];
        let mut found: Vec<_> = tree
            .lines()
            .filter_map(|line| Some((line.split(' ').next()?, line)))
            .filter(|(name, _)| stacks.contains(name))
            .map(|(_, line)| line.trim_end_matches(" (*)"))
            .collect();
        found.sort_unstable();
        found.dedup();
        assert_eq!(
            found.len(),
            3,
            "{service}: rustls, hyper and aws-lc-rs once each, not {found:?}"
        );
    }
}

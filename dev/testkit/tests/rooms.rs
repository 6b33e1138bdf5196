//! Each crate keeps to its room: only `aegis-aws` names the AWS SDK, and the pure crates stay pure.

#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::process::Command;

use serde_json::Value;

const PLATFORM: &str = "aegis-aws";

/// Answer of a cargo call about this workspace that needs no network.
fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .args(arguments)
        .arg("--offline")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn names(list: &Value) -> Vec<String> {
    let items = list.as_array().unwrap().iter();
    items
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

/// Crates that a package may use in what it ships, directly or not.
fn reach(package: &str) -> Vec<String> {
    let tree = cargo(&[
        "tree",
        "--package",
        package,
        "--edges",
        "normal,build",
        "--prefix",
        "none",
    ]);
    let lines = tree.lines().filter_map(|line| line.split(' ').next());
    lines.map(str::to_owned).collect()
}

#[test]
fn only_platform_names_the_sdk() {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 10, "the whole workspace");
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let aws = names(&package["dependencies"]);
        let aws: Vec<_> = aws
            .iter()
            .filter(|name| name.starts_with("aws-sdk-") || *name == "aws-sigv4")
            .collect();
        assert_eq!(
            name == PLATFORM,
            !aws.is_empty(),
            "{name} depends on {aws:?}"
        );
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
        "aegis-researcher-dispatch",
        "aegis-approval",
        "aegis-callback",
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

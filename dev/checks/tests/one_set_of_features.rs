//! A build with tests and one without must resolve the same features for all that lies below the AWS
//! SDKs: otherwise they are compiled twice, which takes longer than everything else together.

#![expect(
    clippy::unwrap_used,
    reason = "a test program: a panic is its way to fail"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Every foreign crate with its version and features, as cargo would build it.
fn resolved(arguments: &[&str]) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new(env!("CARGO"))
        .args([
            "tree", "--locked", "--prefix", "none", "--format", "{p} {f}",
        ])
        .args(arguments)
        .current_dir(root)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| line.trim_end_matches(" (*)").to_owned())
        .filter(|line| !line.starts_with("aegis"))
        .collect()
}

#[test]
fn tests_need_no_second_build_of_the_dependencies() {
    let plain = resolved(&["--workspace", "--edges", "normal,build"]);
    let with_tests = resolved(&["--workspace", "--edges", "normal,build,dev"]);
    let without_stack = resolved(&[
        "--workspace",
        "--exclude",
        "aegis-e2e",
        "--edges",
        "normal,build,dev",
    ]);
    let advice = "name what differs as an ordinary dependency of aegis-testkit";
    assert!(
        plain.len() > 100,
        "cargo tree printed {} crates",
        plain.len()
    );
    let missing: Vec<_> = with_tests.difference(&plain).collect();
    assert!(missing.is_empty(), "{advice}: {missing:#?}");
    let missing: Vec<_> = without_stack.difference(&plain).collect();
    assert!(missing.is_empty(), "{advice}: {missing:#?}");
}

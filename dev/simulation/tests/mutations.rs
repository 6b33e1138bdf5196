//! The mutations still fit the code.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("mutations")
}

fn patches() -> Vec<PathBuf> {
    let files = fs::read_dir(folder()).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let patches: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|kind| kind == "patch"))
        .collect();
    assert!(patches.len() >= 20);
    patches
}

#[test]
fn every_mutation_can_be_applied() {
    for patch in patches() {
        let output = Command::new("git")
            .args(["apply", "--check"])
            .arg(&patch)
            .current_dir(folder().join("../../.."))
            .output()
            .unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {complaint}", patch.display());
    }
}

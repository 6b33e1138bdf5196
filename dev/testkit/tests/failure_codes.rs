//! `docs/failure-codes.md` lists every code with which a step can fail, and no other.

#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use aegis_workflow::codes;

/// A code, and whether an attempt that ends with it is tried again.
type Codes = BTreeSet<(String, bool)>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("testing") {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// What follows each `opening` in `code`, up to the closing quote.
fn quoted_after<'a>(code: &'a str, opening: &str) -> Vec<&'a str> {
    let pieces = code.split(opening).skip(1);
    pieces
        .filter_map(|piece| piece.trim_start().strip_prefix('"')?.split('"').next())
        .collect()
}

fn of_agents() -> Codes {
    let mut files = Vec::new();
    for agent in ["kit", "researcher", "analyst", "writer"] {
        sources(&root().join("agents").join(agent).join("src"), &mut files);
    }
    let mut codes = Codes::new();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (opening, again) in [("::permanent(", false), ("::transient(", true)] {
            let found = quoted_after(code, opening).into_iter();
            codes.extend(found.map(|code| (code.to_owned(), again)));
        }
    }
    codes
}

fn documented() -> Codes {
    let text = std::fs::read_to_string(root().join("docs/failure-codes.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let (code, rest) = row.split_once("` | ").unwrap();
        (code.to_owned(), rest.starts_with("yes"))
    })
    .collect()
}

#[test]
fn every_failure_code_is_documented_and_no_other() {
    let mut expected = of_agents();
    assert!(expected.len() > 10, "{expected:?}");
    let platform = codes::ALL.into_iter();
    expected.extend(platform.map(|(code, again)| (code.to_owned(), again)));
    assert_eq!(documented(), expected);
}

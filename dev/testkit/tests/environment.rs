//! Terraform sets what the services read: nothing that nobody reads, and all that must be there.
//!
//! Read from the sources, because a Lambda tells of its environment only what is missing. The list in
//! `terraform/tests/fixtures/environment.json` is the meeting point: a Terraform test compares it with the plan.

#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What a text reads, and what of it must be set.
#[derive(Default)]
struct Names {
    read: BTreeSet<String>,
    required: BTreeSet<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A source without its tests.
fn source(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.split("#[cfg(test)]").next().unwrap().to_owned()
}

/// Names of variables stand in quotes and are in capitals. The list has `<AGENT>` where a name is made from that of an
/// agent.
fn names(text: &str) -> Names {
    let mut names = Names::default();
    let mut before = "";
    for (place, part) in text.split('"').enumerate() {
        let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let own = part.strip_prefix("{variable}").unwrap_or(part);
        if place % 2 == 1 && own.len() >= 5 && own.chars().all(plain) {
            let name = part.replace("{variable}", "<AGENT>");
            let before = before.trim_end().trim_end_matches("&format!(");
            if before.ends_with("required(") || before.ends_with("environment.agent(") {
                names.required.insert(name.clone());
            }
            names.read.insert(name);
        }
        before = part;
    }
    names
}

/// The functions of a source, by name, each with all that stands before the next one.
fn functions(text: &str) -> Vec<(String, String)> {
    let pieces = text.split("fn ").skip(1);
    pieces
        .filter_map(|piece| {
            let end = piece.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
            (end > 0).then(|| (piece[..end].to_owned(), piece[end..].to_owned()))
        })
        .collect()
}

/// `text`, and all functions that it calls, and those that they call.
fn closure(text: &str, functions: &[(String, String)]) -> Names {
    let mut reached = BTreeSet::new();
    let mut open = vec![text.to_owned()];
    let mut found = Names::default();
    while let Some(text) = open.pop() {
        let own = names(&text);
        found.read.extend(own.read);
        found.required.extend(own.required);
        for (name, body) in functions {
            let called = [".", " ", "(", "::"].iter();
            let mut called = called.map(|before| format!("{before}{name}("));
            if called.any(|call| text.contains(&call)) && reached.insert(name) {
                open.push(body.clone());
            }
        }
    }
    found
}

fn what_services_read() -> BTreeMap<String, Names> {
    let platform = root().join("runtimes/aws/src");
    let wiring: Vec<_> = ["services.rs", "config.rs"]
        .iter()
        .flat_map(|file| functions(&source(&platform.join(file))))
        .collect();
    // Every service starts with it.
    let telemetry = source(&platform.join("telemetry.rs"));
    let services = fs::read_dir(root().join("services")).unwrap();
    let services = services.map(|entry| entry.unwrap().path());
    services
        .filter(|path| path.join("src/main.rs").exists())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let files = ["src/main.rs", "src/lib.rs"].map(|file| path.join(file));
            let own = files.iter().filter(|file| file.exists());
            let own: String = own.map(|file| source(file)).collect();
            (name, closure(&(own + &telemetry), &wiring))
        })
        .collect()
}

#[test]
fn terraform_sets_what_the_services_read() {
    let list = root().join("terraform/tests/fixtures/environment.json");
    let set: BTreeMap<String, BTreeSet<String>> =
        serde_json::from_str(&fs::read_to_string(list).unwrap()).unwrap();
    let services = what_services_read();
    assert_eq!(
        set.keys().collect::<Vec<_>>(),
        services.keys().collect::<Vec<_>>()
    );
    for (service, names) in services {
        let set = &set[&service];
        let unread: Vec<_> = set.difference(&names.read).collect();
        assert!(unread.is_empty(), "{service} never reads {unread:?}");
        let missing: Vec<_> = names.required.difference(set).collect();
        assert!(missing.is_empty(), "{service} needs {missing:?}");
        assert!(names.required.len() >= 3, "{service}: {:?}", names.required);
    }
}

//! Golden files: what version 1 looks like on the wire, readable for ever.
//!
//! `UPDATE_GENERATED=1` writes the files that are missing. It never rewrites
//! one: a shape that was released does not change.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::specimens;

pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/v1")
}

pub fn read(name: &str) -> Value {
    let path = folder().join(format!("{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|e| {
        panic!(
            "{}: {e}; UPDATE_GENERATED=1 writes missing files",
            path.display()
        )
    });
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_golden_is_read_and_written_unchanged() {
    for specimen in specimens::all() {
        let path = folder().join(format!("{}.json", specimen.name));
        if std::env::var_os("UPDATE_GENERATED").is_some() && !path.exists() {
            fs::create_dir_all(folder()).unwrap();
            fs::write(&path, pretty(&specimen.value)).unwrap();
        }
        let golden = read(specimen.name);
        assert_eq!(specimen.value, golden, "{}: built in code", specimen.name);
        assert_eq!(
            (specimen.reread)(&golden),
            golden,
            "{}: read and written",
            specimen.name
        );
    }
}

#[test]
fn every_golden_file_belongs_to_a_specimen() {
    let names: Vec<_> = specimens::all()
        .iter()
        .map(|specimen| specimen.name)
        .collect();
    let known: BTreeSet<String> = names.iter().map(|name| format!("{name}.json")).collect();
    assert_eq!(known.len(), names.len(), "two specimens share a name");
    let files: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(files, known);
}

pub fn pretty(value: &Value) -> String {
    format!("{}\n", serde_json::to_string_pretty(value).unwrap())
}

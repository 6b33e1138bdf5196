//! The generated JSON Schemas: no drift, and they say what the types do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use aegis_contracts::schemas;
use jsonschema::Validator;
use serde_json::json;

use crate::{golden, specimens};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schemas")
}

fn validators() -> BTreeMap<&'static str, Validator> {
    schemas::all()
        .into_iter()
        .map(|message| {
            let schema = message.schema.to_value();
            let options = jsonschema::options().should_validate_formats(true);
            (message.name, options.build(&schema).unwrap())
        })
        .collect()
}

#[test]
fn schema_files_do_not_drift() {
    let update = std::env::var_os("UPDATE_GENERATED").is_some();
    let mut expected = BTreeSet::new();
    for message in schemas::all() {
        let file = format!("{}.schema.json", message.name);
        let path = folder().join(&file);
        let generated = golden::pretty(&message.schema.to_value());
        if update {
            fs::create_dir_all(folder()).unwrap();
            fs::write(&path, &generated).unwrap();
        }
        let stored = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            stored == generated,
            "{file} differs from the types; UPDATE_GENERATED=1 cargo test -p aegis-contracts rewrites it"
        );
        expected.insert(file);
    }
    expected.insert("openapi.json".to_owned());
    let files: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(files, expected);
}

#[test]
fn every_golden_satisfies_its_schema_and_every_schema_has_one() {
    let validators = validators();
    let mut unused: BTreeSet<_> = validators.keys().copied().collect();
    for specimen in specimens::all() {
        let golden = golden::read(specimen.name);
        let verdict = validators[specimen.schema].validate(&golden);
        assert!(verdict.is_ok(), "{}: {verdict:?}", specimen.name);
        unused.remove(specimen.schema);
    }
    assert_eq!(unused, BTreeSet::new());
}

/// Bodies all of whose fields are optional.
const MAY_BE_EMPTY: [&str; 2] = ["api-cancel", "api-redrive"];

#[test]
fn schemas_say_what_each_field_holds() {
    let validators = validators();
    for specimen in specimens::all() {
        let valid = &validators[specimen.schema];
        let golden = golden::read(specimen.name);
        for field in golden.as_object().unwrap().keys() {
            let mut wrong = golden.clone();
            wrong[field] = json!([[["wrong"]]]);
            assert!(
                !valid.is_valid(&wrong),
                "{}: `{field}` may be anything",
                specimen.name
            );
        }
        let empty = valid.is_valid(&json!({}));
        assert_eq!(
            empty,
            MAY_BE_EMPTY.contains(&specimen.name),
            "{}: {{}}",
            specimen.name
        );
    }
}

//! The OpenAPI document: no drift, every route, nothing that points nowhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use aegis_contracts::openapi::{ClientAccess, document, methods_of, routes};
use aegis_contracts::problem::{Code, Problem};
use serde_json::Value;

use crate::golden;

const ACCESSES: [ClientAccess; 3] = [ClientAccess::Iam, ClientAccess::Jwt, ClientAccess::None];

#[test]
fn the_openapi_file_does_not_drift() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/openapi.json");
    let generated = golden::pretty(&document(ClientAccess::Iam.into()));
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == generated,
        "openapi.json differs from the code; UPDATE_GENERATED=1 cargo test -p aegis-contracts rewrites it"
    );
}

/// `docs/api.md` has every code with its status.
#[test]
fn the_documented_codes_do_not_drift() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/api.md");
    let stored = fs::read_to_string(&path).unwrap();
    let (begin, end) = (
        "<!-- codes: written by the tests of contracts -->\n",
        "<!-- end of codes -->",
    );
    let (before, rest) = stored.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let rows = Code::ALL.iter().map(|code| {
        let (status, meaning) = (code.status(), code.meaning());
        format!("| `{code}` | {status} | {meaning} |\n")
    });
    let table = format!(
        "| code | status | meaning |\n|---|---|---|\n{}",
        rows.collect::<String>()
    );
    let generated = format!("{before}{begin}{table}{end}{after}");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    assert!(
        stored == generated,
        "docs/api.md differs from the codes; UPDATE_GENERATED=1 cargo test -p aegis-contracts rewrites it"
    );
}

/// A code that stood twice could have two statuses.
#[test]
fn no_code_stands_twice() {
    let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names.len(), Code::ALL.len());
    for access in ACCESSES {
        for (name, operation) in operations(&document(access.into())) {
            for (status, answer) in operation["responses"].as_object().unwrap() {
                let schema = &answer["content"]["application/problem+json"]["schema"];
                let codes = schema["properties"]["code"]["enum"].as_array();
                for code in codes.into_iter().flatten() {
                    let known = Code::ALL.iter().find(|known| code == known.as_str());
                    let expected = known.map(|known| known.status().to_string());
                    assert_eq!(expected.as_ref(), Some(status), "{name}: {code}");
                }
            }
        }
    }
}

#[test]
fn every_status_has_the_title_of_its_own() {
    for code in Code::ALL {
        let problem = Problem::new(*code, "");
        let internal = problem.title == "Internal Server Error";
        assert_eq!(internal, problem.status == 500, "{code}");
    }
}

#[test]
fn every_route_of_terraform_is_described_and_no_other() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../terraform/api.tf");
    let text = fs::read_to_string(path).unwrap();
    let quoted = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.split('"').next());
    let deployed: BTreeSet<String> = quoted
        .filter(|key| key.contains(" /"))
        .map(str::to_owned)
        .collect();
    let described: BTreeSet<String> = routes()
        .iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert_eq!(described, deployed);
    assert!(described.len() >= 12, "{described:?}");
}

#[test]
fn a_path_has_its_methods() {
    for (path, methods) in [
        ("/workflows", vec!["POST", "GET"]),
        ("/workflows/anything", vec!["GET"]),
        ("/workflows/wf_1/cancel", vec!["POST"]),
        ("/approval-links/x", vec!["GET", "POST"]),
        ("/openapi.json", vec!["GET"]),
        ("/workflows/", vec![]),
        ("/workflows/wf_1/explode", vec![]),
        ("/", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(methods_of(path), methods, "{path}");
    }
}

fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|field| references(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    for access in ACCESSES {
        let document = document(access.into());
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 30);
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(
                document.pointer(pointer).is_some(),
                "{access:?}: {reference}"
            );
        }
    }
}

fn operations(document: &Value) -> Vec<(String, &Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            all.push((format!("{method} {path}"), operation));
        }
    }
    all
}

/// A client asks for proof where the stage does; tokens of ours are asked for always.
#[test]
fn the_proof_asked_for_is_the_stage_s() {
    for (access, scheme) in [
        (ClientAccess::Iam, Some("signature")),
        (ClientAccess::Jwt, Some("issuer")),
        (ClientAccess::None, None),
    ] {
        let document = document(access.into());
        for (name, operation) in operations(&document) {
            let asked: Vec<&String> = operation["security"]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|one| one.as_object().unwrap().keys())
                .collect();
            let expected: Vec<&str> = if name.contains("callbacks") {
                vec!["attempt"]
            } else if name.contains("/approval-links/{token}") || name.contains("openapi") {
                vec![]
            } else {
                scheme.into_iter().collect()
            };
            assert_eq!(asked, expected, "{access:?} {name}");
            for scheme in asked {
                assert!(document["components"]["securitySchemes"][scheme].is_object());
            }
            let known = operation["responses"]["401"].is_object();
            assert_eq!(known, !expected.is_empty(), "{access:?} {name}");
        }
    }
}

/// What is sent is strict, what is answered may grow.
#[test]
fn requests_refuse_what_answers_may_add() {
    let document = document(ClientAccess::Iam.into());
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["BudgetSent"]["additionalProperties"], false);
    assert!(schemas["Budget"]["additionalProperties"].is_null());
    assert_eq!(schemas["StartRequest"]["additionalProperties"], false);
    let sent = &schemas["StartRequest"]["properties"]["budget"];
    assert!(sent.to_string().contains("BudgetSent"), "{sent}");
    // Of `GET /flows`.
    assert!(schemas["Flow"]["additionalProperties"].is_null());
}

#[test]
fn every_error_for_programs_has_stable_codes() {
    let document = document(ClientAccess::Iam.into());
    let valid = Problem::new(Code::NotFailed, "it is not");
    for (name, operation) in operations(&document) {
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let Some(problem) = answer["content"].get("application/problem+json") else {
                continue;
            };
            let codes = problem["schema"]["properties"]["code"]["enum"]
                .as_array()
                .unwrap();
            assert!(!codes.is_empty(), "{name} {status}");
            let expected: Value = status.parse::<u16>().unwrap().into();
            assert_eq!(problem["schema"]["properties"]["status"]["const"], expected);
        }
    }
    // The schema of one answer, as a client would check it.
    let mut schema = document["paths"]["/workflows/{id}/redrive"]["post"]["responses"]["409"]
        ["content"]["application/problem+json"]["schema"]
        .clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&serde_json::to_value(&valid).unwrap()));
    let other = Problem::new(Code::Superseded, "it is not");
    assert!(!validator.is_valid(&serde_json::to_value(&other).unwrap()));
}

//! The table of environment variables is written from the list that services and Terraform are both held to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::{between_marks, root};

type Names = BTreeSet<String>;

fn cell(names: &Names) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// Where most functions read a variable, those that do not are fewer words.
fn readers(functions: &Names, all: &Names) -> String {
    let others: Names = all.difference(functions).cloned().collect();
    match others.len() {
        0 => "every function".to_owned(),
        1 => format!("every function but {}", cell(&others)),
        _ => cell(functions),
    }
}

#[test]
fn the_table_of_the_environment_is_that_of_the_functions() {
    let path = root().join("terraform/tests/fixtures/environment.json");
    let environments: BTreeMap<String, Names> =
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let all: Names = environments.keys().cloned().collect();
    let mut functions: BTreeMap<&str, Names> = BTreeMap::new();
    for (function, variables) in &environments {
        for variable in variables {
            functions
                .entry(variable)
                .or_default()
                .insert(function.clone());
        }
    }
    let mut groups: BTreeMap<&Names, Names> = BTreeMap::new();
    for (variable, functions) in &functions {
        groups
            .entry(functions)
            .or_default()
            .insert((*variable).to_owned());
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(functions, _)| std::cmp::Reverse(functions.len()));
    let rows: String = groups
        .iter()
        .map(|(functions, variables)| {
            format!("| {} | {} |\n", cell(variables), readers(functions, &all))
        })
        .collect();
    let table = format!("\n| variables | read by |\n|---|---|\n{rows}");
    between_marks("docs/configuration.md", "environment", &table);
}

//! The table of Terraform's variables is written from their declarations.

use std::fs;

use hcl_edit::structure::{Attribute, Block, Body};

use super::{between_marks, root};

/// Text for a cell: on one line, with nothing that ends a cell.
fn cell(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace('|', "\\|")
}

fn attribute<'a>(block: &'a Block, name: &str) -> Option<&'a Attribute> {
    block.body.attributes().find(|one| one.key.as_str() == name)
}

fn source(attribute: Option<&Attribute>) -> Option<String> {
    attribute.map(|one| cell(&one.value.to_string()))
}

/// `name` or `name = default`.
fn entry(block: &Block) -> String {
    let name = block.labels[0].as_str();
    match source(attribute(block, "default")).as_deref() {
        Some("null" | "{}" | "[]" | "\"\"") => format!("`{name}`"),
        // A long one is for a page of its own: the declaration.
        Some(default) if default.len() > 24 => format!("`{name}`"),
        Some(default) => format!("`{name} = {default}`"),
        None => format!("`{name}` (required)"),
    }
}

/// The comments between the declarations, each with what follows it.
fn sections(text: &str) -> Vec<(&str, &str)> {
    let mut sections = Vec::new();
    for part in text.split("\n# ").skip(1) {
        let (heading, body) = part.split_once('\n').unwrap();
        sections.push((heading.split('.').next().unwrap(), body));
    }
    sections
}

#[test]
fn the_table_of_variables_is_terraform_s_own() {
    let text = fs::read_to_string(root().join("terraform/variables.tf")).unwrap();
    let mut listed = 0;
    let mut rows = String::new();
    for (heading, body) in sections(&format!("\n{text}")) {
        let declared: Body = body.parse().unwrap();
        let blocks = declared
            .blocks()
            .filter(|block| block.ident.as_str() == "variable");
        let entries: Vec<String> = blocks
            .map(|block| {
                let said = attribute(block, "description").unwrap();
                assert!(said.value.as_str().unwrap().len() > 10, "{block:?}");
                entry(block)
            })
            .collect();
        listed += entries.len();
        rows += &format!("| {heading} | {} |\n", entries.join(", "));
    }
    assert_eq!(listed, text.matches("\nvariable \"").count());
    let table = format!("\n| | |\n|---|---|\n{rows}");
    between_marks("terraform/README.md", "variables", &table);
}

/// Names on the left of an equals sign in the example, those that are commented out too.
#[test]
fn the_example_sets_variables_that_there_are() {
    let declared = fs::read_to_string(root().join("terraform/variables.tf")).unwrap();
    let example = fs::read_to_string(root().join("terraform/terraform.tfvars.example")).unwrap();
    let mut set = 0;
    for line in example.lines() {
        let line = line.trim_start_matches(['#', ' ']);
        let Some((name, _)) = line.split_once('=') else {
            continue;
        };
        let name = name.trim();
        if name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            assert!(
                declared.contains(&format!("variable \"{name}\" ")),
                "there is no {name}"
            );
            set += 1;
        }
    }
    assert!(set > 15, "only {set} variables are set");
}

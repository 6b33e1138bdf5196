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

/// An object's fields are told in its description: the table says what kind of thing it is.
fn kind(block: &Block) -> String {
    let whole = source(attribute(block, "type")).unwrap();
    match whole.split_once('(') {
        Some((outer, rest)) if rest.contains(['(', '{']) => format!("`{outer}`"),
        _ => format!("`{whole}`"),
    }
}

fn row(block: &Block) -> String {
    let name = block.labels[0].as_str();
    let description = attribute(block, "description").unwrap();
    // In Markdown an angle bracket would begin a tag.
    let description = cell(description.value.as_str().unwrap()).replace('<', "&lt;");
    let default = source(attribute(block, "default"))
        .map_or_else(|| "required".to_owned(), |default| format!("`{default}`"));
    format!(
        "| `{name}` | {} | {default} | {} |\n",
        kind(block),
        description
    )
}

#[test]
fn the_table_of_variables_is_terraform_s_own() {
    let text = fs::read_to_string(root().join("terraform/variables.tf")).unwrap();
    let declared: Body = text.parse().unwrap();
    let rows: Vec<String> = declared
        .blocks()
        .filter(|block| block.ident.as_str() == "variable")
        .map(row)
        .collect();
    assert!(rows.len() >= 20, "only {} variables", rows.len());
    let table = format!(
        "\n| variable | type | default | |\n|---|---|---|---|\n{}",
        rows.concat()
    );
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

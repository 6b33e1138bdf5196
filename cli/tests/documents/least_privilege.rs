//! The table of permissions is written from the report of `aegis test iam`.

use std::fs;

use serde_json::Value;

use super::{between_marks, root};

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap()
}

/// Addresses as links, so that the column stays narrow.
fn linked(words: &str) -> String {
    let link = |word: &str| match word.strip_prefix("https://") {
        Some(rest) => {
            let page = rest
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or(rest);
            format!("[{}]({word})", page.trim_end_matches(".html"))
        }
        None => word.to_owned(),
    };
    words.split(' ').map(link).collect::<Vec<_>>().join(" ")
}

fn outcome(row: &Value) -> String {
    match text(row, "outcome") {
        "missed" => format!("missed by `{}`", text(row, "by")),
        "not_asked_for_here" => format!("not asked for here: {}", linked(text(row, "page"))),
        other => {
            assert_eq!(other, "kept", "{row}");
            format!("nobody misses it; {}", linked(text(row, "why")))
        }
    }
}

fn line(row: &Value) -> String {
    let role = text(row, "role").trim_start_matches("aegis-dev-");
    let (statement, action, day) = (
        text(row, "statement"),
        text(row, "action"),
        text(row, "seen_on"),
    );
    format!(
        "| `{role}` | `{action}` | `{statement}` | {} | {day} |\n",
        outcome(row)
    )
}

#[test]
fn the_table_of_permissions_is_the_report_s() {
    let report = fs::read_to_string(root().join("docs/least-privilege.json")).unwrap();
    let rows: Vec<Value> = serde_json::from_str(&report).unwrap();
    assert!(!rows.is_empty(), "an empty report");
    let lines: String = rows.iter().map(line).collect();
    let table =
        format!("\n| role | action | statement | | seen on |\n|---|---|---|---|---|\n{lines}");
    between_marks("docs/security.md", "least-privilege", &table);
}

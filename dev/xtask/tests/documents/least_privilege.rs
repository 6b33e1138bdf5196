//! The table of permissions is written from the report of `cargo xtask test iam`.

use std::collections::{BTreeMap, BTreeSet};
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

/// Why a role keeps a permission. What a test misses is in one row, whichever test it is: the report names it.
fn reason(row: &Value) -> String {
    match text(row, "outcome") {
        "missed" => {
            assert!(!text(row, "by").is_empty(), "{row}");
            "an end-to-end test fails without it".to_owned()
        }
        "not_asked_for_here" => {
            let page = linked(text(row, "page"));
            format!("the emulator does not ask for it, AWS does: {page}")
        }
        other => {
            assert_eq!(other, "kept", "{row}");
            format!("no test misses it; {}", linked(text(row, "why")))
        }
    }
}

#[test]
fn the_table_of_permissions_is_the_report_s() {
    let report = fs::read_to_string(root().join("docs/least-privilege.json")).unwrap();
    let rows: Vec<Value> = serde_json::from_str(&report).unwrap();
    assert!(!rows.is_empty(), "an empty report");
    let mut reasons: BTreeMap<String, (usize, BTreeSet<&str>)> = BTreeMap::new();
    for row in &rows {
        let (count, actions) = reasons.entry(reason(row)).or_default();
        *count += 1;
        actions.insert(text(row, "action"));
    }
    let lines: String = reasons
        .iter()
        .map(|(reason, (count, actions))| {
            let actions: Vec<String> = actions.iter().map(|one| format!("`{one}`")).collect();
            format!("| {count} | {} | {reason} |\n", actions.join(", "))
        })
        .collect();
    let days = rows.iter().map(|row| text(row, "seen_on"));
    let (first, last) = (days.clone().min().unwrap(), days.max().unwrap());
    let table = format!(
        "\n{} permissions, seen from {first} to {last}:\n\n| permissions | actions | |\n|---|---|---|\n{lines}",
        rows.len()
    );
    between_marks("docs/security.md", "least-privilege", &table);
}

//! The sum of permissions is written from the report of `cargo xtask test iam`.

use std::fs;

use serde_json::Value;

use super::{between_marks, root};

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap()
}

#[test]
fn the_sum_of_permissions_is_the_report_s() {
    let report = fs::read_to_string(root().join("docs/least-privilege.json")).unwrap();
    let rows: Vec<Value> = serde_json::from_str(&report).unwrap();
    // Each outcome, and the field that says why.
    let count = |outcome: &str, why: &str| {
        let found = rows.iter().filter(|row| text(row, "outcome") == outcome);
        found
            .inspect(|row| assert!(!text(row, why).is_empty(), "{row}"))
            .count()
    };
    let missed = count("missed", "by");
    let kept = count("kept", "why");
    let foreign = count("not_asked_for_here", "page");
    assert_eq!(missed + kept + foreign, rows.len());
    let days = rows.iter().map(|row| text(row, "seen_on"));
    let (first, last) = (days.clone().min().unwrap(), days.max().unwrap());
    let sum = format!(
        "\nOf {} permissions, seen from {first} to {last}:\n\n\
         - {missed} are needed: an end-to-end test fails without them\n\
         - {foreign} are asked for by AWS and not by the emulator; the report links AWS's page\n\
         - {kept} are missed by no test and stay; the report says why\n",
        rows.len()
    );
    between_marks("docs/security.md", "least-privilege", &sum);
}

//! The tables in the documents say what is computed.
//!
//! `UPDATE_GENERATED=1 cargo test --workspace --test tables` writes them between their markers.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use aegis_cost::scale::Stage;
use aegis_cost::tables;
use aegis_cost::{Prices, of_one_workflow, path, sum};

fn holds(document: &str, name: &str, table: &str) {
    let path = format!("{}/../../{document}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = (
        format!("<!-- {name}:begin -->\n"),
        format!("<!-- {name}:end -->"),
    );
    let (before, rest) = text.split_once(&begin).unwrap();
    let (found, after) = rest.split_once(&end).unwrap();
    if found == table {
        return;
    }
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, format!("{before}{begin}{table}{end}{after}")).unwrap();
    } else {
        panic!(
            "{document} differs at {name}; UPDATE_GENERATED=1 cargo test --workspace --test tables writes it"
        );
    }
}

#[test]
fn the_documents_say_what_is_computed() {
    let prices = Prices::built_in().unwrap();
    holds("docs/cost.md", "prices", &tables::prices(&prices).unwrap());
    let volumes = [100, 10_000, 1_000_000];
    let months = tables::months(&prices, &volumes).unwrap();
    holds("terraform/README.md", "months", &months);
    holds("docs/scaling.md", "limits", &tables::limit_table());
    holds("docs/scaling.md", "passages", &tables::passages());
}

#[test]
fn the_documents_say_one_price_and_its_calls() {
    let prices = Prices::built_in().unwrap();
    let cost = sum(&of_one_workflow(&prices).unwrap()) * 1e6;
    let units = path::units(&path::CALLS);
    let counted = format!(
        "{} calls of AWS and write {} events, which take {} write units ({} of the table, {} of indexes) and {} read units",
        path::calls(),
        path::EVENTS,
        units.written(),
        units.table,
        units.indexes,
        units.read()
    );
    for (document, said) in [
        (
            "README.md",
            format!("[about ${cost:.0} per million workflows]"),
        ),
        ("docs/cost.md", format!("**${cost:.2}**")),
        ("docs/performance.md", format!("[${cost:.2}]")),
        ("docs/cost.md", counted),
    ] {
        let path = format!("{}/../../{document}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.contains(&said), "{document} says no {said}");
    }
}

#[test]
fn the_model_knows_the_defaults_of_terraform() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../terraform/variables.tf");
    let text = std::fs::read_to_string(file).unwrap();
    for (name, value) in Stage::default().variables() {
        let (_, variable) = text.split_once(&format!("variable \"{name}\" {{")).unwrap();
        let (_, default) = variable.split_once("default     = ").unwrap();
        let default: f64 = default.lines().next().unwrap().parse().unwrap();
        assert_eq!(default, value, "{name}");
    }
}

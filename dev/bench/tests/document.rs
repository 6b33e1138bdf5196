//! docs/performance.md shows what the model computes.
//!
//! `UPDATE_GENERATED=1 cargo test --workspace --test document` writes it between its markers.

use aegis_bench::model::{Inputs, model, summary};

const BEGIN: &str = "<!-- model:begin -->\n";
const END: &str = "<!-- model:end -->";

#[test]
fn the_document_shows_what_the_model_computes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/performance.md");
    let document = std::fs::read_to_string(path).unwrap();
    let (before, rest) = document.split_once(BEGIN).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    let computed = summary(&model(&Inputs::published().unwrap()));
    if found != computed && std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(path, format!("{before}{BEGIN}{computed}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(
        found, computed,
        "UPDATE_GENERATED=1 cargo test --workspace --test document writes it"
    );
}

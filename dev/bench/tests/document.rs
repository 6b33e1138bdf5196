//! docs/performance.md shows the figures that are kept, and has a place for each.

use std::path::Path;

use aegis_bench::results::Results;

#[test]
fn the_document_shows_the_figures_that_are_kept() {
    let root = &Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let document = std::fs::read_to_string(root.join("docs/performance.md")).unwrap();
    for block in ["step-functions", "model"] {
        for mark in ["begin", "end"] {
            let mark = format!("<!-- {block}:{mark} -->");
            assert_eq!(document.matches(&mark).count(), 1, "{mark}");
        }
    }
    let kept = Results::read(root).unwrap();
    let shown = kept.shown_in(&document);
    let other = shown
        .lines()
        .zip(document.lines())
        .find(|(kept, stands)| kept != stands);
    assert!(
        shown == document,
        "docs/performance.md does not show dev/bench/results.json, `cargo xtask bench … --keep` writes both; first in: {other:#?}"
    );
}

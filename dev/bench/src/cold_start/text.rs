//! Cold starts as a table.

use super::report::{ColdStart, Measured};
use crate::text::{number, table};

pub fn text(found: &ColdStart) -> String {
    let row = |one: &Measured| {
        vec![
            one.name.clone(),
            number(one.init_ms),
            number(one.quickest_ms),
            number(one.ratio),
            number(one.resident_mb),
            number(one.own_mb),
            one.package_mb.map_or_else(|| "-".to_owned(), number),
        ]
    };
    let rows: Vec<_> = std::iter::once(&found.hello)
        .chain(&found.functions)
        .map(row)
        .collect();
    let head = [
        "function",
        "init ms",
        "quickest ms",
        "of hello",
        "resident MB",
        "own MB",
        "package MB",
    ];
    format!(
        "{} builds, median of {} starts\n\n{}",
        found.profile,
        found.runs,
        table(&head, &rows)
    )
}

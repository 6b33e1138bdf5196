//! The comparison as a table.

use super::life::PARTS;
use super::run::{Comparison, Measured};
use crate::text::{number, table};

pub fn text(found: &Comparison) -> String {
    let row = |one: &Measured| {
        vec![
            one.flow.name().to_owned(),
            number(one.p50_ms),
            number(one.p95_ms),
            number(one.median_per_second),
            number(one.emulator_ms),
            number(one.functions_ms),
            one.flow.calls().to_string(),
        ]
    };
    let rows: Vec<_> = found.flows.iter().map(row).collect();
    let head = [
        "local AWS",
        "p50 ms",
        "p95 ms",
        "workflows/s",
        "emulator CPU ms",
        "functions CPU ms",
        "calls by functions",
    ];
    let how = format!(
        "{} builds of our functions; p50 and p95 of {} workflows, one at a time; workflows/s and processor time for each workflow with {} in flight, \
         {} rounds of {}",
        found.profile, found.single, found.in_flight, found.rounds, found.block
    );
    format!(
        "{how}\n\n{}\n{}\n{}",
        table(&head, &rows),
        parts(found),
        memory(found)
    )
}

/// What the functions of aegis held at most by the end.
fn memory(found: &Comparison) -> String {
    let rows = found.resident_mb.iter();
    let rows: Vec<_> = rows
        .map(|(name, megabytes)| vec![name.clone(), number(*megabytes)])
        .collect();
    table(
        &["function, after all workflows", "most resident MB"],
        &rows,
    )
}

/// Where the time of one workflow at a time went.
fn parts(found: &Comparison) -> String {
    let names: Vec<&str> = found.flows.iter().map(|one| one.flow.name()).collect();
    let head: Vec<&str> = std::iter::once("ms at the median, one at a time")
        .chain(names)
        .collect();
    let rows = PARTS.iter().enumerate().map(|(index, name)| {
        let cells = found.flows.iter().map(|one| {
            one.parts
                .get(index)
                .map_or_else(String::new, |(_, ms)| number(*ms))
        });
        std::iter::once((*name).to_owned())
            .chain(cells)
            .collect::<Vec<_>>()
    });
    table(&head, &rows.collect::<Vec<_>>())
}

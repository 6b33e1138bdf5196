//! What becomes of every input in every state of the flow that ships, against `table.txt`, and at every position of
//! another one, against `positions.txt`, and where several agents work at once, against `branches.txt`.
//!
//! The pairs are generated, the expectation is looked up: a pair that the
//! table lacks fails, and so does a line of the table that no pair uses.

use std::collections::{BTreeMap, BTreeSet};

use aegis_workflow::{Answer, Owed, Rejection};

use crate::inputs::Arrival;
use crate::walk::Walk;
use crate::{branches, inputs, laws, positions, specimens};

const TABLE: &str = include_str!("table.txt");
const POSITIONS: &str = include_str!("positions.txt");
const BRANCHES: &str = include_str!("branches.txt");

/// An answer in words: kind, new status and place, events, commands.
fn in_words(answer: &Answer) -> String {
    let commands = |owed: &[Owed]| {
        let name = |owed: &Owed| {
            let later = if owed.delay.is_zero() { "" } else { " later" };
            let command = serde_json::to_value(&owed.command).unwrap();
            format!("; {}{later}", command["type"].as_str().unwrap())
        };
        owed.iter().map(name).collect::<String>()
    };
    match answer {
        Answer::Transition(done) => {
            let events: Vec<_> = done
                .events
                .iter()
                .map(|event| event.detail_type())
                .collect();
            let at = done.next.at().map(|at| format!(" at {at}"));
            format!(
                "{}{}: {}{}",
                done.next.status().as_str(),
                at.unwrap_or_default(),
                events.join(", "),
                commands(&done.commands)
            )
        }
        Answer::Touch(touch) => {
            let stops = if touch.stops.is_empty() {
                ""
            } else {
                "; StopSession"
            };
            format!("noted{}{stops}", commands(&touch.commands))
        }
        Answer::Rejected(Rejection::Duplicate) => "duplicate".to_owned(),
        Answer::Rejected(Rejection::Stale {
            current_revision: None,
            ..
        }) => "stale".to_owned(),
        Answer::Rejected(Rejection::Stale { .. }) => "stale, names the revision".to_owned(),
        Answer::Rejected(Rejection::Illegal(why)) => format!("illegal {}", why.code),
    }
}

struct Table {
    /// Mark to the words of an answer.
    legend: BTreeMap<String, String>,
    /// Row and column to mark.
    marks: BTreeMap<(String, String), String>,
}

/// The first block is the legend, `mark = words`; the second the grid, `input | marks`.
fn parse(text: &str) -> Table {
    let lines = || text.lines().filter(|line| !line.starts_with('#'));
    let legend = lines()
        .filter(|line| !line.contains('|'))
        .filter_map(|line| line.split_once(" = "))
        .map(|(mark, words)| (mark.trim().to_owned(), words.trim().to_owned()))
        .collect();
    let mut rows = lines().filter_map(|line| line.split_once('|'));
    let columns: Vec<&str> = rows.next().unwrap().1.split_whitespace().collect();
    let mut marks = BTreeMap::new();
    for (row, cells) in rows {
        let cells: Vec<&str> = cells.split_whitespace().collect();
        assert_eq!(
            cells.len(),
            columns.len(),
            "{row}: as many cells as columns"
        );
        for (column, mark) in columns.iter().zip(cells) {
            let pair = (row.trim().to_owned(), (*column).to_owned());
            assert!(
                marks.insert(pair, mark.to_owned()).is_none(),
                "{row} stands twice"
            );
        }
    }
    Table { legend, marks }
}

#[test]
fn every_state_answers_every_input_as_the_table_says() {
    compare(TABLE, specimens::all(), inputs::all);
}

#[test]
fn every_position_answers_every_input_as_the_table_says() {
    compare(POSITIONS, positions::all(), positions::inputs);
}

#[test]
fn several_at_once_answer_every_input_as_the_table_says() {
    compare(BRANCHES, branches::all(), branches::inputs);
}

fn compare(table: &str, states: Vec<(&str, Walk)>, inputs: fn(&Walk) -> Vec<Arrival>) {
    let Table { legend, mut marks } = parse(table);
    let mut used = BTreeSet::new();
    let mut wrong = Vec::new();
    for (column, walk) in states {
        for arrival in inputs(&walk) {
            let answer = in_words(&arrival.at.answer(arrival.input));
            let pair = (arrival.row, column.to_owned());
            let expected = marks.remove(&pair).map(|mark| legend[&mark].clone());
            if expected.as_deref() != Some(answer.as_str()) {
                wrong.push(format!(
                    "{} in {column}: {answer}, table: {expected:?}",
                    pair.0
                ));
            }
            used.insert(answer);
        }
    }
    assert!(
        wrong.is_empty(),
        "{} pairs differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(marks.is_empty(), "no such pair: {marks:?}");
    let unused: Vec<_> = legend
        .values()
        .filter(|words| !used.contains(*words))
        .collect();
    assert!(
        unused.is_empty(),
        "the legend explains what never happens: {unused:?}"
    );
}

#[test]
fn every_pair_keeps_the_laws() {
    for (_, walk) in specimens::all() {
        for arrival in inputs::all(&walk) {
            laws::check(&arrival.at, &arrival.input);
        }
    }
    for (_, walk) in positions::all() {
        for arrival in positions::inputs(&walk) {
            laws::check(&arrival.at, &arrival.input);
        }
    }
    for (_, walk) in branches::all() {
        for arrival in branches::inputs(&walk) {
            laws::check(&arrival.at, &arrival.input);
        }
    }
}

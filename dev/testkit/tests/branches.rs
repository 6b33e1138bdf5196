//! What branches cost: write units of the table for 1, 4, 16 and 64 of them, and the size of the state.

#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use aegis_contracts::view::Status;
use aegis_cost::path::Units;
use aegis_testkit::flow::fan_out;
use aegis_testkit::harness::{Harness, at_once, files};
use aegis_workflow::{Heartbeat, Input, Success};

const NUMBERS: [u32; 4] = [1, 4, 16, 64];

struct Cost {
    /// From the start of the workflow to its end.
    all: Units,
    /// From the success of the plan to that of the last branch.
    branches: Units,
    largest_state: usize,
}

/// Each attempt is dispatched, gives one sign of life, and succeeds.
fn lived_through(branches: u32) -> Cost {
    let harness = Harness::started_in(fan_out(64, 8));
    let (mut largest_state, mut planned, mut gathered) = (0, None, None);
    while harness.status() == Status::Running {
        let of = harness.current();
        harness.apply(Input::Dispatched(of.clone()));
        harness.wait(20);
        harness.apply(Input::Progress(Heartbeat {
            of: of.clone(),
            message: "ranking 310 passages of 24 documents".to_owned(),
            percent: Some(40),
            usage: None,
        }));
        harness.wait(20);
        if of.step.as_str() == "write" {
            gathered.get_or_insert_with(|| harness.ports.table.consumed());
        }
        let artifacts = vec![harness.put_result(&of, &files::of(&harness.id, &of))];
        harness.apply(Input::StepSucceeded(Success {
            of,
            summary: "12 passages of 5 documents answer it, of 310 ranked".to_owned(),
            artifacts,
            items: Some(branches),
            usage: Default::default(),
        }));
        planned.get_or_insert_with(|| harness.ports.table.consumed());
        let state = serde_json::to_string(&harness.workflow()).unwrap();
        largest_state = largest_state.max(state.len());
    }
    assert_eq!(harness.status(), Status::Completed);
    let history = at_once(aegis_engine::ports::Table::history(
        &*harness.ports.table,
        &harness.id,
    ));
    assert_eq!(history.unwrap().len() as u32, branches + 3);
    Cost {
        all: harness.ports.table.consumed(),
        branches: gathered.unwrap() - planned.unwrap(),
        largest_state,
    }
}

/// The write units of a workflow do not grow more than twice as fast as its branches: as long as that is so, they live in
/// the one item of their workflow.
#[test]
fn write_units_grow_with_the_number_of_branches() {
    let costs = NUMBERS.map(lived_through);
    for (number, cost) in NUMBERS.into_iter().zip(&costs) {
        let each = cost.branches.written() as f64 / f64::from(number);
        println!(
            "{number} branches: {} write units in all, {each:.1} for each branch; state up to {} bytes",
            cost.all.written(),
            cost.largest_state
        );
    }
    let one = costs[0].all.written() as f64;
    for (number, cost) in NUMBERS.into_iter().zip(&costs) {
        let grown = cost.all.written() as f64 / one;
        assert!(
            grown <= 2.0 * f64::from(number),
            "{number} branches: {grown:.1} times"
        );
    }
}

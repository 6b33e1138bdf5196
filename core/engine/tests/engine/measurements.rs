//! What is measured on the way of a workflow.

use aegis_contracts::approval::DecisionKind;
use aegis_testkit::harness::{Harness, at_once};
use aegis_testkit::measured::measured;
use aegis_workflow::Input;

#[test]
fn a_workflow_is_measured_step_by_step() {
    let found = measured(|| {
        let harness = Harness::awaiting_approval();
        harness.wait(90);
        harness.decide(DecisionKind::Approve);
        harness.dispatch();
        harness.wait(7);
        harness.succeed();
    });
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    let expected = [
        "ApprovalSeconds",
        "StepCostUsd Agent=analyst",
        "StepCostUsd Agent=researcher",
        "StepCostUsd Agent=writer",
        "StepSeconds Agent=analyst",
        "StepSeconds Agent=researcher",
        "StepSeconds Agent=writer",
        "WorkflowsEnded Status=completed",
        "WorkflowsStarted",
    ];
    assert_eq!(names, expected);
    assert_eq!(found["ApprovalSeconds"], [90.0]);
    assert_eq!(found["StepSeconds Agent=writer"], [7.0]);
    assert_eq!(found["WorkflowsStarted"], [1.0]);
    assert_eq!(found["WorkflowsEnded Status=completed"], [1.0]);
}

#[test]
fn each_end_is_counted_under_its_status() {
    for (life, ended) in [
        (
            Harness::failed as fn() -> Harness,
            "WorkflowsEnded Status=failed",
        ),
        (Harness::cancelled, "WorkflowsEnded Status=cancelled"),
        (
            || {
                let harness = Harness::awaiting_approval();
                harness.decide(DecisionKind::Reject);
                harness
            },
            "WorkflowsEnded Status=rejected",
        ),
    ] {
        let found = measured(|| {
            life();
        });
        assert_eq!(found.get(ended), Some(&vec![1.0]), "{found:?}");
    }
}

/// A second delivery changes nothing, so it is not measured either.
#[test]
fn what_is_delivered_twice_is_measured_once() {
    let found = measured(|| {
        let harness = Harness::started();
        let (by, reason) = ("ada".to_owned(), None);
        let cancel = Input::Cancel { by, reason };
        for _ in 0..2 {
            at_once(harness.engine.apply(&harness.id, cancel.clone())).unwrap();
        }
    });
    assert_eq!(found["WorkflowsEnded Status=cancelled"], [1.0]);
}

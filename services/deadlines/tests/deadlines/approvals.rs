//! Approvals that wait: brought to mind, then over.

use aegis_contracts::view::Status;
use aegis_engine::ports::Table;
use aegis_testkit::harness::{Harness, at_once};
use aegis_workflow::{Input, approval_view};

use crate::sweep::tick;

fn told() -> Harness {
    let harness = Harness::awaiting_approval();
    harness.apply(Input::Notified { revision: 0 });
    harness
}

#[test]
fn an_approval_that_waits_is_brought_to_mind() {
    let harness = told();
    for (hours, reminders) in [(23, 0), (1, 1), (0, 1), (23, 1), (1, 2), (23, 2)] {
        harness.wait(hours * 3600);
        tick(&harness).unwrap();
        let view = approval_view(&harness.workflow()).unwrap();
        assert_eq!(view.reminders, reminders, "after {hours} hours more");
    }
    let events = harness.events();
    let reminded = events.iter().filter(|kind| **kind == "ApprovalReminded");
    assert_eq!(reminded.count(), 2);
}

#[test]
fn an_outage_of_the_sweep_makes_one_reminder() {
    let harness = told();
    harness.wait(60 * 3600);
    tick(&harness).unwrap();
    tick(&harness).unwrap();
    assert_eq!(harness.events().last(), Some(&"ApprovalReminded"));
    let view = approval_view(&harness.workflow()).unwrap();
    assert_eq!(view.reminders, 1, "the next would come after the deadline");
    harness.wait(12 * 3600);
    tick(&harness).unwrap();
    assert_eq!(harness.status(), Status::Expired);
}

#[test]
fn an_approval_that_nobody_decides_expires() {
    let harness = told();
    harness.wait(72 * 3600 - 1);
    tick(&harness).unwrap();
    assert_eq!(harness.status(), Status::AwaitingApproval);
    harness.wait(1);
    tick(&harness).unwrap();
    assert_eq!(harness.status(), Status::Expired);
    let due = at_once(harness.ports.table.due(0, harness.now(), 10)).unwrap();
    assert!(due.is_empty(), "and is never looked at again");
}

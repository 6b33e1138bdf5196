//! Approvals that wait: brought to mind, then over.

use aegis_contracts::view::Status;
use aegis_engine::ports::Table;
use aegis_testkit::world::{World, at_once};
use aegis_workflow::{Input, approval_view};

use crate::sweep::tick;

fn told() -> World {
    let world = World::awaiting_approval();
    world.apply(Input::Notified { revision: 0 });
    world
}

#[test]
fn an_approval_that_waits_is_brought_to_mind() {
    let world = told();
    for (hours, reminders) in [(23, 0), (1, 1), (0, 1), (23, 1), (1, 2), (23, 2)] {
        world.wait(hours * 3600);
        tick(&world).unwrap();
        let view = approval_view(&world.workflow()).unwrap();
        assert_eq!(view.reminders, reminders, "after {hours} hours more");
    }
    let events = world.events();
    let reminded = events.iter().filter(|kind| **kind == "ApprovalReminded");
    assert_eq!(reminded.count(), 2);
}

#[test]
fn an_outage_of_the_sweep_makes_one_reminder() {
    let world = told();
    world.wait(60 * 3600);
    tick(&world).unwrap();
    tick(&world).unwrap();
    assert_eq!(world.events().last(), Some(&"ApprovalReminded"));
    let view = approval_view(&world.workflow()).unwrap();
    assert_eq!(view.reminders, 1, "the next would come after the deadline");
    world.wait(12 * 3600);
    tick(&world).unwrap();
    assert_eq!(world.status(), Status::Expired);
}

#[test]
fn an_approval_that_nobody_decides_expires() {
    let world = told();
    world.wait(72 * 3600 - 1);
    tick(&world).unwrap();
    assert_eq!(world.status(), Status::AwaitingApproval);
    world.wait(1);
    tick(&world).unwrap();
    assert_eq!(world.status(), Status::Expired);
    let due = at_once(world.ports.table.due(0, world.now(), 10)).unwrap();
    assert!(due.is_empty(), "and is never looked at again");
}

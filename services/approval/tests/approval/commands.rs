//! `RequestApproval`: noted, so that it is not owed any more.

use aegis_engine::api::Authorization;
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler};
use aegis_testkit::world::{World, at_once, received};

use crate::service;

fn handle(world: &World) -> Disposition {
    at_once(service(world, Authorization::None).handle(&world.last_message()))
}

#[test]
fn it_is_noted_once() {
    let world = World::awaiting_approval();
    assert!(world.workflow().owed().is_some());
    assert_eq!(handle(&world), Disposition::Ack);
    let noted = world.workflow();
    assert!(noted.owed().is_none());
    assert_eq!(handle(&world), Disposition::Ack);
    assert_eq!(world.workflow(), noted);
}

#[test]
fn one_for_a_settled_revision_is_acknowledged() {
    let world = World::awaiting_approval();
    let message = world.last_message();
    world.cancel();
    let disposition = at_once(service(&world, Authorization::None).handle(&message));
    assert_eq!(disposition, Disposition::Ack);
}

#[test]
fn agent_work_is_set_aside() {
    let started = World::started();
    let stopping = World::cancelled();
    let stop = received(&serde_json::to_value(&stopping.stops()[0]).unwrap());
    for message in [started.last_message(), stop] {
        let handler = service(&started, Authorization::None);
        let misrouted = "misrouted: agent work is not for approval".to_owned();
        let disposition = at_once(handler.handle(&message));
        assert_eq!(disposition, Disposition::DeadLetter(misrouted));
    }
}

#[test]
fn transient_errors_bring_it_back() {
    for operation in ["load", "touch"] {
        let world = World::awaiting_approval();
        let fault = PortError::Transient("away".to_owned());
        world.ports.faults.fail_next(operation, fault);
        assert!(matches!(handle(&world), Disposition::RetryAfter(_)));
        assert_eq!(handle(&world), Disposition::Ack);
    }
}

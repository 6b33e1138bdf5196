//! `RequestApproval`: noted, so that it is not owed any more.

use aegis_engine::api::Authorization;
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler};
use aegis_testkit::harness::{Harness, at_once, received};

use crate::service;

fn handle(harness: &Harness) -> Disposition {
    at_once(service(harness, Authorization::None).handle(&harness.last_message()))
}

#[test]
fn it_is_noted_once() {
    let harness = Harness::awaiting_approval();
    assert!(!harness.workflow().owed().is_empty());
    assert_eq!(handle(&harness), Disposition::Ack);
    let noted = harness.workflow();
    assert!(noted.owed().is_empty());
    assert_eq!(handle(&harness), Disposition::Ack);
    assert_eq!(harness.workflow(), noted);
}

#[test]
fn one_for_a_settled_revision_is_acknowledged() {
    let harness = Harness::awaiting_approval();
    let message = harness.last_message();
    harness.cancel();
    let disposition = at_once(service(&harness, Authorization::None).handle(&message));
    assert_eq!(disposition, Disposition::Ack);
}

#[test]
fn agent_work_is_set_aside() {
    let started = Harness::started();
    let stopping = Harness::cancelled();
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
        let harness = Harness::awaiting_approval();
        let fault = PortError::Transient("away".to_owned());
        harness.ports.faults.fail_next(operation, fault);
        assert!(matches!(handle(&harness), Disposition::RetryAfter(_)));
        assert_eq!(handle(&harness), Disposition::Ack);
    }
}

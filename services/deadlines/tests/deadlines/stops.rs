//! Sessions whose stop is owed, also by workflows that have ended.

use aegis_contracts::view::Status;
use aegis_engine::error::PortError;
use aegis_testkit::harness::Harness;

use crate::sweep::tick;

#[test]
fn a_stop_that_an_ended_workflow_owes_is_sent() {
    let harness = Harness::dispatched();
    let away = PortError::Transient("away".to_owned());
    harness.ports.faults.fail_next("send", away);
    harness.cancel();
    assert_eq!(
        (harness.status(), harness.stops().len()),
        (Status::Cancelled, 0)
    );
    harness.wait(59);
    tick(&harness).unwrap();
    assert_eq!(harness.stops().len(), 0);
    harness.wait(1);
    tick(&harness).unwrap();
    assert_eq!(harness.stops().len(), 1);
    let told = harness.workflow();
    assert_eq!((told.stops, told.wake_at), (None, None));
    harness.wait(24 * 3600);
    tick(&harness).unwrap();
    assert_eq!(harness.stops().len(), 1);
}

//! What holds for every handler, whatever calls it: twice is once, a crash anywhere is mended by another delivery, and
//! no function wakes itself.
//!
//! `tests/laws` puts every handler of every service under all of them, and fails when one is not listed.

mod delivery;
mod effect;

pub use delivery::{Delivery, Ending};

use std::sync::Arc;
use std::time::Duration;

use crate::memory::Lineage;
use aegis_contracts::command::Destination;
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler, Received};
use futures::FutureExt;

use crate::harness::{Harness, at_once, received};
use effect::effect;

/// A harness, and what is about to happen in it.
pub struct Stage {
    pub harness: Harness,
    pub delivery: Delivery,
}

/// Delivering the same again has the effect of delivering it once, however much later.
pub fn twice_is_once(name: &str, stage: &dyn Fn() -> Stage) {
    let once = stage();
    let first = at_once(once.delivery.deliver(1));
    assert!(first.is_well(), "{name}: {first:?}");
    let expected = effect(&once.harness);
    for seconds in once.delivery.waits() {
        once.harness.wait(*seconds);
        let second = at_once(once.delivery.deliver(2));
        assert_eq!(second, first, "{name}: again after {seconds} s");
        assert_eq!(effect(&once.harness), expected, "{name}: after {seconds} s");
    }
}

/// A crash behind any port call, then another delivery: the same end as without a crash.
///
/// Returns the number of port calls, so that a test can see that there were some.
pub fn crash_anywhere_then_redeliver(name: &str, stage: &dyn Fn() -> Stage) -> u32 {
    let calm = stage();
    let first = at_once(calm.delivery.deliver(1));
    assert!(first.is_well(), "{name}: {first:?}");
    let expected = effect(&calm.harness);
    for calls in 1.. {
        let Stage { harness, delivery } = stage();
        harness.ports.faults.crash_after(calls);
        if delivery.deliver(1).now_or_never().is_some() {
            return calls - 1;
        }
        harness.ports.faults.recover();
        harness.wait(delivery.patience());
        let ending = at_once(delivery.deliver(2));
        assert!(
            ending.is_well(),
            "{name}, crash behind call {calls}: {ending:?}"
        );
        let end = effect(&harness);
        assert_eq!(end, expected, "{name}, crash behind call {calls}");
    }
    0
}

/// The function that a queue invokes, and its handler in a harness.
pub type Receiver = dyn Fn(&Harness, Destination<'_>) -> (&'static str, Arc<dyn QueueHandler>);

/// What the handler of `service` sends is delivered, what that sends too, and so on: no function comes up more than twice
/// among those that lead to one of its own invocations. AWS Lambda stops one that comes up some 16 times.
///
/// Whatever happens meanwhile makes it worse: no agent session is ever free, and each message is handed out until it is
/// acknowledged, and then some times more.
pub fn no_function_wakes_itself(
    name: &str,
    service: &'static str,
    stage: &dyn Fn() -> Stage,
    receiver: &Receiver,
) {
    const MOST: u32 = 2;
    const DELIVERIES: u32 = 5;
    let Stage { harness, delivery } = stage();
    let queues = &harness.ports.queues;
    // What led to the moment at which the handler is called.
    queues.drain();
    queues.run_as(Lineage::default().through(service));
    for count in 1..=DELIVERIES {
        nothing_is_free(&harness);
        at_once(delivery.deliver(count));
        harness.wait(60);
    }
    let mut pending = queues.drain();
    while let Some(sent) = pending.pop() {
        let (function, handler) = receiver(&harness, sent.command.body.destination());
        let lineage = sent.lineage.through(function);
        let longest = lineage.longest();
        assert!(
            longest <= MOST,
            "{name}: {function} came up {longest} times"
        );
        queues.run_as(lineage);
        let first = received(&serde_json::to_value(&sent.command).unwrap());
        for receive_count in 1..=DELIVERIES {
            nothing_is_free(&harness);
            let message = Received {
                receive_count,
                ..first.clone()
            };
            let pause = match at_once(handler.handle(&message)) {
                Disposition::RetryAfter(pause) => pause,
                Disposition::Ack | Disposition::DeadLetter(_) => Duration::from_secs(60),
            };
            harness.ports.clock.advance(pause);
        }
        pending.extend(queues.drain());
    }
}

fn nothing_is_free(harness: &Harness) {
    harness.ports.faults.recover();
    let fault = PortError::Throttled("too many sessions".to_owned());
    harness.ports.faults.fail_next("invoke", fault);
}

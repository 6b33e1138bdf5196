//! What holds for every handler of a queue: twice is once, and a crash anywhere is mended by a redelivery.

use std::collections::BTreeSet;
use std::sync::Arc;

use aegis_contracts::command::Command;
use aegis_contracts::view::Status;
use aegis_engine::message::{Disposition, QueueHandler, Received};
use aegis_workflow::Attempts;
use futures::FutureExt;

use crate::world::{World, at_once};

/// A world, and the handler at work in it.
pub struct Stage {
    pub world: World,
    pub handler: Arc<dyn QueueHandler>,
    pub message: Received,
}

/// All that others can see of what a handler did. Repeated sends are one: their receivers see to that.
#[derive(Debug, PartialEq)]
struct Effect {
    state: Option<(Status, u64, u32, Attempts)>,
    events: Vec<&'static str>,
    commands: BTreeSet<String>,
    sessions: BTreeSet<String>,
    stopped: BTreeSet<String>,
}

fn effect(world: &World) -> Effect {
    let ports = &world.ports;
    let workflow = at_once(aegis_engine::ports::Table::load(
        ports.table.as_ref(),
        &world.id,
    ))
    .unwrap();
    let state = workflow.map(|found| {
        (
            found.status(),
            found.version,
            found.revision,
            found.attempts,
        )
    });
    let invocations = ports.runtime.invocations().into_iter();
    Effect {
        state,
        events: world.events(),
        commands: ports
            .queues
            .sent()
            .iter()
            // Nobody owes a stop: one that a crash loses is not sent again.
            .filter(|sent| !matches!(sent.command.body, Command::StopSession(_)))
            .map(|sent| format!("{:?}", sent.command.body))
            .collect(),
        sessions: invocations.map(|invocation| invocation.session).collect(),
        stopped: ports.runtime.stopped().into_iter().collect(),
    }
}

/// Delivering a message twice has the effect of delivering it once.
pub fn twice_is_once(stage: &dyn Fn() -> Stage) {
    let once = stage();
    let first = at_once(once.handler.handle(&once.message));
    let expected = effect(&once.world);
    for seconds in [0, 1, 60, 3000] {
        once.world.wait(seconds);
        let again = Received {
            receive_count: 2,
            ..once.message.clone()
        };
        let second = at_once(once.handler.handle(&again));
        assert_eq!(second, first, "the second delivery after {seconds} s");
        assert_eq!(effect(&once.world), expected, "after {seconds} s");
    }
}

/// A crash behind any port call, then a redelivery: the same end as without a crash.
///
/// Returns the number of port calls, so that a test can see that there were some.
pub fn crash_anywhere_then_redeliver(stage: &dyn Fn() -> Stage) -> u32 {
    let calm = stage();
    assert_eq!(
        at_once(calm.handler.handle(&calm.message)),
        Disposition::Ack
    );
    let expected = effect(&calm.world);
    for calls in 1.. {
        let Stage {
            world,
            handler,
            message,
        } = stage();
        world.ports.faults.crash_after(calls);
        if handler.handle(&message).now_or_never().is_some() {
            return calls - 1;
        }
        world.ports.faults.recover();
        // The visibility timeout.
        world.wait(30);
        let again = Received {
            receive_count: 2,
            ..message
        };
        let ending = at_once(handler.handle(&again));
        assert_eq!(
            ending,
            Disposition::Ack,
            "after a crash behind call {calls}"
        );
        assert_eq!(
            effect(&world),
            expected,
            "after a crash behind call {calls}"
        );
    }
    0
}

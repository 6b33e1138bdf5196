//! Dispatch when the agent runtime, the table or a cancel gets in the way.

use aegis_contracts::agent::Role;
use aegis_contracts::command::Command;
use aegis_contracts::view::Status;
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler};
use aegis_testing::world::{World, at_once};
use aegis_workflow::{Input, STOP_AFTER};
use async_trait::async_trait;

use crate::dispatch::{deliver, dispatcher};

fn transient() -> PortError {
    PortError::Transient("connection reset".to_owned())
}

/// Else every copy that the sweep adds to a backlog would circulate until the backlog has drained.
#[test]
fn of_several_sends_only_the_last_waits_for_a_start() {
    let world = World::started();
    let first = world.last_message();
    world.wait(60);
    world.apply(Input::DeadlinePassed);
    let second = world.last_message();
    assert_eq!(world.ports.queues.drain().len(), 2);
    let researcher = dispatcher(&world, Role::Researcher);
    for (message, copies) in [(first, 0), (second, 1)] {
        let fault = PortError::Throttled("25 per second".to_owned());
        world.ports.faults.fail_next("invoke", fault);
        assert_eq!(at_once(researcher.handle(&message)), Disposition::Ack);
        assert_eq!(world.ports.queues.drain().len(), copies);
    }
}

#[test]
fn throttled_starts_wait_as_a_delayed_copy() {
    let world = World::started();
    let original = world.last_command();
    let fault = PortError::Throttled("25 per second".to_owned());
    world.ports.faults.fail_next("invoke", fault.clone());
    assert_eq!(deliver(&world), Disposition::Ack);
    let copy = world.ports.queues.sent().pop().unwrap();
    assert_eq!(copy.command, original);
    assert!((2..=30).contains(&copy.delay.as_secs()), "{:?}", copy.delay);
    assert_eq!(
        world
            .workflow()
            .current_step(Role::Researcher, 1)
            .unwrap()
            .dispatched_at,
        None
    );

    // A replay of the same delivery waits as long; other messages wait differently.
    let delay_of = |message_id: &str| {
        let world = World::started();
        let message = aegis_engine::message::Received {
            message_id: message_id.to_owned(),
            ..world.last_message()
        };
        world.ports.faults.fail_next("invoke", fault.clone());
        let researcher = dispatcher(&world, Role::Researcher);
        assert_eq!(at_once(researcher.handle(&message)), Disposition::Ack);
        world.ports.queues.sent().pop().unwrap().delay
    };
    assert_eq!(delay_of("m1"), copy.delay);
    let delays: std::collections::BTreeSet<_> = (0..20).map(|n| delay_of(&n.to_string())).collect();
    assert!(delays.len() > 5, "{delays:?}");

    // If not even the copy can be sent, the original stays.
    world.ports.faults.fail_next("invoke", fault);
    world.ports.faults.fail_next("send", transient());
    assert!(matches!(deliver(&world), Disposition::RetryAfter(_)));
}

/// Else each throttled delivery would send the command once more, and use its sends up within minutes.
#[test]
fn a_throttled_delivery_that_is_not_noted_sends_its_copy_alone() {
    let world = World::started();
    for delivery in 1..=5 {
        world.wait(6);
        let fault = PortError::Throttled("25 per second".to_owned());
        world.ports.faults.fail_next("invoke", fault);
        assert_eq!(deliver(&world), Disposition::Ack);
        // The first is the command itself.
        let sent = world.ports.queues.sent().len();
        assert_eq!(sent, 1 + delivery, "delivery {delivery}");
        let workflow = world.workflow();
        let step = workflow.current_step(Role::Researcher, 1).unwrap();
        assert_eq!(step.sends, 1, "delivery {delivery}");
    }
}

/// Half a minute before it would be sent again the copy is told of; the sweep then leaves it alone.
#[test]
fn a_start_that_stays_throttled_is_noted_before_its_copy_leaves() {
    let world = World::started();
    let resend_at = |world: &World| {
        let workflow = world.workflow();
        let step = workflow.current_step(Role::Researcher, 1).unwrap();
        (step.throttled_at, step.resend_at, step.sends)
    };
    let (_, first, _) = resend_at(&world);
    world.wait(50);
    let throttled = PortError::Throttled("25 per second".to_owned());
    let faults = &world.ports.faults;

    faults.fail_next("invoke", throttled.clone());
    faults.fail_next("touch", transient());
    assert!(matches!(deliver(&world), Disposition::RetryAfter(_)));
    let copies = world.ports.queues.sent().len();
    assert_eq!(resend_at(&world), (None, first, 1));

    faults.fail_next("invoke", throttled.clone());
    assert_eq!(deliver(&world), Disposition::Ack);
    assert_eq!(world.ports.queues.sent().len(), copies + 1);
    let (throttled_at, second, sends) = resend_at(&world);
    assert_eq!((throttled_at, sends), (Some(world.now()), 1));
    assert!(second > first);

    // Nobody wants it any more: neither a note nor a copy.
    world.wait(120);
    let message = world.last_message();
    let mut researcher = dispatcher(&world, Role::Researcher);
    let ports = world.ports.clone();
    ports.faults.fail_next("invoke", throttled);
    researcher.runtime = std::sync::Arc::new(Meanwhile {
        world,
        before: |world| world.cancel(),
        after: |_| (),
    });
    assert_eq!(at_once(researcher.handle(&message)), Disposition::Ack);
    let sent = ports.queues.sent().into_iter();
    let stops = |command: &Command| matches!(command, Command::StopSession(_));
    let work = sent.filter(|sent| !stops(&sent.command.body));
    assert_eq!(work.count(), copies + 1);
}

#[test]
fn transient_errors_bring_the_command_back() {
    for operation in ["load_with_request", "load_keys", "invoke", "touch"] {
        let world = World::started();
        world.ports.faults.fail_next(operation, transient());
        let disposition = deliver(&world);
        assert!(
            matches!(disposition, Disposition::RetryAfter(_)),
            "{operation}: {disposition:?}"
        );
        assert_eq!(deliver(&world), Disposition::Ack, "{operation}");
        assert!(
            world
                .workflow()
                .current_step(Role::Researcher, 1)
                .unwrap()
                .dispatched_at
                .is_some()
        );
    }
}

#[test]
fn a_crash_between_invoke_and_note_leads_to_the_same_session() {
    let world = World::started();
    world.ports.faults.fail_next("touch", transient());
    assert!(matches!(deliver(&world), Disposition::RetryAfter(_)));
    assert_eq!(deliver(&world), Disposition::Ack);
    let invocations = world.ports.runtime.invocations();
    assert_eq!(invocations.len(), 2);
    assert_eq!(invocations[0].session, invocations[1].session);
}

#[test]
fn a_permanent_refusal_fails_the_workflow() {
    let world = World::started();
    let fault = PortError::Permanent("no such runtime".to_owned());
    world.ports.faults.fail_next("invoke", fault);
    assert_eq!(deliver(&world), Disposition::Ack);
    assert_eq!(world.status(), Status::Failed);
    let failure = aegis_workflow::failure_view(&world.workflow()).unwrap();
    assert_eq!(
        (failure.code.as_str(), failure.message.as_str()),
        ("agent_refused", "no such runtime")
    );
}

/// Does something to the world before the agent is invoked, and something after.
struct Meanwhile {
    world: World,
    before: fn(&World),
    after: fn(&World),
}

impl Meanwhile {
    /// Cancels the workflow while the agent is being invoked.
    fn cancelled(world: World) -> Self {
        Self {
            world,
            before: |world| world.cancel(),
            after: |_| (),
        }
    }
}

#[async_trait]
impl aegis_engine::ports::AgentRuntime for Meanwhile {
    async fn invoke(
        &self,
        role: Role,
        session: &str,
        task: &aegis_contracts::agent::AgentTask,
    ) -> Result<aegis_contracts::agent::InvocationAnswer, PortError> {
        (self.before)(&self.world);
        let runtime = &self.world.ports.runtime;
        let answer = runtime.invoke(role, session, task).await;
        (self.after)(&self.world);
        answer
    }

    async fn stop(&self, role: Role, session: &str) -> Result<(), PortError> {
        self.world.ports.runtime.stop(role, session).await
    }
}

#[test]
fn a_session_started_in_vain_is_stopped() {
    let world = World::started();
    let mut late = dispatcher(&world, Role::Researcher);
    let (message, ports) = (world.last_message(), world.ports.clone());
    late.runtime = std::sync::Arc::new(Meanwhile::cancelled(world));
    assert_eq!(at_once(late.handle(&message)), Disposition::Ack);
    assert_eq!(
        ports.runtime.stopped(),
        [ports.runtime.invocations()[0].session.clone()]
    );

    // Even if stopping fails: the agent is told by its next report.
    let world = World::started();
    let mut late = dispatcher(&world, Role::Researcher);
    let message = world.last_message();
    world.ports.faults.fail_next("stop", transient());
    late.runtime = std::sync::Arc::new(Meanwhile::cancelled(world));
    assert_eq!(at_once(late.handle(&message)), Disposition::Ack);
}

/// The state is read again only where somebody wrote since it was read first.
#[test]
fn a_state_that_cannot_be_read_again_brings_the_command_back() {
    let world = World::started();
    let mut researcher = dispatcher(&world, Role::Researcher);
    let message = world.last_message();
    researcher.runtime = std::sync::Arc::new(Meanwhile {
        world,
        before: |world| {
            world.cancel();
            world.ports.faults.fail_next("load", transient());
        },
        after: |_| (),
    });
    let disposition = at_once(researcher.handle(&message));
    assert!(
        matches!(disposition, Disposition::RetryAfter(_)),
        "{disposition:?}"
    );
}

/// Its own stop comes later, so that the agent gets its answer.
#[test]
fn a_result_that_overtook_the_note_is_not_stopped_at_once() {
    let world = World::started();
    let mut researcher = dispatcher(&world, Role::Researcher);
    let (message, ports) = (world.last_message(), world.ports.clone());
    researcher.runtime = std::sync::Arc::new(Meanwhile {
        world,
        before: |_| (),
        after: |world| world.succeed(),
    });
    assert_eq!(at_once(researcher.handle(&message)), Disposition::Ack);
    assert!(ports.runtime.stopped().is_empty());
    let sent = ports.queues.sent().into_iter();
    let stops: Vec<_> = sent
        .filter(|sent| matches!(sent.command.body, Command::StopSession(_)))
        .map(|sent| sent.delay)
        .collect();
    assert_eq!(stops, [STOP_AFTER]);
}

/// Half as long again, so that a start waits no longer than the runtime keeps it waiting.
#[test]
fn a_copy_waits_at_most_half_as_long_as_the_command_has() {
    let delays = (0..50).map(|number| {
        let world = World::started();
        world.wait(100);
        let message = aegis_engine::message::Received {
            message_id: format!("m{number}"),
            ..world.last_message()
        };
        let fault = PortError::Throttled("25 per second".to_owned());
        world.ports.faults.fail_next("invoke", fault);
        let researcher = dispatcher(&world, Role::Researcher);
        assert_eq!(at_once(researcher.handle(&message)), Disposition::Ack);
        world.ports.queues.sent().pop().unwrap().delay.as_secs()
    });
    let longest = delays.max();
    assert!((31..=50).contains(&longest.unwrap()), "{longest:?}");
}

//! Dispatch when the agent runtime, the table or a cancel gets in the way.

use std::collections::BTreeSet;

use aegis_contracts::command::Command;
use aegis_contracts::flow::Name;
use aegis_contracts::view::Status;
use aegis_engine::error::PortError;
use aegis_engine::message::{Disposition, QueueHandler, Received};
use aegis_testkit::flow::attempt;
use aegis_testkit::harness::{Harness, at_once};
use aegis_testkit::memory::MemoryPorts;
use aegis_workflow::{Input, STOP_AFTER, Work};
use async_trait::async_trait;

use crate::dispatch::{deliver, dispatcher};

fn transient() -> PortError {
    PortError::Transient("connection reset".to_owned())
}

fn throttled() -> PortError {
    PortError::Throttled("25 per second".to_owned())
}

/// The command sent last, handed out for the `count`th time, finds no free session.
fn throttle(harness: &Harness, count: u32) -> Disposition {
    harness.ports.faults.fail_next("invoke", throttled());
    let message = Received {
        receive_count: count,
        ..harness.last_message()
    };
    at_once(dispatcher(harness, "researcher").handle(&message))
}

fn step(harness: &Harness) -> Work {
    let workflow = harness.workflow();
    workflow
        .current_work(&attempt("research", 1))
        .unwrap()
        .clone()
}

/// Most starts have a session then.
#[test]
fn a_throttled_start_comes_back_soon_and_costs_no_write() {
    let harness = Harness::started();
    let before = harness.ports.table.writes();
    for count in [1, 2] {
        let disposition = throttle(&harness, count);
        let Disposition::RetryAfter(pause) = disposition else {
            panic!("{disposition:?}");
        };
        assert!((2..=20).contains(&pause.as_secs()), "{pause:?}");
        // A replay of the same delivery waits as long.
        assert_eq!(throttle(&harness, count), disposition);
    }
    assert_eq!(harness.ports.table.writes(), before);
    let pause_of = |message_id: &str| {
        harness.ports.faults.fail_next("invoke", throttled());
        let message = Received {
            message_id: message_id.to_owned(),
            ..harness.last_message()
        };
        format!(
            "{:?}",
            at_once(dispatcher(&harness, "researcher").handle(&message))
        )
    };
    let pauses: BTreeSet<String> = (0..20).map(|n| pause_of(&n.to_string())).collect();
    assert!(pauses.len() > 5, "{pauses:?}");
    assert_eq!(deliver(&harness), Disposition::Ack);
    assert!(step(&harness).dispatched_at.is_some());
}

/// Then the sweep sends the command, and each send is tried once: nothing is sent from here, and nothing written.
#[test]
fn a_start_that_stays_throttled_is_left_to_the_sweep() {
    let harness = Harness::started();
    assert_eq!(throttle(&harness, 3), Disposition::Ack);
    let noted = step(&harness);
    assert_eq!(noted.throttled_at, Some(harness.now()));
    for _ in 0..20 {
        harness.wait(1200);
        harness.apply(Input::DeadlinePassed);
        let (sent, writes) = (
            harness.ports.queues.sent().len(),
            harness.ports.table.writes(),
        );
        for count in [1, 2, 1] {
            assert_eq!(throttle(&harness, count), Disposition::Ack);
            harness.wait(6);
        }
        assert_eq!(harness.ports.queues.sent().len(), sent);
        assert_eq!(harness.ports.table.writes(), writes);
    }
    assert_eq!(step(&harness).throttled_at, noted.throttled_at);
    assert_eq!(deliver(&harness), Disposition::Ack);
    let begun = step(&harness);
    assert_eq!(
        (begun.throttled_at, begun.dispatched_at),
        (None, Some(harness.now()))
    );
}

/// The sweep is about to send it again, and would count that.
#[test]
fn a_start_that_has_waited_for_long_in_its_queue_is_noted_at_once() {
    let harness = Harness::started();
    harness.wait(60);
    assert_eq!(throttle(&harness, 1), Disposition::Ack);
    assert!(step(&harness).throttled_at.is_some());
}

#[test]
fn a_wait_that_cannot_be_noted_brings_the_command_back() {
    let harness = Harness::started();
    harness.ports.faults.fail_next("touch", transient());
    assert!(matches!(throttle(&harness, 3), Disposition::RetryAfter(_)));
    assert_eq!(step(&harness).throttled_at, None);
    assert_eq!(throttle(&harness, 4), Disposition::Ack);
    assert!(step(&harness).throttled_at.is_some());
}

/// Another delivery of the command was faster, or nobody wants it any more: nothing is sent either.
#[test]
fn a_wait_that_somebody_else_has_ended_sends_nothing() {
    let before: [fn(&Harness); 3] = [
        |harness| harness.cancel(),
        |harness| harness.dispatch(),
        |harness| {
            harness.apply(Input::Throttled(attempt("research", 1)));
        },
    ];
    for before in before {
        let harness = Harness::started();
        harness.wait(120);
        let message = harness.last_message();
        let mut researcher = dispatcher(&harness, "researcher");
        let ports = harness.ports.clone();
        let work = |ports: &MemoryPorts| {
            let sent = ports.queues.sent().into_iter();
            sent.filter(|sent| matches!(sent.command.body, Command::RunStep(_)))
                .count()
        };
        assert_eq!(work(&ports), 1);
        ports.faults.fail_next("invoke", throttled());
        researcher.runtime = std::sync::Arc::new(Meanwhile {
            harness,
            before,
            after: |_| (),
        });
        assert_eq!(at_once(researcher.handle(&message)), Disposition::Ack);
        assert_eq!(work(&ports), 1);
    }
}

#[test]
fn transient_errors_bring_the_command_back() {
    for operation in ["load_with_request", "load_keys", "invoke", "touch"] {
        let harness = Harness::started();
        harness.ports.faults.fail_next(operation, transient());
        let disposition = deliver(&harness);
        assert!(
            matches!(disposition, Disposition::RetryAfter(_)),
            "{operation}: {disposition:?}"
        );
        assert_eq!(deliver(&harness), Disposition::Ack, "{operation}");
        assert!(
            harness
                .workflow()
                .current_work(&attempt("research", 1))
                .unwrap()
                .dispatched_at
                .is_some()
        );
    }
}

#[test]
fn a_crash_between_invoke_and_note_leads_to_the_same_session() {
    let harness = Harness::started();
    harness.ports.faults.fail_next("touch", transient());
    assert!(matches!(deliver(&harness), Disposition::RetryAfter(_)));
    assert_eq!(deliver(&harness), Disposition::Ack);
    let invocations = harness.ports.runtime.invocations();
    assert_eq!(invocations.len(), 2);
    assert_eq!(invocations[0].session, invocations[1].session);
}

#[test]
fn a_permanent_refusal_fails_the_workflow() {
    let harness = Harness::started();
    let fault = PortError::Permanent("no such runtime".to_owned());
    harness.ports.faults.fail_next("invoke", fault);
    assert_eq!(deliver(&harness), Disposition::Ack);
    assert_eq!(harness.status(), Status::Failed);
    let failure = aegis_workflow::failure_view(&harness.workflow()).unwrap();
    assert_eq!(
        (failure.code.as_str(), failure.message.as_str()),
        ("agent_refused", "no such runtime")
    );
}

/// Does something to the harness before the agent is invoked, and something after.
struct Meanwhile {
    harness: Harness,
    before: fn(&Harness),
    after: fn(&Harness),
}

impl Meanwhile {
    /// Cancels the workflow while the agent is being invoked.
    fn cancelled(harness: Harness) -> Self {
        Self {
            harness,
            before: |harness| harness.cancel(),
            after: |_| (),
        }
    }
}

#[async_trait]
impl aegis_engine::ports::AgentRuntime for Meanwhile {
    async fn invoke(
        &self,
        agent: &Name,
        session: &str,
        task: &aegis_contracts::agent::AgentTask,
    ) -> Result<aegis_contracts::agent::InvocationAnswer, PortError> {
        (self.before)(&self.harness);
        let runtime = &self.harness.ports.runtime;
        let answer = runtime.invoke(agent, session, task).await;
        (self.after)(&self.harness);
        answer
    }

    async fn stop(&self, agent: &Name, session: &str) -> Result<(), PortError> {
        self.harness.ports.runtime.stop(agent, session).await
    }
}

#[test]
fn a_session_started_in_vain_is_stopped() {
    let harness = Harness::started();
    let mut late = dispatcher(&harness, "researcher");
    let (message, ports) = (harness.last_message(), harness.ports.clone());
    late.runtime = std::sync::Arc::new(Meanwhile::cancelled(harness));
    assert_eq!(at_once(late.handle(&message)), Disposition::Ack);
    assert_eq!(
        ports.runtime.stopped(),
        [ports.runtime.invocations()[0].session.clone()]
    );

    // Even if stopping fails: the agent is told by its next report.
    let harness = Harness::started();
    let mut late = dispatcher(&harness, "researcher");
    let message = harness.last_message();
    harness.ports.faults.fail_next("stop", transient());
    late.runtime = std::sync::Arc::new(Meanwhile::cancelled(harness));
    assert_eq!(at_once(late.handle(&message)), Disposition::Ack);
}

/// The state is read again only where somebody wrote since it was read first.
#[test]
fn a_state_that_cannot_be_read_again_brings_the_command_back() {
    let harness = Harness::started();
    let mut researcher = dispatcher(&harness, "researcher");
    let message = harness.last_message();
    researcher.runtime = std::sync::Arc::new(Meanwhile {
        harness,
        before: |harness| {
            harness.cancel();
            harness.ports.faults.fail_next("load", transient());
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
    let harness = Harness::started();
    let mut researcher = dispatcher(&harness, "researcher");
    let (message, ports) = (harness.last_message(), harness.ports.clone());
    researcher.runtime = std::sync::Arc::new(Meanwhile {
        harness,
        before: |_| (),
        after: |harness| harness.succeed(),
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

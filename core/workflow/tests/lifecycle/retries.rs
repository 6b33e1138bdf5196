//! How often a failed step is tried again, and when.

use std::collections::BTreeSet;
use std::time::Duration;

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::Status;
use aegis_workflow::{Answer, Retries, RetryPolicy, Rules};

use crate::walk::{Walk, attempt, failed, flow, name, policy, rules};

fn under(retries: Retries) -> Walk {
    let rules = Rules {
        retries,
        ..Rules::default()
    };
    Walk::under(rules, policy(), None)
}

/// Attempts of the step under way until the workflow fails.
fn attempts_until_the_end(mut walk: Walk) -> u32 {
    let first = walk.current();
    let mut of = first.clone();
    loop {
        walk = walk.then(failed(of.clone(), true));
        if walk.workflow.status() == Status::Failed {
            return of.attempt - first.attempt + 1;
        }
        of.attempt += 1;
    }
}

#[test]
fn each_agent_has_a_policy_of_its_own() {
    let of = |attempts| RetryPolicy {
        attempts,
        ..RetryPolicy::default()
    };
    let of_agents = [("researcher", 1), ("analyst", 2), ("writer", 4)];
    let walk = under(Retries {
        usual: of(9),
        of_agent: of_agents
            .map(|(agent, attempts)| (name(agent), of(attempts)))
            .into(),
    });
    assert_eq!(attempts_until_the_end(walk.clone()), 1);
    let analyzing = walk.succeeded_now();
    assert_eq!(attempts_until_the_end(analyzing.clone()), 2);
    let asked = analyzing.succeeded_now();
    let writing = asked.decided("ada", aegis_contracts::approval::DecisionKind::Approve, 0);
    assert_eq!(attempts_until_the_end(writing), 4);
    assert_eq!(attempts_until_the_end(under(Retries::default())), 3);
}

/// Delay of the second attempt of workflow number `number`.
fn delay(number: u32, retries: Retries) -> Duration {
    let mut walk = under(retries);
    walk.workflow.id = WorkflowId::derive("ada", &number.to_string());
    match walk.answer(failed(attempt("research", 1), true)) {
        Answer::Transition(done) => done.commands[0].delay,
        other => panic!("{other:?}"),
    }
}

#[test]
fn delays_of_many_workflows_spread_and_each_stays_the_same() {
    let slow = Retries::all(RetryPolicy {
        attempts: 3,
        first_delay: Duration::from_secs(40),
        longest_delay: Duration::from_secs(30),
    });
    let delays: Vec<u64> = (0..300)
        .map(|number| delay(number, slow.clone()).as_secs())
        .collect();
    let different: BTreeSet<&u64> = delays.iter().collect();
    assert_eq!(different.len(), 30, "full jitter, up to the longest delay");
    assert_eq!(
        (*different.first().unwrap(), *different.last().unwrap()),
        (&1, &30)
    );
    for (number, seconds) in (0..300).zip(&delays) {
        assert_eq!(delay(number, slow.clone()).as_secs(), *seconds);
    }
    let none = Retries::all(RetryPolicy {
        first_delay: Duration::ZERO,
        ..RetryPolicy::default()
    });
    assert_eq!(delay(1, none), Duration::ZERO);
}

#[test]
fn a_step_of_a_flow_may_set_its_own_limits() {
    let own = flow(serde_json::json!({
        "flow": "own", "version": 1, "title": "Own limits",
        "steps": [
            {"step": "short", "agent": "a", "writes": "1.md", "retries": 0, "timeout_minutes": 5, "heartbeat_seconds": 40},
            {"step": "usual", "agent": "a", "writes": "2.md"},
        ],
        "result": "usual",
    }));
    let walk = Walk::of(own, rules(), policy(), None);
    assert_eq!(attempts_until_the_end(walk.clone()), 1);
    let seconds = |walk: &Walk| {
        walk.workflow
            .due_at(&walk.rules)
            .unwrap()
            .since(walk.now)
            .as_secs()
    };
    let mut busy = walk.clone().running();
    assert_eq!(seconds(&busy), 40, "to the next sign of life");
    while seconds(&busy) == 40 {
        busy = busy
            .wait(Duration::from_secs(30))
            .then(crate::walk::progress(attempt("short", 1)));
    }
    let ended = busy.silent();
    assert_eq!(crate::rules::failure(&ended.workflow).0, "step_timeout");
    let dispatched = walk.now.plus(Duration::from_secs(1));
    assert_eq!(ended.now.since(dispatched), Duration::from_secs(300));
    let usual = walk.succeeded();
    assert_eq!(seconds(&usual.clone().running()), 300);
    assert_eq!(attempts_until_the_end(usual), 2);
}

//! How often a failed step is tried again, and when.

use std::collections::BTreeSet;
use std::time::Duration;

use aegis_contracts::agent::Role;
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::view::Status;
use aegis_workflow::{Answer, RetryPolicy, Rules, StepRetries};

use crate::walk::{Walk, failed, policy};

fn under(step_retries: StepRetries) -> Walk {
    let rules = Rules {
        step_retries,
        ..Rules::default()
    };
    Walk::under(rules, policy(), None)
}

/// Attempts of the step under way until the workflow fails.
fn attempts_until_the_end(mut walk: Walk) -> u32 {
    let (role, first) = walk.current();
    let mut attempt = first;
    loop {
        walk = walk.then(failed(role, attempt, true));
        if walk.workflow.status() == Status::Failed {
            return attempt - first + 1;
        }
        attempt += 1;
    }
}

#[test]
fn each_step_has_a_policy_of_its_own() {
    let of = |attempts| RetryPolicy {
        attempts,
        ..RetryPolicy::default()
    };
    let walk = under(StepRetries {
        researcher: of(1),
        analyst: of(2),
        writer: of(4),
    });
    assert_eq!(attempts_until_the_end(walk.clone()), 1);
    let analyst = walk.succeeded_now();
    assert_eq!(attempts_until_the_end(analyst.clone()), 2);
    let asked = analyst.succeeded_now();
    let writer = asked.decided("ada", aegis_contracts::approval::DecisionKind::Approve, 0);
    assert_eq!(attempts_until_the_end(writer), 4);
    assert_eq!(attempts_until_the_end(under(StepRetries::default())), 3);
}

/// Delay of the second attempt of workflow number `number`.
fn delay(number: u32, retries: StepRetries) -> Duration {
    let mut walk = under(retries);
    walk.workflow.id = WorkflowId::derive("ada", &number.to_string());
    match walk.answer(failed(Role::Researcher, 1, true)) {
        Answer::Transition(done) => done.commands[0].delay,
        other => panic!("{other:?}"),
    }
}

#[test]
fn delays_of_many_workflows_spread_and_each_stays_the_same() {
    let slow = StepRetries::all(RetryPolicy {
        attempts: 3,
        first_delay: Duration::from_secs(40),
        longest_delay: Duration::from_secs(30),
    });
    let delays: Vec<u64> = (0..300)
        .map(|number| delay(number, slow).as_secs())
        .collect();
    let different: BTreeSet<&u64> = delays.iter().collect();
    assert_eq!(different.len(), 30, "full jitter, up to the longest delay");
    assert_eq!(
        (*different.first().unwrap(), *different.last().unwrap()),
        (&1, &30)
    );
    for (number, seconds) in (0..300).zip(&delays) {
        assert_eq!(delay(number, slow).as_secs(), *seconds);
    }
    let none = StepRetries::all(RetryPolicy {
        first_delay: Duration::ZERO,
        ..RetryPolicy::default()
    });
    assert_eq!(delay(1, none), Duration::ZERO);
}

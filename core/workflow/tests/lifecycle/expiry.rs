//! A workflow is not deleted while it lives, however slowly it lives.

use std::time::Duration;

use aegis_contracts::approval::{DecisionKind, OnTimeout};
use aegis_contracts::flow::AgentStep;
use aegis_contracts::problem::Code;
use aegis_contracts::time::Timestamp;
use aegis_workflow::{ApprovalPolicy, Ended, Input, Phase, Pinned, Rejection, Rules};
use proptest::prelude::*;

use crate::laws;
use crate::random::{Happening, any_flow, anyone, history};
use crate::walk::{Walk, policy, redrive, report, rules, search_again, succeeded, triage};

const DAY: Duration = Duration::from_secs(24 * 3600);

proptest! {
    /// With a sweep that comes in time, the state is never due after its expiry, not after a redrive either.
    #[test]
    fn a_live_workflow_is_due_before_it_expires(walk in anyone(), history in history()) {
        let mut walk = walk;
        let shorter = walk.rules.retention - DAY;
        walk.rules.retention = DAY;
        let expires_at = walk.workflow.expires_at.as_millis();
        let shorter = i64::try_from(shorter.as_millis()).unwrap();
        walk.workflow.expires_at = Timestamp::from_millis(expires_at - shorter);
        for (pause, happening) in history {
            let due = walk.workflow.due_at(&walk.rules);
            let soon = walk.now.plus(pause);
            let (now, input) = match due.filter(|due| *due <= soon) {
                Some(due) => (due.max(walk.now), Input::DeadlinePassed),
                None => (soon, happening.input(&Walk { now: soon, ..walk.clone() })),
            };
            walk.now = now;
            walk.workflow = laws::check(&walk, &input);
            if let Some(due) = walk.workflow.due_at(&walk.rules) {
                prop_assert!(due <= walk.workflow.expires_at, "{happening:?}: {:?}", walk.workflow);
            }
        }
    }
}

/// Every attempt but the last is lost at its last moment, and the last one just makes it.
fn work_slowly(mut walk: Walk) -> Walk {
    while let Some(work) = walk.workflow.work().first() {
        let limits = walk.workflow.limits(&walk.rules, &work.of.step);
        let last = work.retries + 1 == limits.retries.attempts;
        let together = walk.at_work();
        for of in &together {
            walk = walk.then(Input::Dispatched(of.clone()));
        }
        if last {
            walk = walk.wait(limits.timeout);
            for of in together {
                let done = succeeded(&walk.workflow, of);
                walk = walk.then(done);
            }
        } else {
            walk = walk.silent();
        }
    }
    walk
}

/// From its start to its end: at each approval as many change requests as there may be, each at the last moment.
fn live_slowly(mut walk: Walk) -> Walk {
    loop {
        walk = work_slowly(walk);
        let Phase::AwaitingApproval(asked) = &walk.workflow.phase else {
            return walk;
        };
        let (name, revision) = (asked.approval.clone(), asked.revision);
        let policy = walk.workflow.policy(&name);
        let again = asked.round < policy.max_revisions;
        let flow = &walk.workflow.flow;
        let search = flow
            .approvals()
            .any(|asked| asked.approval == name && asked.search_again.is_some());
        while !walk.escalated() {
            walk = walk.silent();
        }
        let deadline = Duration::from_secs(policy.timeout_seconds);
        let last_moment = walk.wait(deadline - Duration::from_millis(1));
        walk = match (again, search) {
            (false, _) => last_moment.decided("grace", DecisionKind::Approve, revision),
            (true, true) => last_moment.then(search_again("grace", revision)),
            (true, false) => last_moment.decided("grace", DecisionKind::RequestChanges, revision),
        };
    }
}

fn slowest(flow: Pinned) -> Walk {
    let escalating = ApprovalPolicy {
        on_timeout: OnTimeout::Escalate,
        max_revisions: 2,
        ..policy()
    };
    let slow = Rules {
        start_timeout: 10 * DAY,
        step_timeout: 10 * DAY,
        approval_reminder: DAY,
        capacity_timeout: Duration::ZERO,
        ..rules()
    };
    live_slowly(Walk::of(flow, slow, escalating, None))
}

fn check_slowest(flow: Pinned) {
    let walk = slowest(flow);
    assert_eq!(walk.workflow.phase, Phase::Ended(Ended::Completed));
    let left = walk.workflow.expires_at.since(walk.now);
    let spare = left.checked_sub(walk.rules.retention).unwrap();
    // Each attempt could have waited an hour to be picked up and a minute to be tried again. Nothing else is counted.
    let flow = &walk.workflow.flow;
    let turns = |step: &AgentStep| step.max.map_or(1, |max| max.div_ceil(step.at_once()));
    let attempts = flow
        .agent_steps()
        .map(|step| walk.workflow.attempts_of(&step.step) * turns(step));
    let attempts: u32 = attempts.sum();
    assert!(
        spare <= attempts * Duration::from_secs(3600 + 300),
        "{spare:?} for {attempts} attempts"
    );
}

#[test]
fn the_slowest_life_fits() {
    check_slowest(report());
    check_slowest(triage());
}

proptest! {
    #[test]
    fn the_slowest_life_of_any_flow_fits(flow in any_flow()) {
        check_slowest(flow);
    }
}

#[test]
fn a_redrive_that_could_outlive_its_history_is_refused() {
    let failed = Walk::begin().failed(false);
    let version = failed.workflow.version;
    let young = failed.clone().wait(rules().retention - DAY);
    assert!(matches!(
        Happening::Redriven(0).input(&young),
        Input::Redrive(_)
    ));
    let revived = young.then(redrive(version));
    assert!(revived.workflow.due_at(&revived.rules).is_some());
    let old = failed.wait(rules().retention + DAY);
    match old.rejection(redrive(version)) {
        Rejection::Illegal(why) => assert_eq!(why.code, Code::NearExpiry),
        other => panic!("{other:?}"),
    }
}

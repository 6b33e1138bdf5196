//! A workflow is not deleted while it lives, however slowly it lives.

use std::time::Duration;

use aegis_contracts::approval::{DecisionKind, OnTimeout};
use aegis_contracts::problem::Code;
use aegis_workflow::{ApprovalPolicy, Ended, Input, Phase, Rejection, Rules};
use proptest::prelude::*;

use crate::laws;
use crate::random::{Happening, anyone, history};
use crate::walk::{Walk, policy, redrive, rules};

const DAY: Duration = Duration::from_secs(24 * 3600);

proptest! {
    /// With a sweep that comes in time, the state is never due after its expiry, not after a redrive either.
    #[test]
    fn a_live_workflow_is_due_before_it_expires(walk in anyone(), history in history()) {
        let mut walk = walk;
        walk.rules.retention = DAY;
        walk.workflow.expires_at = Walk::under(walk.rules.clone(), walk.workflow.policy.clone(), None)
            .workflow
            .expires_at;
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
    while let Phase::Working(step) = &walk.workflow.phase {
        let last = step.retries + 1 == walk.rules.step_retries.of(step.role).attempts;
        let whole = walk.rules.step_timeout;
        walk = walk.dispatched();
        walk = if last {
            walk.wait(whole).succeeded_now()
        } else {
            walk.silent()
        };
    }
    walk
}

#[test]
fn the_slowest_life_fits() {
    let escalating = ApprovalPolicy {
        on_timeout: OnTimeout::Escalate,
        max_revisions: 2,
        ..policy()
    };
    let slow = Rules {
        start_timeout: 10 * DAY,
        step_timeout: 10 * DAY,
        approval_reminder: DAY,
        ..rules()
    };
    let mut walk = Walk::under(slow, escalating, None);
    for revision in 0..=2 {
        walk = work_slowly(walk).until_due();
        while !walk.escalated() {
            walk = walk.silent();
        }
        let deadline = Duration::from_secs(walk.workflow.policy.timeout_seconds);
        let last_moment = walk.wait(deadline - Duration::from_millis(1));
        walk = match revision {
            2 => last_moment.decided("grace", DecisionKind::Approve, revision),
            _ => last_moment.decided("grace", DecisionKind::RequestChanges, revision),
        };
    }
    let walk = work_slowly(walk);
    assert_eq!(walk.workflow.phase, Phase::Ended(Ended::Completed));
    let left = walk.workflow.expires_at.since(walk.now);
    assert!(left >= walk.rules.retention, "only {left:?} left");
}

#[test]
fn a_redrive_that_could_outlive_its_history_is_refused() {
    let failed = Walk::begin().failed(false);
    let version = failed.workflow.version;
    let young = failed.clone().wait(rules().retention - DAY);
    assert!(matches!(
        Happening::Redriven(0).input(&young),
        Input::Redrive { .. }
    ));
    let revived = young.then(redrive(version));
    assert!(revived.workflow.due_at(&revived.rules).is_some());
    let old = failed.wait(rules().retention + DAY);
    match old.rejection(redrive(version)) {
        Rejection::Illegal(why) => assert_eq!(why.code, Code::NearExpiry),
        other => panic!("{other:?}"),
    }
}
